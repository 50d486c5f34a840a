"""How candidates did on the images that they were tested on, each image once, with intervals over folds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.metric_registry import main_metrics
from bcd_utils.evaluation.metrics import mean_auc
from bcd_utils.evaluation.paired_tests import delong_test, holm_adjusted, mcnemar_test
from bcd_utils.evaluation.score_differences import difference
from bcd_utils.study.settings import Study
from bcd_utils.utils.parallel import Result


def out_of_fold(results: Sequence[Result], folds: Sequence[pd.Series]) -> np.ndarray:
    """Each image's probabilities from the model that was not shown its group, float (n, k); NaN where untested.

    They have the seven decimals that tables of predictions have: scores follow from these to the last digit.
    """
    predicted = np.full(results[0]["probabilities"].shape, np.nan)
    for result, split in zip(results, folds, strict=True):
        tested = (split == "test").to_numpy()
        predicted[tested] = result["probabilities"][tested]
    return predicted.round(7)


def score_on(
    probabilities: np.ndarray,
    labels: np.ndarray,
    groups: pd.Series,
    classes: Sequence[str],
    study: Study,
    folds: Sequence[pd.Series] = (),
) -> Scored:
    """Score the images that a candidate was tested on.

    Parameters
    ----------
    probabilities : ndarray of float, shape (n, k)
        NaN rows are left out.
    labels : ndarray of int, shape (n,)
    groups : pandas.Series of str, shape (n,)
        Vary whole.
    folds : sequence of pandas.Series of str
        The set of each image in each fold, where the probabilities are out of fold.
    """
    tested = np.isfinite(probabilities).all(axis=1)
    rows = [np.flatnonzero((split == "test").to_numpy()[tested]) for split in folds]
    given = labels[tested], probabilities[tested], classes, groups[tested].to_numpy()
    return Scored.of(*given, study.bootstrap_samples, study.seed, rows)


def shown_metrics(positive: str) -> dict[str, str]:
    """Metrics of the comparison and how tables call them: of all classes and, where it adds something, of one.

    Examples
    --------
    >>> list(shown_metrics("malignant"))[-2:]
    ['sensitivity_malignant', 'specificity_malignant']
    """
    overall = main_metrics()
    return overall | {
        f"{name}_{positive}": f"{positive} {title}"
        for name, title in main_metrics(per_class=True).items()
        if name not in overall
    }


def score_table(scored: Mapping[str, Scored], metrics: Sequence[str], confidence: float) -> pd.DataFrame:
    """One row a candidate: each metric, with ``<metric>_low`` and ``<metric>_high``."""
    rows = {name: candidate.row(metrics, confidence) for name, candidate in scored.items()}
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def paired_tests(
    probabilities: Mapping[str, np.ndarray], labels: np.ndarray, classes: Sequence[str], positive: str
) -> pd.DataFrame:
    """Each further model against the first, on the same images.

    Parameters
    ----------
    probabilities : mapping of name to ndarray of float, shape (n, k)
        Of the same n images; the first is compared with all others.
    labels : ndarray of int, shape (n,)
    classes : sequence of str, length k
    positive : str
        The class whose areas are compared.

    Returns
    -------
    pandas.DataFrame
        Index: the others. Columns ``only_first_right``, ``only_this_right`` (images), ``mcnemar_p``, and
        ``auc_difference`` (of ``positive`` against the rest) with ``delong_p``. The p-values of a column are
        Holm-adjusted; NaN where undefined.
    """
    (_, first), *others = probabilities.items()
    place = classes.index(positive)
    rows = {}
    for name, other in others:
        errors = mcnemar_test(labels, first.argmax(axis=1), other.argmax(axis=1))
        areas = delong_test(labels == place, other[:, place], first[:, place])
        (_, only_first), (only_other, _) = errors["table"]
        rows[name] = {"only_first_right": only_first, "only_this_right": only_other, "mcnemar_p": errors["p"]}
        rows[name] |= {"auc_difference": areas["difference"], "delong_p": areas["p"]}
    table = pd.DataFrame.from_dict(rows, orient="index")
    for column in ("mcnemar_p", "delong_p"):
        adjusted = holm_adjusted({name: row[column] for name, row in rows.items()})
        table[column] = pd.Series(adjusted, dtype=float)
    return table


def paired_table(
    scored: Mapping[str, Scored],
    reference: str,
    labels: np.ndarray,
    classes: Sequence[str],
    positive: str,
    confidence: float,
) -> pd.DataFrame:
    """Every other candidate against one, image by image.

    Parameters
    ----------
    scored : mapping of name to Scored
        All tested on the same images.
    positive : str
        The class whose areas are compared.

    Returns
    -------
    pandas.DataFrame
        Index: the others. ``accuracy_difference`` (this minus the reference) with ``_low`` and ``_high``, see
        `score_differences.difference`; ``only_reference_right``, ``only_this_right`` (images) with ``mcnemar_p``;
        ``auc_difference`` (``positive`` against the rest) with ``delong_p``. The p-values of a column are
        Holm-adjusted, and take images for independent, which copies of a lesion are not; the intervals are not adjusted
        for their number.
    """
    others = [name for name in scored if name != reference]
    given = {name: scored[name].probabilities for name in (reference, *others)}
    tests = paired_tests(given, labels, classes, positive)
    rows = {name: difference(scored[name], scored[reference], "accuracy", confidence) for name in others}
    gaps = pd.DataFrame.from_dict(rows, orient="index").add_prefix("accuracy_difference_")
    table = gaps.join(tests.rename(columns={"only_first_right": "only_reference_right"}))
    return table.rename(columns={"accuracy_difference_value": "accuracy_difference"})


def _of_set(
    results: Sequence[Result], folds: Sequence[pd.Series], labels: np.ndarray, name: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Labels and probabilities of the images of one set that were predicted, of each fold."""
    for result, split in zip(results, folds, strict=True):
        rows = (split == name).to_numpy() & np.isfinite(result["probabilities"]).all(axis=1)
        yield labels[rows], result["probabilities"][rows]


def validation_auc(results: Sequence[Result], folds: Sequence[pd.Series], labels: np.ndarray) -> float:
    """Mean over folds of `metrics.mean_auc` on the validation images: what choices among candidates are made by.

    Not their cross-entropy: some candidates are calibrated on these images, which flatters it and leaves the order
    of their predictions almost as it was.
    """
    return float(np.mean([mean_auc(*given) for given in _of_set(results, folds, labels, "validation")]))


def training_accuracy(results: Sequence[Result], folds: Sequence[pd.Series], labels: np.ndarray) -> float:
    """Mean accuracy on the images that were learned from, over folds."""
    given = _of_set(results, folds, labels, "train")
    return float(np.mean([(probabilities.argmax(axis=1) == true).mean() for true, probabilities in given]))
