"""The scores that publications print, under all their names, and what each says of a confusion matrix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bcd_utils.evaluation.counts import Counts, ratio, weighted_mean
from bcd_utils.evaluation.metric_registry import METRICS, Metric, Named, class_metrics, named
from bcd_utils.utils.errors import nearest

#: How publications average the scores of single classes.
AVERAGES: dict[str, Callable[[np.ndarray, Counts], np.ndarray]] = {
    "macro": lambda values, given: values.mean(axis=-1),
    "weighted": lambda values, given: weighted_mean(values, given.actual),
}
AREAS = ("roc_auc", "roc_auc_weighted")
JACCARD = Metric(
    "jaccard",
    "Jaccard index",
    lambda given: ratio(given.hits, given.actual + given.predicted - given.hits),
    per_class=True,
    other_names=("iou",),
)


def of_classes() -> dict[str, Metric]:
    """Scores of single classes that the matrix determines, under every name.

    Printed without a class or an average, the averaging is not stated.

    Examples
    --------
    >>> list(of_classes())
    ['sensitivity', 'recall', 'specificity', 'precision', 'f1', 'jaccard', 'iou']
    """
    metrics = [*class_metrics(determined=True), JACCARD]
    return {name: metric for metric in metrics for name in (metric.name, *metric.other_names)}


def printed(classes: Sequence[str]) -> dict[str, Named]:
    """Every score that a publication may print of a set, under every name, averages of class scores among them.

    Examples
    --------
    >>> scores = printed(["ill", "well"])
    >>> matrix = Counts([[3, 2], [0, 7]])
    >>> [round(float(scores[name].value(matrix)), 3) for name in ("jaccard_ill", "iou_macro", "precision_weighted")]
    [0.6, 0.689, 0.87]
    """
    values = named(classes, other_names=True)
    for name, metric in of_classes().items():
        values |= {f"{name}_{label}": Named(metric, column) for column, label in enumerate(classes)}
        for average in AVERAGES:
            values[f"{name}_{average}"] = Named(_averaged(metric, average), None)
    return values | {
        name.removeprefix("roc_"): score for name, score in values.items() if name.startswith("roc_auc")
    }


def _averaged(metric: Metric, average: str) -> Metric:
    def compute(given: Counts) -> np.ndarray:
        return AVERAGES[average](metric.compute(given), given)

    return replace(metric, name=f"{metric.name}_{average}", compute=compute, per_class=False, other_names=())


class Ends(NamedTuple):
    """Lowest and highest value that a score can have beside each matrix: the same where the matrix determines it."""

    low: np.ndarray
    high: np.ndarray


def constrains(score: Named, classes: Sequence[str]) -> bool:
    """Whether a score says anything of the matrix: it determines it, or it is the AUC of two classes."""
    return score.metric.needs == "matrix" or (len(classes) == 2 and score.metric.name in AREAS)


def ends(score: Named, given: Counts) -> Ends:
    """What a score that `constrains` can be beside each matrix.

    The ROC curve of two classes that are told apart at one threshold passes through (1 - specificity, sensitivity) and
    rises; the area under it lies between those of the two step curves through that point:
    TP TN / (P N) <= AUC <= 1 - FN FP / (P N).

    Parameters
    ----------
    score : Named
    given : Counts, matrices (..., k, k)

    Returns
    -------
    Ends of float, shape (...)

    Examples
    --------
    >>> [round(float(end), 3) for end in ends(printed(["ill", "well"])["roc_auc"], Counts([[3, 2], [1, 7]]))]
    [0.525, 0.95]
    """
    if score.metric.needs == "matrix":
        value = score.value(given)
        return Ends(value, value)
    return Ends(given.recall.prod(axis=-1), 1 - (1 - given.recall).prod(axis=-1))


def instead_of(key: str, classes: Sequence[str]) -> str:
    """How to mend the name of a score that is not known for these classes.

    A name that begins as a score does is that score's, of another class: no other score is proposed for it.

    Examples
    --------
    >>> instead_of("sensitivity_malignant", ["ill", "well"])
    "there is no class 'malignant' here: write sensitivity_ill, sensitivity_well, sensitivity_macro, ..."
    >>> instead_of("acuracy", ["ill", "well"]).partition("?")[0]
    "did you mean 'accuracy'"
    """
    per_class = dict.fromkeys(
        [*of_classes(), *(metric.name for metric in METRICS if metric.per_class), "auc"]
    )
    known = [*printed(classes), *of_classes()]
    for name in sorted(per_class, key=len, reverse=True):
        if key.startswith(f"{name}_"):
            own = [other for other in known if other.startswith(f"{name}_")]
            near = nearest(key, own, 0.9)
            if near:
                return f"did you mean '{near}'?"
            label = key.removeprefix(f"{name}_")
            return f"there is no class {label!r} here: write {', '.join(own[:3])}, ..."
    near = nearest(key, known)
    hint = f"did you mean '{near}'? " if near else ""
    sets = [metric.name for metric in METRICS if not metric.per_class]
    return (
        f"{hint}allowed are {', '.join(sets)}, and {', '.join(per_class)}, each alone (averaging not stated) "
        f"or followed by _CLASS, {' or '.join(f'_{average}' for average in AVERAGES)}"
    )
