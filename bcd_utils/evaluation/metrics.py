"""Scores of a classifier, as `metric_registry` declares them, and what is drawn and tabulated beside them.

Throughout, ``labels`` is int (n,) with values 0..k-1, ``probabilities`` is float (n, k) with rows that
sum to 1, and ``classes`` holds the k class names in the order of the columns. The predicted class is the
most probable one; of equally probable classes, the first.

A score that this set of images cannot determine (the recall of a class that has no image, the AUC of a
class that has no image or no counterexample) is undefined: NaN in arrays, None in `score`, never 0.
A macro average over an undefined value is undefined; an average weighted by class frequency leaves out
the classes that have no image, because their weight is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.evaluation.counts import Predictions
from bcd_utils.evaluation.metric_registry import class_metrics, named

if TYPE_CHECKING:
    import pandas as pd

ROW_SUM_TOLERANCE = 1e-2  # half-precision softmax is off by up to 1e-3; logits are off by far more


def score(labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[str]) -> dict[str, float | None]:
    """Every score of one set of predictions, under the names that the reports use.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes, 0..k-1.
    probabilities : array_like of float, shape (n, k)
        Class probabilities in [0, 1]; rows sum to 1.
    classes : sequence of str, length k
        Class names in the order of the columns.

    Returns
    -------
    dict of str to float or None
        The metrics of `metric_registry`, among them ``loss`` (categorical cross-entropy, 0..16.1),
        ``accuracy``, ``f1_macro`` (0..1), ``kappa`` (Cohen 1960, -1..1), ``mcc`` (Gorodkin 2004, -1..1),
        ``roc_auc`` (mean of the one-vs-rest AUCs), ``roc_auc_weighted`` (their mean weighted by class
        frequency), and for each class ``roc_auc_<class>``, ``sensitivity_<class>``, ``specificity_<class>``
        (0..1). None where undefined. The values are plain floats and fit JSON.

    Raises
    ------
    ValueError
        If a shape, a label or a probability is not as described.

    Notes
    -----
    The one-vs-rest averages follow Provost and Domingos (2000) and Fawcett (2006). They are not the
    pairwise (one-vs-one) measure M of Hand and Till (2001).

    Examples
    --------
    >>> scores = score([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["benign", "malignant"])
    >>> round(scores["accuracy"], 3), scores["sensitivity_malignant"], scores["roc_auc"]
    (0.667, 0.5, 1.0)
    >>> score([1], [[0.2, 0.8]], ["benign", "malignant"])["roc_auc"] is None
    True
    """
    return scores_of(Predictions(*checked_predictions(labels, probabilities, classes)), classes)


def scores_of(given: Predictions, classes: Sequence[str]) -> dict[str, float | None]:
    """What `score` returns, of predictions that are known to be sound."""
    values = {name: metric.value(given) for name, metric in named(classes).items()}
    return {name: None if np.isnan(value) else float(value) for name, value in values.items()}


def confusion(
    labels: ArrayLike, probabilities_or_predictions: ArrayLike, classes: Sequence[str]
) -> np.ndarray:
    """Confusion matrix: rows are the true classes, columns the predicted ones.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes, 0..k-1.
    probabilities_or_predictions : array_like, float of shape (n, k) or int of shape (n,)
        Class probabilities, or the predicted classes.
    classes : sequence of str, length k
        Class names.

    Returns
    -------
    ndarray of int, shape (k, k)

    Raises
    ------
    ValueError
        If a shape, a label, a prediction or a probability is not as described.

    Examples
    --------
    >>> confusion([0, 1, 1], [0, 1, 0], ["benign", "malignant"]).tolist()
    [[1, 0], [1, 1]]
    """
    from sklearn.metrics import confusion_matrix

    given = np.asarray(probabilities_or_predictions)
    if given.ndim == 1:
        labels = _checked_labels("labels", labels, len(classes))
        predictions = _checked_labels("predictions", given, len(classes))
        if labels.shape != predictions.shape:
            raise ValueError(f"there are {len(labels)} labels but {len(predictions)} predictions")
    else:
        labels, probabilities = checked_predictions(labels, given, classes)
        predictions = probabilities.argmax(axis=1)
    return confusion_matrix(labels, predictions, labels=np.arange(len(classes)))


def per_class_table(labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[str]) -> pd.DataFrame:
    """One row for each class: how many images it has and how well it is recognised.

    Parameters
    ----------
    labels, probabilities, classes
        As in `score`.

    Returns
    -------
    pandas.DataFrame
        Index ``class``; columns ``images`` (int) and the metrics of single classes in `metric_registry`, such
        as ``sensitivity`` (float, one-vs-rest; NaN where undefined).

    Raises
    ------
    ValueError
        As in `score`.

    Examples
    --------
    >>> table = per_class_table([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["benign", "malignant"])
    >>> table.loc["malignant", ["images", "precision", "sensitivity"]].tolist()
    [2.0, 1.0, 0.5]
    """
    import pandas as pd

    labels, probabilities = checked_predictions(labels, probabilities, classes)
    given = Predictions(labels, probabilities)
    columns = {"images": given.actual.astype(int)}
    columns |= {metric.name: metric.compute(given) for metric in class_metrics()}
    return pd.DataFrame(columns, index=pd.Index(classes, name="class"))


def roc_curves(
    labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """One-vs-rest ROC curve of each class, with a point for every distinct probability.

    Parameters
    ----------
    labels, probabilities, classes
        As in `score`.

    Returns
    -------
    dict of str to pandas.DataFrame
        For each class, columns ``false_positive_rate``, ``true_positive_rate`` (0..1, both rising) and
        ``threshold`` (falling; the first, at which no image is called positive, is infinite). A class
        whose curve is undefined is left out.

    Raises
    ------
    ValueError
        As in `score`.

    Examples
    --------
    >>> curves = roc_curves([0, 1], [[0.9, 0.1], [0.2, 0.8]], ["benign", "malignant"])
    >>> curves["malignant"]["true_positive_rate"].tolist()
    [0.0, 1.0, 1.0]
    """
    import pandas as pd
    from sklearn.metrics import roc_curve

    labels, probabilities = checked_predictions(labels, probabilities, classes)
    curves = {}
    for index, name in enumerate(classes):
        positive = labels == index
        if positive.any() and not positive.all():
            points = roc_curve(positive, probabilities[:, index], drop_intermediate=False)
            columns = ("false_positive_rate", "true_positive_rate", "threshold")
            curves[name] = pd.DataFrame(dict(zip(columns, points, strict=True)))
    return curves


def mean_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of the one-vs-rest areas under the ROC curve, over the classes for which there is one.

    For ranking: 0.5, which speaks for nobody, where it is undefined for every class.

    Examples
    --------
    >>> mean_auc(np.array([0, 1, 1]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.1, 0.9, 0.0]]))
    1.0
    """
    areas = Predictions(labels, probabilities).areas
    return float(np.nanmean(areas)) if np.isfinite(areas).any() else 0.5


def checked_predictions(
    labels: ArrayLike, probabilities: ArrayLike, classes: Sequence[Any]
) -> tuple[np.ndarray, np.ndarray]:
    """The inputs as int (n,) and float64 (n, k), or a ValueError that says what is wrong."""
    labels = _checked_labels("labels", labels, len(classes))
    probabilities = np.asarray(probabilities, dtype=float)
    expected = (len(labels), len(classes))
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise ValueError(f"classes must be two or more different names, not {list(classes)}")
    if probabilities.shape != expected:
        problem = f"probabilities must have shape (labels, classes) = {expected}"
        raise ValueError(f"{problem}, not {probabilities.shape}")
    if not np.isfinite(probabilities).all():
        rows = np.flatnonzero(~np.isfinite(probabilities).all(axis=1))
        raise ValueError(f"probabilities must be finite; {len(rows)} rows are not, first row {rows[0]}")
    if probabilities.min() < 0 or abs(probabilities.sum(axis=1) - 1).max() > ROW_SUM_TOLERANCE:
        raise ValueError("probabilities must lie in [0, 1] and each row must sum to 1; are these logits?")
    return labels, probabilities


def checked_scores(positive: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The inputs as bool and float64 (n,), or a ValueError that says what is wrong."""
    positive, scores = np.asarray(positive, dtype=bool), np.asarray(scores, dtype=float)
    if positive.ndim != 1 or positive.shape != scores.shape:
        shapes = f"{positive.shape} and {scores.shape}"
        raise ValueError(f"positive and scores must have the same shape (n,), not {shapes}")
    if not np.isfinite(scores).all():
        raise ValueError(f"scores must be finite; {(~np.isfinite(scores)).sum()} are not")
    return positive, scores


def _checked_labels(name: str, values: ArrayLike, count: int) -> np.ndarray:
    """``values`` as a non-empty int array (n,) within 0..count-1, or a ValueError."""
    values = np.asarray(values)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{name} must have shape (n,) with n >= 1, not {values.shape}")
    if not np.issubdtype(values.dtype, np.integer):
        raise ValueError(f"{name} must be integers, not {values.dtype}")
    if values.min() < 0 or values.max() >= count:
        raise ValueError(f"{name} must lie in 0..{count - 1}, not {values.min()}..{values.max()}")
    return values.astype(int)  # sums of small types would overflow
