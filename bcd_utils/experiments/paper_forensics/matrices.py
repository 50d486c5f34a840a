"""Which confusion matrices fit a table of rounded scores.

Class counts and a few rounded scores often leave one matrix, or a handful. Those that remain tell what a
publication does not: which classes were confused, and how its F1 was averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from bcd_utils.evaluation.counts import Counts
from bcd_utils.evaluation.metric_registry import METRICS, class_metrics
from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.limits import Limits, fold_limits, matrix_limits, stratified_folds
from bcd_utils.experiments.paper_forensics.search import (
    MOST_TRIED,
    TooManyError,
    count_matrices,
    fitting_matrices,
)

MEAN, POOLED = "mean of scores", "pooled counts"


@dataclass(frozen=True)
class Finding:
    """All matrices that fit one set's scores under one reading of them.

    Attributes
    ----------
    set : str
    f1 : str
        How F1, and other scores whose averaging is not stated, were read: "macro", "weighted", the name of a class, or
        "" where there is no F1.
    counts : dict of str to int
        Images of each true class.
    tried : float
        Matrices that were compared with the scores, or would have to be.
    matrices : ndarray of int32, shape (m, k, k)
        Rows are the true classes; m may be 0.
    scores : dict of str to str
        The scores under this reading.
    folds : {"", "mean of scores", "pooled counts"}
        How the average over folds was read.
    limits : Limits, optional
        Given where not every matrix could be tried: what is still known, in place of ``matrices``.
    """

    set: str
    f1: str
    counts: dict[str, int]
    tried: float
    matrices: np.ndarray
    scores: Mapping[str, str] = field(default_factory=dict)
    folds: str = ""
    limits: Limits | None = None

    @property
    def fits(self) -> bool:
        """Whether a matrix fits or, where not every one was tried, none is known not to."""
        return len(self.matrices) > 0 if self.limits is None else self.limits.possible


def examine(reported: Reported, most_tried: int = MOST_TRIED) -> list[Finding]:
    """Find every matrix that fits, for each set whose class counts are known and each reading of its scores.

    Where there are too many to try, or the scores are means over folds, what is still known is found instead.

    Parameters
    ----------
    reported : Reported
        See `reported.load_reported`.
    most_tried : int
        Matrices of one set that are tried at most.
    """
    stated: str = MEAN if reported.models else reported.fold_average
    several = reported.folds or reported.models
    averages = ("",) if not several else (MEAN, POOLED) if stated == "not stated" else (stated,)
    return [
        _find(Finding(name, f1, counts, 0, _none(counts), scores, average), reported, most_tried)
        for name, counts in reported.counts().items()
        for f1, scores in reported.readings(name).items()
        for average in averages
    ]


def _find(asked: Finding, reported: Reported, most_tried: int) -> Finding:
    given = asked.counts, asked.scores, reported.rounding
    if asked.folds == MEAN:
        models = [asked.counts] * (reported.models or 0)
        folds = models or stratified_folds(asked.counts, reported.folds or 1)
        return replace(asked, limits=fold_limits(folds, *given[1:]))
    asked = replace(asked, tried=count_matrices(*given))
    try:
        return replace(asked, matrices=fitting_matrices(*given, most_tried))
    except TooManyError:
        return replace(asked, limits=matrix_limits(*given))


def _none(counts: Mapping[str, int]) -> np.ndarray:
    return np.zeros((0, len(counts), len(counts)), np.int32)


def ranges(finding: Finding) -> pd.DataFrame:
    """Lowest and highest sensitivity, precision and the like of each class over all matching matrices.

    Returns
    -------
    pandas.DataFrame
        Index ``class``; columns ``images``, and ``<metric>_low`` and ``<metric>_high`` of each metric per
        class that the matrix determines (NaN where nothing fits or it is undefined).
    """
    given, columns = Counts(finding.matrices), {"images": list(finding.counts.values())}
    for metric in class_metrics(determined=True):
        values = metric.compute(given)
        columns[f"{metric.name}_low"] = values.min(axis=0, initial=np.inf)
        columns[f"{metric.name}_high"] = values.max(axis=0, initial=-np.inf)
    table = pd.DataFrame(columns, index=pd.Index(finding.counts, name="class"))
    return table.replace([np.inf, -np.inf], np.nan)


def set_values(finding: Finding) -> dict[str, np.ndarray]:
    """Each metric of a set that the matrix determines, for all matching matrices: float (m,)."""
    given = Counts(finding.matrices)
    return {
        metric.name: metric.compute(given)
        for metric in METRICS
        if metric.needs == "matrix" and not metric.per_class
    }


def found_and_false(finding: Finding) -> pd.DataFrame:
    """Images of each class that are called right, and others called so, over all matching matrices.

    Returns
    -------
    pandas.DataFrame
        Index ``class``; columns ``images``, ``found_low``, ``found_high``, ``false_low``, ``false_high``.
    """
    if finding.limits is not None:
        return finding.limits.table
    found = np.diagonal(finding.matrices, axis1=1, axis2=2)
    columns = {"images": list(finding.counts.values())}
    for name, values in (("found", found), ("false", finding.matrices.sum(axis=1) - found)):
        columns |= {f"{name}_low": values.min(axis=0), f"{name}_high": values.max(axis=0)}
    return pd.DataFrame(columns, index=pd.Index(finding.counts, name="class"))


def shared(finding: Finding) -> list[str]:
    """What holds in every matching matrix, as sentences; nothing where no matrix fits.

    Examples
    --------
    >>> finding = Finding("test", "", {"ill": 2, "well": 3}, 9, np.array([[[2, 0], [1, 2]], [[2, 0], [0, 3]]]))
    >>> shared(finding)
    ['ill: recall 1.00 in every matching matrix (2 of 2 found)',
     'well: precision 1.00 in every matching matrix (nothing else called well)',
     '2 of 4 cells are the same in every matching matrix']
    """
    if not finding.fits:
        return []
    sentences = []
    for label, row in found_and_false(finding).iterrows():
        if row["found_low"] == (images := row["images"]):
            sentences.append(f"{label}: recall 1.00 in every matching matrix ({images} of {images} found)")
        if row["false_high"] == 0 < row["found_low"]:
            nothing = f"nothing else called {label}"
            sentences.append(f"{label}: precision 1.00 in every matching matrix ({nothing})")
    if finding.limits is not None:
        return sentences
    low, high = finding.matrices.min(axis=0), finding.matrices.max(axis=0)
    same = f"{(low == high).sum()} of {low.size} cells are the same in every matching matrix"
    return [*sentences, same]


def fitting_readings(findings: Sequence[Finding]) -> list[str]:
    """The readings of F1 under which a matrix fits in every set that reports F1, for one average over folds."""
    tried = dict.fromkeys(finding.f1 for finding in findings if finding.f1)
    return [f1 for f1 in tried if any(fitting_together(findings, f1))]


def fitting_together(findings: Sequence[Finding], f1: str) -> list[list[Finding]]:
    """The findings of one reading that fit in every set, one list for each average over folds.

    A set whose scores have one reading alone, without F1, goes with every reading.
    """
    chosen = [each for each in findings if each.f1 in (f1, "")]
    by_folds = [
        [each for each in chosen if each.folds == folds]
        for folds in dict.fromkeys(each.folds for each in chosen)
    ]
    return [each for each in by_folds if all(finding.fits for finding in each)]


def pooled(findings: Sequence[Finding]) -> pd.DataFrame:
    """`found_and_false`, summed over findings that fit, one for each of several sets that share no image."""
    return pd.concat(map(found_and_false, findings)).groupby(level="class", sort=False).sum()


def without_error(findings: Sequence[Finding]) -> list[str]:
    """Classes that are all found, and that nothing else is called, in every matching matrix of every set."""
    counts = pooled(findings)
    right = (counts["found_low"] == counts["images"]) & (counts["false_high"] == 0)
    return list(counts.index[right])


def matrix_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """All matching matrices, one a row.

    Returns
    -------
    pandas.DataFrame
        Columns ``set``, ``f1``, ``matrix`` (1, 2, ...), ``<true>_as_<predicted>`` (int) for each cell, and
        the metrics of a set that the matrix determines.
    """
    tables = [pd.DataFrame(columns=["set", "f1", "matrix"])] if not findings else []
    for finding in findings:
        classes, matrices = list(finding.counts), finding.matrices
        cells = [f"{true}_as_{predicted}" for true in classes for predicted in classes]
        table = pd.DataFrame(matrices.reshape(len(matrices), len(cells)), columns=cells)
        origin = {"set": finding.set, "f1": finding.f1, "matrix": np.arange(1, len(matrices) + 1)}
        tables.append(pd.DataFrame(origin).join(table).assign(**set_values(finding)))
    return pd.concat(tables, ignore_index=True)


def fits_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """How many matrices were tried and fit, a row for each set and reading of its scores."""
    rows = [(each.set, each.f1, each.folds, each.tried, _outcome(each)) for each in findings]
    table = pd.DataFrame(rows, columns=["set", "F1 as", "folds as", "matrices tried", "that fit"])
    if np.isfinite(table["matrices tried"]).all():
        table["matrices tried"] = table["matrices tried"].astype(int)
    return table if table["folds as"].any() else table.drop(columns="folds as")


def _outcome(finding: Finding) -> int | str:
    if finding.limits is None:
        return len(finding.matrices)
    return "not excluded" if finding.fits else "excluded"


def shared_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """The sentences of `shared`, each beside its set."""
    rows = [(each.set, sentence) for each in findings for sentence in shared(each)]
    return pd.DataFrame(rows, columns=["set", "in every matching matrix"])
