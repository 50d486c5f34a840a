"""Each published row held against what is possible: which matrices, test sets, averages and roundings fit it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from bcd_utils.evaluation.counts import Counts
from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.joint import in_words
from bcd_utils.experiments.paper_forensics.matrices import MEAN, Finding, examine, found_and_false
from bcd_utils.experiments.paper_forensics.search import TooManyError, fitting_of_all
from bcd_utils.experiments.published_results.rows import Published, Row
from bcd_utils.experiments.published_results.test_sets import (
    Accuracies,
    Sets,
    balanced,
    drawn_sets,
    usual_sets,
)
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.parallel import Result, run_jobs
from bcd_utils.utils.words import counted, enumerated

FITS, ONLY_IF, NONE_FOUND, UNCHECKED = OUTCOMES = (
    "fits",
    "fits only if",
    "no matrix found under",
    "prints too little to be checked",
)
MOST_TRIED = 3_000_000  # matrices of one test set; above, what linear constraints leave
ROUNDED = {"nearest": "", "down": "digits were cut off", "up": "digits were rounded up"}
FEW = 4  # sizes or class counts that are named one by one


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


@dataclass(frozen=True)
class Check:
    """What was found of one row.

    Attributes
    ----------
    outcome : str
        One of `OUTCOMES`.
    says : str
        The conditions under which it fits, or what was tried in vain, or why nothing was.
    tried : int
        Test sets that were compared.
    fits : list of Fit
    sizes : str
        Sizes of a test set, up to all images, that allow the printed accuracies, rounded to the nearest; "" where no
        accuracy is printed.
    number_of_sizes : int or None
    further : dict of str to bool
        Whether each further set of scores fits one of the test sets that fit.
    """

    outcome: str
    says: str
    tried: int = 0
    fits: list[Fit] = field(default_factory=list)
    sizes: str = ""
    number_of_sizes: int | None = None
    further: dict[str, bool] = field(default_factory=dict)


def check_row(row: Row, published: Published) -> Check:
    """Look for every matrix behind a row, in the test set that it states or in those that it may have had.

    Where the test set is not stated, the usual ones are tried, then those that a random draw of the same sizes gives
    with a chance of at least `test_sets.LEAST_CHANCE`. Where none of the usual ones fits, the other roundings of the
    digits are tried, and the usual test sets of a data set whose classes were made equal by copies.

    Parameters
    ----------
    row : Row
    published : Published
        What it is a row of.
    """
    if row.images_unknown or not row.scores:
        return Check(UNCHECKED, row.images_unknown or "no score is printed as a number")
    stated = bool(row.test)
    search = _Search(row, published)
    if not stated and not search.accuracies.own:
        return Check(UNCHECKED, "neither an accuracy nor the class counts of the test set are printed")
    sizes: dict = {}
    if search.accuracies.own:
        most = max(sum(published.images_of(row, task).values()) for task in published.tasks_of(row))
        allowing = search.accuracies.sizes(most)
        sizes = {"sizes": in_words(allowing, 3), "number_of_sizes": len(allowing)}
    fits = search.all_of("nearest", drawn=False) + search.all_of("nearest", drawn=True)
    sure = [fit for fit in fits if fit.matrices is not None]
    if all(fit.drawn for fit in sure) and not (fits and search.mean_is_stated):
        others = search.all_of("down", drawn=False) + search.all_of("up", drawn=False)
        if not (stated or row.test_images):
            others += search.all_of("nearest", drawn=False, copied=True)
        fits += [fit for fit in others if fit.matrices is not None or not fits]
    if not fits:
        return Check(NONE_FOUND, search.tried_in_vain(), search.tried, [], **sizes)
    conditions = search.conditions(fits)
    outcome = ONLY_IF if conditions else FITS
    says = "; or ".join(conditions)
    return Check(outcome, says, search.tried, fits, **sizes, further=search.further(fits))


class _Search:
    """The test sets of one row, and which of them fit."""

    def __init__(self, row: Row, published: Published) -> None:
        self.row, self.published = row, published
        alone = not (row.folds or row.models)  # a mean of shares is no share
        printed = [scores.get("accuracy", "") for scores in (row.scores, *row.further.values()) if alone]
        self.accuracies = (
            Accuracies(printed[0], tuple(filter(None, printed[1:]))) if printed else Accuracies("")
        )
        self.tried = self.untried = 0
        self.mean_is_stated = bool(row.models) or row.fold_average == MEAN

    def sets(self, task: tuple[str, ...], drawn: bool, copied: bool) -> Sets:
        """The test sets to look at."""
        row, images = self.row, self.published.images_of(self.row, task)
        if row.test:
            return {} if drawn else {tuple(row.test.values()): "stated"}
        images = balanced(images) if copied else images
        usual = usual_sets(images, row.test_images / sum(images.values()) if row.test_images else row.share)
        if row.test_images:
            usual = {counts: how for counts, how in usual.items() if sum(counts) == row.test_images}
        if not drawn:
            return usual
        if all(set(scores) == {"accuracy"} for scores in _readings(task, row.scores).values()):
            return {}  # class counts do not matter
        found: Sets = {}
        for size in sorted({sum(counts) for counts in usual}):
            if self.accuracies.allow(size, "nearest"):
                found |= drawn_sets(images, size)
        return {counts: how for counts, how in found.items() if counts not in usual}

    def all_of(self, rounding: str, drawn: bool, copied: bool = False) -> list[Fit]:
        """Every test set that fits under a rounding of the digits."""
        fits = []
        for task in self.published.tasks_of(self.row):
            sets = self.sets(task, drawn, copied)
            self.tried += len(sets) if rounding == "nearest" else 0
            allowed = [counts for counts in sets if self.accuracies.allow(sum(counts), rounding)]
            for finding in self.examined(task, allowed, self.row.scores, rounding):
                if finding.fits:
                    how = sets[tuple(finding.counts.values())]
                    fits.append(_fit(finding, how, drawn, copied, rounding))
        return fits

    def examined(
        self, task: tuple[str, ...], counts: list[tuple[int, ...]], scores: Mapping[str, str], rounding: str
    ) -> Iterator[Finding]:
        """What is found of test sets with these class counts."""
        row = self.row
        if row.folds or row.models or "accuracy" not in scores:
            averaged = {"folds": row.folds, "fold_average": row.fold_average, "models": row.models}
            for each in counts:
                given = {"test": dict(zip(task, each, strict=True))}
                asked = Reported({"test": dict(scores)}, class_counts=given, rounding=rounding, **averaged)
                yield from examine(asked, MOST_TRIED)
            return
        for size in sorted({sum(each) for each in counts}):
            table = np.array([each for each in counts if sum(each) == size])
            for reading, texts in _readings(task, scores).items():
                try:
                    found = fitting_of_all(task, table, texts, rounding, MOST_TRIED)
                except TooManyError:
                    self.untried += len(table)
                    continue
                for index, matrices in found.items():
                    given = dict(zip(task, table[index].tolist(), strict=True))
                    yield Finding("test", reading, given, 0, matrices, texts)

    def further(self, fits: list[Fit]) -> dict[str, bool]:
        """Whether each further set of scores fits a test set that fits."""
        known = {(tuple(fit.counts), tuple(fit.counts.values()), fit.rounding) for fit in fits}
        return {
            name: any(
                finding.fits
                for task, counts, rounding in known
                for finding in self.examined(task, [counts], scores, rounding)
            )
            for name, scores in self.row.further.items()
        }

    def conditions(self, fits: list[Fit]) -> list[str]:
        """Alternatives under which a row fits, a text each; none where it fits as it stands."""
        groups: dict[tuple, list[Fit]] = {}
        for fit in fits:
            groups.setdefault((fit.rounding, fit.drawn, fit.copied), []).append(fit)
        as_it_stands = groups.get(("nearest", False, False), [])
        if self.mean_is_stated or any(fit.matrices is not None for fit in as_it_stands):
            groups = {("nearest", False, False): as_it_stands} if as_it_stands else groups
        alternatives = []
        for (rounding, drawn, copied), each in groups.items():
            known = self.row.test or (self.row.test_images and not drawn)
            parts = [] if known else [_sizes(each, by_class=drawn)]
            if copied:
                parts.append("that were cut off after copies had made the classes equal")
            readings = {fit.reading for fit in each if fit.reading}
            asked = _readings(each[0].counts, self.row.scores)
            as_usual = len(each[0].counts) == 2 and self.published.positive in readings
            if readings and len(readings) < len(asked) and not as_usual:
                parts.append(f"averages are {_averages(readings, each[0].counts)}")
            averages = {fit.average for fit in each if fit.average}
            if (
                averages
                and self.row.fold_average == "not stated"
                and not self.row.models
                and len(averages) == 1
            ):
                parts.append(
                    f"scores are {'means over folds' if 'mean of scores' in averages else 'of pooled counts'}"
                )
            parts.append(ROUNDED[rounding])
            alternatives.append(", ".join(filter(None, parts)))
        return list(filter(None, alternatives))

    def tried_in_vain(self) -> str:
        """What was tried, in words."""
        roundings = "digits rounded to the nearest, cut off or rounded up"
        if self.row.test:
            return f"the stated class counts, every average, {roundings}"
        of = f"{self.row.test_images:,} test images" if self.row.test_images else "usual sizes"
        return f"{counted(self.tried, 'test set')} of {of}, every average, {roundings}"


def _readings(classes: Iterable[str], scores: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The scores under each reading of those whose averaging is not stated."""
    counts = dict.fromkeys(classes, 1)
    return Reported({"test": dict(scores)}, class_counts={"test": counts}).readings("test")


