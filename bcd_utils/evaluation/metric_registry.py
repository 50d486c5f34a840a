"""Every metric, declared once: `METRICS`. One more entry there, and it is evaluated, reported and accepted.

It then stands in ``evaluation.json`` with its interval, in the tables and figures, on the index page, in the
checklists and the model card, in the terminal and in the comparison of models; and where a confusion matrix
determines it, `bcd forensics` accepts it as reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from bcd_utils.evaluation.counts import Counts, ratio, weighted_mean

WILSON: Final = "Wilson"
DELONG: Final = "DeLong"
BCA: Final = "BCa bootstrap"


@dataclass(frozen=True)
class Metric:
    """One way to score predictions.

    Attributes
    ----------
    name : str
        As files have it; of a metric per class, ``<name>_<class>`` is the key of each class.
    title : str
        As tables show it.
    compute : callable
        `counts.Counts` (or `counts.Predictions`) to ndarray of float, shape (...) or, per class, (..., k) for
        matrices (..., k, k); NaN where undefined.
    needs : {"matrix", "probabilities"}
        "matrix": the confusion matrix determines it, so ``compute`` is content with `counts.Counts`.
    per_class : bool
        Whether each class has a value of its own, against the rest.
    main : bool
        Whether pages, figures and the comparison show it, or only the full tables.
    in_paper : bool
        Whether the paper's table prints it.
    higher_is_better : bool
    lowest, highest : float
        Its range.
    interval : {"Wilson", "DeLong", "BCa bootstrap"}
        How its interval is made; see `intervals.Scored.interval`. Wilson's is for shares of images, DeLong's for areas
        under the ROC curve.
    among : callable
        Of a share of each class: which images are of the class, and which are called so, bool (n,) each, to which it
        is a share of and which of them count.
    weighted : bool
        Whether a mean over classes weighs them by their images.
    other_names : tuple of str
        What publications also call it.
    """

    name: str
    title: str
    compute: Callable[[Any], np.ndarray]  # of what it `needs`
    needs: Literal["matrix", "probabilities"] = "matrix"
    per_class: bool = False
    main: bool = True
    in_paper: bool = False
    higher_is_better: bool = True
    lowest: float = 0.0
    highest: float = 1.0
    interval: Literal["Wilson", "DeLong", "BCa bootstrap"] = BCA
    among: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]] = lambda true, called: (
        true,
        called,
    )
    weighted: bool = False
    other_names: tuple[str, ...] = ()


def _kappa(counts: Counts) -> np.ndarray:
    agreement = counts.total * counts.hits.sum(axis=-1)
    chance = (counts.actual * counts.predicted).sum(axis=-1)
    return ratio(agreement - chance, counts.total**2 - chance)


def _matthews(counts: Counts) -> np.ndarray:
    """R_K of Gorodkin (2004); 0 if one class is always predicted, undefined if there is only one class."""
    covariance = counts.total * counts.hits.sum(axis=-1) - (counts.actual * counts.predicted).sum(axis=-1)
    sizes = counts.actual, counts.predicted
    actual, predicted = (counts.total**2 - (size**2).sum(axis=-1) for size in sizes)
    return ratio(covariance, np.sqrt(actual * np.where((predicted == 0) & (actual > 0), 1, predicted)))


#: In the order of tables and pages.
METRICS = [
    Metric("loss", "cross-entropy", lambda given: given.loss, "probabilities", main=False,
           higher_is_better=False, highest=np.inf),
    Metric("accuracy", "accuracy", lambda given: ratio(given.hits.sum(axis=-1), given.total), in_paper=True,
           interval=WILSON),
    Metric("f1_macro", "macro F1", lambda given: given.f1.mean(axis=-1), in_paper=True),
    Metric("f1_weighted", "weighted F1", lambda given: weighted_mean(given.f1, given.actual), main=False),
    Metric("precision_macro", "macro precision", lambda given: given.precision.mean(axis=-1), main=False),
    Metric("recall_macro", "balanced accuracy", lambda given: given.recall.mean(axis=-1), main=False,
           other_names=("balanced_accuracy",)),
    Metric("kappa", "Cohen’s kappa", _kappa, in_paper=True, lowest=-1),
    Metric("mcc", "Matthews correlation", _matthews, lowest=-1, other_names=("matthews",)),
    Metric("roc_auc", "ROC AUC", lambda given: given.areas.mean(axis=-1), "probabilities", in_paper=True,
           interval=DELONG),
    Metric("roc_auc_weighted", "weighted ROC AUC", lambda given: weighted_mean(given.areas, given.actual),
           "probabilities", main=False, interval=DELONG, weighted=True),
    Metric("sensitivity", "sensitivity", lambda given: given.recall, per_class=True, other_names=("recall",),
           interval=WILSON),
    Metric("specificity", "specificity", lambda given: given.specificity, per_class=True, interval=WILSON,
           among=lambda true, called: (~true, ~called)),
    Metric("precision", "precision", lambda given: given.precision, per_class=True, main=False, interval=WILSON,
           among=lambda true, called: (called, true)),
    Metric("f1", "F1", lambda given: given.f1, per_class=True, main=False),
    Metric("roc_auc", "ROC AUC", lambda given: given.areas, "probabilities", per_class=True, interval=DELONG),
]  # fmt: skip


class Named(NamedTuple):
    """A metric under the name of one value: of the set, or of one class."""

    metric: Metric
    column: int | None

    def value(self, given: Counts) -> np.ndarray:
        """Its value for each matrix, shape (...)."""
        values = np.asarray(self.metric.compute(given))
        return values if self.column is None else values[..., self.column]


def named(classes: Sequence[str], determined: bool = False, other_names: bool = False) -> dict[str, Named]:
    """Every value that a set of images has, under its name: what `metrics.score` returns.

    Parameters
    ----------
    classes : sequence of str
    determined : bool
        Only those that the confusion matrix determines.
    other_names : bool
        Also under the names that publications use.

    Examples
    --------
    >>> [name for name in named(["ill", "well"]) if name.startswith("sens")]
    ['sensitivity_ill', 'sensitivity_well']
    >>> named(["ill", "well"], other_names=True)["recall_well"].column
    1
    """
    values: dict[str, Named] = {}
    for metric in METRICS:
        if determined and metric.needs != "matrix":
            continue
        for name in (metric.name, *(metric.other_names if other_names else ())):
            if metric.per_class:
                values |= {f"{name}_{label}": Named(metric, column) for column, label in enumerate(classes)}
            else:
                values[name] = Named(metric, None)
    return values


def main_metrics(per_class: bool = False) -> dict[str, str]:
    """Names of the metrics that pages and figures show, and their titles: of a set, or of each class.

    Examples
    --------
    >>> list(main_metrics())
    ['accuracy', 'f1_macro', 'kappa', 'mcc', 'roc_auc']
    >>> main_metrics(per_class=True)["sensitivity"]
    'sensitivity'
    """
    return {metric.name: metric.title for metric in METRICS if metric.main and metric.per_class == per_class}


def paper_metrics() -> list[str]:
    """Names of the metrics that the paper's table prints."""
    return [metric.name for metric in METRICS if metric.in_paper]


def class_metrics(determined: bool = False) -> Iterator[Metric]:
    """The metrics of single classes; ``determined``: those that the confusion matrix determines."""
    return (metric for metric in METRICS if metric.per_class and (metric.needs == "matrix" or not determined))


def capital(title: str) -> str:
    """A title at the beginning of a line.

    Examples
    --------
    >>> capital("macro F1"), capital("ROC AUC")
    ('Macro F1', 'ROC AUC')
    """
    return title[:1].upper() + title[1:]
