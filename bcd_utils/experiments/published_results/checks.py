"""Each published row held against what is possible: which matrices, test sets, averages and roundings fit it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np

from bcd_utils.experiments.paper_forensics.joint import in_words
from bcd_utils.experiments.paper_forensics.matrices import MEAN, Finding
from bcd_utils.experiments.published_results.fits import Fit, examined, fit_of, readings_of
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
ROUNDED = {"nearest": "", "down": "digits were cut off", "up": "digits were rounded up"}
FEW = 4  # class counts that are named one by one


def found_in_words(outcome: str, says: str) -> str:
    """An outcome with what is said of it.

    Examples
    --------
    >>> found_in_words(ONLY_IF, "digits were cut off")
    'fits only if digits were cut off'
    >>> found_in_words(UNCHECKED, "no score is printed")
    'prints too little to be checked: no score is printed'
    """
    return f"{outcome}{':' * (outcome == UNCHECKED)} {says}".strip()


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
    untried : int
        Test sets, each counted under each reading, that have too many matrices to be tried.
    """

    outcome: str
    says: str
    tried: int = 0
    fits: list[Fit] = field(default_factory=list)
    sizes: str = ""
    number_of_sizes: int | None = None
    further: dict[str, bool] = field(default_factory=dict)
    untried: int = 0

    @property
    def fitting(self) -> int:
        """Test sets that fit, under any reading."""
        return len({(tuple(fit.counts.items()), fit.copied) for fit in self.fits})


def check_row(row: Row, published: Published) -> Check:
    """Look for every matrix behind a row, in the test set that it states or in those that it may have had.

    Where the test set is not stated, the usual ones are tried, then those that a random draw of the same sizes gives
    with a chance of at least `test_sets.LEAST_CHANCE`. Where none of the usual ones fits, the other roundings of the
    digits are tried, and the test sets of a data set whose classes were made equal by copies.

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
            copied = search.all_of("nearest", drawn=False, copied=True)
            others += copied or search.all_of("nearest", drawn=True, copied=True)
        fits += [fit for fit in others if fit.matrices is not None or not fits]
    if not fits and search.untried:
        return Check(UNCHECKED, f"too many matrices of {counted(search.untried, 'test set')}", search.tried)
    if not fits:
        return Check(NONE_FOUND, search.tried_in_vain(), search.tried, [], **sizes)
    conditions = search.conditions(fits)
    outcome = ONLY_IF if conditions else FITS
    says = "; or ".join(conditions)
    further = search.further(fits)
    return Check(outcome, says, search.tried, fits, **sizes, further=further, untried=search.untried)


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
        if all(set(scores) == {"accuracy"} for scores in readings_of(task, row.scores).values()):
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
            for finding in self.found(task, allowed, self.row.scores, rounding):
                if finding.fits:
                    how = sets[tuple(finding.counts.values())]
                    fits.append(fit_of(finding, how, drawn, copied, rounding))
        return fits

    def found(
        self, task: tuple[str, ...], counts: list, scores: Mapping[str, str], rounding: str
    ) -> list[Finding]:
        """What is found of test sets; those with too many matrices are counted."""
        findings = []
        for finding in examined(self.row, task, counts, scores, rounding):
            if isinstance(finding, int):
                self.untried += finding
            else:
                findings.append(finding)
        return findings

    def further(self, fits: list[Fit]) -> dict[str, bool]:
        """Whether each further set of scores fits a test set that fits."""
        known = {(tuple(fit.counts), tuple(fit.counts.values()), fit.rounding) for fit in fits}

        def fit(
            scores: Mapping[str, str], task: tuple[str, ...], counts: tuple[int, ...], rounding: str
        ) -> bool:
            if set(scores) == {"accuracy"}:
                return Accuracies(scores["accuracy"]).allow(sum(counts), rounding)
            return any(finding.fits for finding in self.found(task, [counts], scores, rounding))

        return {name: any(fit(scores, *each) for each in known) for name, scores in self.row.further.items()}

    def conditions(self, fits: list[Fit]) -> list[str]:
        """Alternatives under which a row fits, a text each; none where it fits as it stands."""
        groups: dict[tuple, list[Fit]] = {}
        for fit in fits:
            groups.setdefault((fit.rounding, fit.drawn, fit.copied), []).append(fit)
        as_it_stands = groups.get(("nearest", False, False), [])
        if self.mean_is_stated or any(fit.matrices is not None for fit in as_it_stands):
            either = as_it_stands + groups.get(("nearest", True, False), [])
            groups = {("nearest", False, False): either} if either else groups
        alternatives = []
        for (rounding, drawn, copied), each in groups.items():
            known = self.row.test or (self.row.test_images and not drawn)
            parts = [] if known else [_sizes(each, by_class=drawn)]
            if copied:
                parts.append("cut off after copies had made the classes equal")
            readings = {fit.reading for fit in each if fit.reading}
            asked = readings_of(each[0].counts, self.row.scores)
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
