"""What fits one test set of a published row, under each reading of its scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bcd_utils.evaluation.counts import Counts
from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.matrices import Finding, examine, found_and_false
from bcd_utils.experiments.paper_forensics.search import TooManyError, fitting_of_all
from bcd_utils.experiments.published_results.rows import Row

MOST_TRIED = 20_000_000  # matrices of test sets of one size together; above, what linear constraints leave
FEW = 4  # test sets that are bounded by linear constraints, each of them some seconds


@dataclass(frozen=True)
class Fit:
    """One test set, under one reading of the scores, that has them.

    Attributes
    ----------
    counts : dict of class to int
    how : str
        How the test set comes about.
    drawn : bool
        Whether its class counts come from a random draw.
    copied : bool
        Whether it is one of a data set whose classes were made equal by copies.
    reading, average, rounding : str
        How F1 and the like were averaged; how scores were averaged over folds or models; how digits were rounded.
    matrices : int or None
        How many fit; None where not all could be tried, and linear constraints exclude nothing.
    cells : list of list of [int, int]
        Fewest and most images in each cell over the matrices that fit; empty where they were not enumerated.
    classes : dict of class to [float, float, float, float]
        Lowest and highest recall, lowest and highest precision.
    accuracy : [float, float]
        Lowest and highest.
    """

    counts: dict[str, int]
    how: str
    drawn: bool
    copied: bool
    reading: str
    average: str
    rounding: str
    matrices: int | None
    cells: list
    classes: dict[str, list[float]]
    accuracy: list[float]


def reported_of(
    row: Row,
    counts: Mapping[str, int],
    rounding: str,
    scores: Mapping[str, str] | None = None,
    source: str = "",
) -> Reported:
    """What a row, or other scores in its place, says of a test set with these class counts."""
    return Reported(
        {"test": dict(scores or row.scores)},
        source=source,
        class_counts={"test": dict(counts)},
        folds=row.folds,
        fold_average=row.fold_average,
        models=row.models,
        rounding=rounding,  # type: ignore[arg-type]
    )


def readings_of(classes: Iterable[str], scores: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The scores under each reading of those whose averaging is not stated."""
    counts = dict.fromkeys(classes, 1)
    return Reported({"test": dict(scores)}, class_counts={"test": counts}).readings("test")


def examined(
    row: Row, task: Sequence[str], counts: Sequence[tuple[int, ...]], scores: Mapping[str, str], rounding: str
) -> Iterator[Finding | int]:
    """What is found of test sets with these class counts; a number of them, where they have too many matrices to try.

    Those of one size, of which each image was tested once, are searched at once; see `search.fitting_of_all`.

    Parameters
    ----------
    task : sequence of str
        The classes.
    counts : sequence of tuple of int
    scores : mapping of str to str
        Those of the row, or others on the same test images.
    """
    if row.folds or row.models or "accuracy" not in scores:
        for each in counts:
            yield from examine(
                reported_of(row, dict(zip(task, each, strict=True)), rounding, scores), MOST_TRIED
            )
        return
    for size in sorted({sum(each) for each in counts}):
        table = np.array([each for each in counts if sum(each) == size])
        for reading, texts in readings_of(task, scores).items():
            try:
                found = fitting_of_all(task, table, texts, rounding, MOST_TRIED)
            except TooManyError:
                if len(table) > FEW:
                    yield len(table)
                    continue
                for each in table.tolist():
                    asked = reported_of(row, dict(zip(task, each, strict=True)), rounding, texts)
                    yield from examine(asked, MOST_TRIED)
                continue
            for index, matrices in found.items():
                given = dict(zip(task, table[index].tolist(), strict=True))
                yield Finding("test", reading, given, 0, matrices, texts)


def fit_of(finding: Finding, how: str, drawn: bool, copied: bool, rounding: str) -> Fit:
    """What a finding says, as plain values."""
    images = np.array(list(finding.counts.values()))
    if finding.limits is None:
        given = Counts(finding.matrices)
        cells = np.stack([finding.matrices.min(axis=0), finding.matrices.max(axis=0)], axis=-1).tolist()
        recall, precision, right = (
            _span(each) for each in (given.recall, given.precision, given.hits.sum(axis=1))
        )
    else:
        table = found_and_false(finding)
        images = table["images"].to_numpy()  # of all models, where each was tested on all
        found, false = (table[[f"{name}_low", f"{name}_high"]].to_numpy(float) for name in ("found", "false"))
        called = np.stack([found[:, 0] + false[:, 1], found[:, 1] + false[:, 0]], axis=1)
        precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
        cells, recall, right = [], found / images[:, None], found.sum(axis=0)
    both = np.concatenate([recall, precision], axis=1)
    return Fit(
        finding.counts, how, drawn, copied, finding.f1, finding.folds, rounding,
        None if finding.limits else len(finding.matrices), cells,
        {label: [round(value, 6) for value in row] for label, row in zip(finding.counts, both.tolist(), strict=True)},
        [round(float(value / images.sum()), 6) for value in right],
    )  # fmt: skip


def _span(values: np.ndarray) -> np.ndarray:
    """Lowest and highest over matrices; float (..., 2)."""
    return np.stack([values.min(axis=0), values.max(axis=0)], axis=-1)
