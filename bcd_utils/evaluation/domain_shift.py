"""How far images from elsewhere are from those that a model was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bcd_utils.evaluation.areas import area_interval, area_of
from bcd_utils.evaluation.means import UNKNOWN, Interval, mean_interval

FOLDS = 5
PENALTY = 0.01  # scikit-learn's C: strong, for there are more features than images
#: Column -> what readers see.
MEASURES = {
    "mean_grey": "mean grey level (0 to 255)",
    "sd_grey": "standard deviation of grey levels",
    "width": "width (pixels)",
    "height": "height (pixels)",
    "feature_distance": "distance to nearest training image (SD)",
}


def distance_to_nearest(features: ArrayLike, training: ArrayLike) -> np.ndarray:
    """Distance of each image to the training image that is most like it.

    Parameters
    ----------
    features : array_like of float, shape (n, c)
    training : array_like of float, shape (m, c)
        Features of the training images; those that never vary are left out.

    Returns
    -------
    ndarray of float, shape (n,)
        Root mean square difference over features, each in units of its standard deviation among the
        training images. Two training images drawn at random are about 1.4 apart.

    Examples
    --------
    >>> distance_to_nearest([[0.0, 5.0], [4.0, 5.0]], [[-1.0, 5.0], [1.0, 5.0]]).tolist()
    [1.0, 3.0]
    """
    from sklearn.neighbors import NearestNeighbors

    features, training = np.asarray(features, dtype=float), np.asarray(training, dtype=float)
    spread = training.std(axis=0)
    varies = spread > 0
    nearest = NearestNeighbors(n_neighbors=1).fit(training[:, varies] / spread[varies])
    distances = nearest.kneighbors(features[:, varies] / spread[varies])[0][:, 0]
    return distances / np.sqrt(max(varies.sum(), 1))


def domain_auc(
    internal: ArrayLike,
    external: ArrayLike,
    internal_groups: ArrayLike,
    external_groups: ArrayLike,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """How well a logistic regression tells from features where an image comes from, cross-validated.

    The classifier two-sample test of Lopez-Paz and Oquab (2017), with the AUC for its score. No group is
    in training and test at once.

    Parameters
    ----------
    internal, external : array_like of float, shapes (n, c) and (m, c)
        Features; images that the backbone was not trained on.
    internal_groups, external_groups : array_like, shapes (n,) and (m,)

    Returns
    -------
    dict
        ``value`` (0.5: the sources cannot be told apart; 1: they always can), ``low`` and ``high``; all None
        with fewer than two groups on a side.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    inside, outside = np.asarray(internal_groups), np.asarray(external_groups)
    folds = min(FOLDS, len(set(inside)), len(set(outside)))
    if folds < 2:
        return dict(UNKNOWN)
    features = np.concatenate([internal, external])
    is_external, groups = _sources_and_groups(inside, outside)
    regression = LogisticRegression(C=PENALTY, class_weight="balanced", max_iter=1000)
    model = make_pipeline(StandardScaler(), regression)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    options = {"groups": groups, "cv": splitter, "method": "decision_function"}
    scores = cross_val_predict(model, features, is_external, **options)

    return area_interval([area_of(is_external, scores, groups)], [1], confidence, groups)


def distance_auc(
    internal: ArrayLike,
    external: ArrayLike,
    internal_groups: ArrayLike,
    external_groups: ArrayLike,
    confidence: float = 0.95,
) -> Interval:
    """How well the distance to the nearest training image tells images from elsewhere: its AUROC.

    Nothing is fitted to the external images, unlike in `domain_auc`: it is what a reader has of a single new image.

    Parameters
    ----------
    internal, external : array_like of float, shapes (n,) and (m,)
        Distances, as `distance_to_nearest` gives them, of images that the model was not trained on.
    internal_groups, external_groups : array_like, shapes (n,) and (m,)
        Vary whole.

    Returns
    -------
    dict
        ``value`` (0.5: no nearer or farther; 1: each external image is farther than each internal one), ``low`` and
        ``high``; see `areas.area_interval`.

    Examples
    --------
    >>> distance_auc([0.1, 0.3], [0.2, 0.4], ["a", "b"], ["a", "b"])["value"]
    0.75
    """
    distances = np.concatenate([internal, external])
    is_external, groups = _sources_and_groups(np.asarray(internal_groups), np.asarray(external_groups))
    return area_interval([area_of(is_external, distances, groups)], [1], confidence, groups)


def _sources_and_groups(inside: np.ndarray, outside: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Which of all images are external, bool (n + m,), and their groups, of which none is in both sources."""
    groups = [f"internal {name}" for name in inside] + [f"external {name}" for name in outside]
    return np.arange(len(groups)) >= len(inside), groups


def measure_shift(table: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Mean of each measure among the images of each source, with intervals over groups.

    Parameters
    ----------
    table : pandas.DataFrame
        One row an image: ``source``, ``group`` and the `MEASURES`.

    Returns
    -------
    pandas.DataFrame of float
        Index: the measures; columns (source, "value"), (source, "low"), (source, "high"); NaN without interval.
    """
    columns: dict[tuple[Any, str], list[float | None]] = {}
    for source, rows in table.groupby("source", sort=False):
        means = [mean_interval(rows[measure], rows["group"], confidence) for measure in MEASURES]
        columns |= {(source, end): [mean[end] for mean in means] for end in ("value", "low", "high")}
    return pd.DataFrame(columns, index=list(MEASURES)).astype(float)
