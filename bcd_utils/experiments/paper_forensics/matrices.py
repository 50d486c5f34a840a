"""Which confusion matrices fit a table of rounded scores.

Class counts and a few rounded scores often leave one matrix, or a handful. Those that remain tell what a
publication does not: which classes were confused, and how its F1 was averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bcd_utils.evaluation.counts import Counts
from bcd_utils.evaluation.metric_registry import METRICS, class_metrics
from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.search import count_matrices, fitting_matrices, sums
from bcd_utils.utils.errors import StudyError

MOST_COUNTS = 1_000_000  # class counts of a set


@dataclass(frozen=True)
class Finding:
    """All matrices that fit one set's scores under one reading of its F1.

    Attributes
    ----------
    set : str
    f1 : str
        How F1 was read: "macro", "weighted", the name of a class, or "" where no F1 is reported.
    counts : dict of str to int
        Images of each true class.
    tried : int
        Matrices that were compared with the scores.
    matrices : ndarray of int32, shape (m, k, k)
        Rows are the true classes; m may be 0.
    """

    set: str
    f1: str
    counts: dict[str, int]
    tried: int
    matrices: np.ndarray


def examine(reported: Reported) -> list[Finding]:
    """Find every matrix that fits, for each set and each reading of its F1.

    Parameters
    ----------
    reported : Reported
        See `reported.load_reported`.

    Raises
    ------
    StudyError
        If the scores leave too many matrices to try or to keep.
    """
    findings = []
    for name, counts in reported.counts().items():
        for f1, scores in reported.readings(name).items():
            try:
                matrices = fitting_matrices(counts, scores, reported.rounding)
            except StudyError as error:
                raise StudyError(f"Set {name!r}: {error.problem}", error.fix) from None
            tried = int(count_matrices(counts, scores, reported.rounding))
            findings.append(Finding(name, f1, counts, tried, matrices))
    return findings


def fitting_counts(
    images: Mapping[str, int],
    size: int,
    reported: Mapping[str, str | float],
    rounding: str = "nearest",
    least_chance: float = 1e-6,
) -> pd.DataFrame:
    """Which class counts of a set leave a matching matrix, if its split was purely random.

    Shows how much a conclusion rests on assumed class counts.

    Parameters
    ----------
    images : mapping of class to int
        Images of the whole data set.
    size : int
        Images of the set.
    reported, rounding
        As in `search.fitting_matrices`.
    least_chance : float
        Class counts that a random split gives more rarely are left out.

    Returns
    -------
    pandas.DataFrame
        The likeliest first: a column of counts for each class, ``chance`` (of a random split, from the
        multivariate hypergeometric distribution), ``matrices`` (how many fit, >= 1) and ``perfect`` (the
        classes, joined by commas, with recall and precision 1 in all of them). ``attrs["tried"]`` is the
        number of class counts that were tried.

    Raises
    ------
    StudyError
        If there are too many class counts or matrices to try.

    Examples
    --------
    >>> table = fitting_counts({"ill": 10, "well": 30}, 4, {"accuracy": "0.75", "recall_ill": "1.0"})
    >>> table[["ill", "well", "matrices", "perfect"]].values.tolist()
    [[1, 3, 1, ''], [2, 2, 1, ''], [3, 1, 1, '']]
    """
    from scipy.stats import hypergeom, multivariate_hypergeom

    allowed = []
    for count in images.values():
        possible = np.arange(1, min(size, count) + 1)
        # A combination is never likelier than its rarest class count.
        chance = hypergeom.pmf(possible, sum(images.values()), count, size)
        allowed.append(possible[chance >= least_chance])
    if np.prod([len(possible) for possible in allowed[:-1]], dtype=float) > MOST_COUNTS:
        raise StudyError("There are too many class counts to try", "raise least_chance, or state the counts")
    combinations = sums(allowed, size)
    chances = multivariate_hypergeom.pmf(combinations, list(images.values()), size)
    likely = chances >= least_chance
    rows = []
    for combination, chance in zip(combinations[likely].tolist(), chances[likely], strict=True):
        counts = dict(zip(images, combination, strict=True))
        matrices = fitting_matrices(counts, reported, rounding)
        if len(matrices):
            low = np.diagonal(matrices, axis1=1, axis2=2).min(axis=0)
            most_called = matrices.sum(axis=1).max(axis=0)
            perfect = (low == combination) & (most_called == combination)
            names = ",".join(name for name, is_so in zip(images, perfect, strict=True) if is_so)
            rows.append(counts | {"chance": chance, "matrices": len(matrices), "perfect": names})
    table = pd.DataFrame(rows, columns=[*images, "chance", "matrices", "perfect"])
    table = table.sort_values("chance", ascending=False, ignore_index=True)
    table.attrs["tried"] = int(likely.sum())
    return table


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
    if not len(finding.matrices):
        return []
    low, high = finding.matrices.min(axis=0), finding.matrices.max(axis=0)
    sentences = []
    for index, (label, images) in enumerate(finding.counts.items()):
        if low[index, index] == images:
            sentences.append(f"{label}: recall 1.00 in every matching matrix ({images} of {images} found)")
        if high[:, index].sum() == high[index, index] and low[index, index] > 0:
            nothing = f"nothing else called {label}"
            sentences.append(f"{label}: precision 1.00 in every matching matrix ({nothing})")
    same = f"{(low == high).sum()} of {low.size} cells are the same in every matching matrix"
    return [*sentences, same]


def fitting_readings(findings: Sequence[Finding]) -> list[str]:
    """The readings of F1 under which at least one matrix fits in every set that reports F1."""
    tried = dict.fromkeys(finding.f1 for finding in findings if finding.f1)
    return [f1 for f1 in tried if all(len(each.matrices) for each in findings if each.f1 == f1)]


def pooled(findings: Sequence[Finding]) -> pd.DataFrame:
    """Found and falsely called images of each class, summed over sets that share no image.

    Parameters
    ----------
    findings : sequence of Finding
        One for each set, each with at least one matrix.

    Returns
    -------
    pandas.DataFrame
        Index ``class``; columns ``images``, ``found_low``, ``found_high``, ``false_low``, ``false_high``.
    """
    tables = []
    for finding in findings:
        found = np.diagonal(finding.matrices, axis1=1, axis2=2)
        columns = {"images": list(finding.counts.values())}
        for name, values in (("found", found), ("false", finding.matrices.sum(axis=1) - found)):
            columns |= {f"{name}_low": values.min(axis=0), f"{name}_high": values.max(axis=0)}
        tables.append(pd.DataFrame(columns, index=pd.Index(finding.counts, name="class")))
    return pd.concat(tables).groupby(level="class", sort=False).sum()


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
    tables = []
    for finding in findings:
        classes, matrices = list(finding.counts), finding.matrices
        cells = [f"{true}_as_{predicted}" for true in classes for predicted in classes]
        table = pd.DataFrame(matrices.reshape(len(matrices), len(cells)), columns=cells)
        origin = {"set": finding.set, "f1": finding.f1, "matrix": np.arange(1, len(matrices) + 1)}
        tables.append(pd.DataFrame(origin).join(table).assign(**set_values(finding)))
    return pd.concat(tables, ignore_index=True)


def fits_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """How many matrices were tried and fit, a row for each set and reading of its F1."""
    rows = [(each.set, each.f1, each.tried, len(each.matrices)) for each in findings]
    return pd.DataFrame(rows, columns=["set", "F1 as", "matrices tried", "that fit"])


def shared_table(findings: Sequence[Finding]) -> pd.DataFrame:
    """The sentences of `shared`, each beside its set."""
    rows = [(each.set, sentence) for each in findings for sentence in shared(each)]
    return pd.DataFrame(rows, columns=["set", "in every matching matrix"])


def counts_table(reported: Reported, labels: Sequence[str]) -> pd.DataFrame:
    """How many class counts of a random draw were tried and fit, F1 read as the macro average.

    Returns
    -------
    pandas.DataFrame
        Index: the sets; columns ``tried``, ``that fit`` and, for each label, ``<label> perfect``: the share, by
        chance, of the fitting counts in which every fitting matrix has all images of the class found and none
        falsely called.
    """
    rows: dict[str, dict[str, float]] = {}
    for name, size in reported.split.items():
        scores = reported.readings(name)["macro"]
        table = fitting_counts(reported.images, size, scores, reported.rounding)
        rows[name] = {"tried": table.attrs["tried"], "that fit": len(table)}
        for label in labels:
            perfect = [label in classes.split(",") for classes in table["perfect"]]
            rows[name][f"{label} perfect"] = table.loc[perfect, "chance"].sum() / table["chance"].sum()
    return pd.DataFrame.from_dict(rows, orient="index")