def _sizes(fits: list[Fit], by_class: bool) -> str:
    """The test sets that fit: by class where they were drawn, else their sizes."""
    counts = list(dict.fromkeys(tuple(fit.counts.items()) for fit in fits))
    if by_class:
        if len(counts) > FEW:
            return f"the class counts are one of {len(counts):,} that a random draw gives"
        each = [" and ".join(f"{number} {label}" for label, number in case) for case in counts]
        return f"the test set has {enumerated(each, 'or')}"
    sizes = sorted({sum(number for _, number in case) for case in counts})
    return f"the test set has {in_words(sizes, 8).replace(' and ', ' or ')} images"


def _averages(readings: set[str], counts: Mapping[str, int]) -> str:
    return enumerated([f"those of {each}" if each in counts else each for each in sorted(readings)], "or")


def _fit(finding: Finding, how: str, drawn: bool, copied: bool, rounding: str) -> Fit:
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


def check_rows(published: Published, on_progress: OnProgress = silent) -> dict[str, Check]:
    """Check all rows, each a job of `parallel.run_jobs`.

    Parameters
    ----------
    published : Published
    on_progress : callable
        Told after each row how many are done, of how many.
    """
    same = [code_identity(__name__), published.images, published.tasks]
    jobs = {key: row for key, row in published.rows.items()}
    names = {key: sha256_of_json([same, asdict(row)])[:32] for key, row in jobs.items()}
    results = run_jobs(_job, {names[key]: row for key, row in jobs.items()}, published, on_progress)
    return {key: _read(results[names[key]]) for key in jobs}


def _job(row: Row, published: Published) -> Result:
    return {"check": np.array(json.dumps(asdict(check_row(row, published))))}


def _read(result: Result) -> Check:
    values = json.loads(str(result["check"]))
    return Check(**values | {"fits": [Fit(**fit) for fit in values["fits"]]})
