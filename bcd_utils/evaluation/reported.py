"""The scores a publication reports, read strictly from a YAML file that a person can write."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from bcd_utils.datasets.splits import SETS
from bcd_utils.evaluation.format import Rounded
from bcd_utils.evaluation.metric_registry import Named, main_metrics
from bcd_utils.evaluation.printed_scores import AVERAGES, constrains, instead_of, of_classes, printed
from bcd_utils.evaluation.set_sizes import stratified_counts
from bcd_utils.utils.errors import UNKNOWN_KEY, StudyError, allowed_instead, first_mistake
from bcd_utils.utils.paths import STUDIES, readable
from bcd_utils.utils.plain_yaml import parse_yaml
from bcd_utils.utils.words import enumerated

Images = Annotated[int, Field(ge=1, le=1_000_000)]
ClassCounts = Annotated[dict[str, Images], Field(min_length=2)]

SizeRounding = Literal["up", "down", "nearest"]
FoldAverage = Literal["mean of scores", "pooled counts"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Reported:
    """What a publication reports.

    Attributes
    ----------
    reported : dict of set to dict of score to str
        Scores as printed, under the names of `printed_scores.printed`. One of `printed_scores.of_classes` without a
        class or an average, such as ``f1``, is one whose averaging is not stated.
    source : str
        Where they are printed.
    class_counts : dict of set to dict of class to int
        Images of each true class; a set may be left out where the settings below give its counts, or leave them open.
    images : dict of class to int
        Images of the whole data set.
    split : dict of set to int
        Images of each set.
    stratified : tuple of str
        Assumption: these sets were cut off in this order, class shares kept; see `set_sizes.stratified_counts`.
        Without it, and without class counts, all class counts that a random split may give are tried.
    ratios : dict of set to float
        The shares in which the sets were cut off, see `set_sizes.cut_sizes`: for the number of images.
    size_rounding : dict of set to {"up", "down", "nearest"}
        How a share became a number of images; "up" where a set is not named.
    totals : (int, int)
        Fewest and most images of the whole data set that are tried with ``ratios``.
    folds : int, optional
        The scores are of a cross-validation with as many folds, stratified, in which each image was tested once.
    fold_average : {"mean of scores", "pooled counts", "not stated"}
        Whether they are the mean of the folds' scores, or the scores of all folds' predictions together.
    models : int, optional
        The scores are means over so many models, each tested on all images of the set.
    rounding : {"nearest", "down", "up"}
        How the printed digits were rounded, see `format.Rounded.bounds`.
    f1_averaging : {"stated", "not stated"}
        Whether to take the names f1_macro and f1_weighted at their word, or as ``f1``.
    """

    reported: Annotated[dict[str, Annotated[dict[str, str], Field(min_length=1)]], Field(min_length=1)]
    source: str = ""
    class_counts: dict[str, ClassCounts] = Field(default_factory=dict)
    images: ClassCounts = Field(default_factory=dict)
    split: dict[str, Images] = Field(default_factory=dict)
    stratified: tuple[str, ...] = ()
    ratios: dict[str, Annotated[float, Field(gt=0, lt=1)]] = Field(default_factory=dict)
    size_rounding: dict[str, SizeRounding] = Field(default_factory=dict)
    totals: tuple[Images, Images] = (200, 1600)
    folds: Annotated[int, Field(ge=2, le=1000)] | None = None
    fold_average: FoldAverage | Literal["not stated"] = "not stated"
    models: Annotated[int, Field(ge=2, le=1000)] | None = None
    rounding: Literal["nearest", "down", "up"] = "nearest"
    f1_averaging: Literal["stated", "not stated"] = "stated"

    def counts(self) -> dict[str, dict[str, int]]:
        """Images of each class, for each set with reported scores whose class counts are not left open.

        Raises
        ------
        StudyError
            If nothing tells a set's class counts, nor which are possible.
        """
        drawn = stratified_counts(self.images, self.split, self.stratified) if self.stratified else {}
        known = drawn | dict(self.class_counts)
        for name in self.reported:
            if name not in known and not (self.images and name in self.split):
                raise StudyError(
                    f"the class counts of set {name!r} are missing",
                    f"write 'class_counts: {{{name}: {{CLASS: COUNT, ...}}}}', "
                    "or images and split, and stratified if the class shares were kept",
                )
        return {name: known[name] for name in self.reported if name in known}

    def classes(self, name: str) -> list[str]:
        """The classes of a set."""
        return list(self.class_counts.get(name, self.images))

    def readings(self, name: str) -> dict[str, dict[str, str]]:
        """The scores of a set that constrain its matrix, for each reading of those whose averaging is not stated.

        Returns
        -------
        dict of reading to dict of score to str
            Reading "macro", "weighted" or, for two classes, the class that they are of; "" where only one
            reading exists, and no F1 or the F1 of several averages.
        """
        classes = self.classes(name)
        scores = {key: text for key, text in self.reported[name].items() if not self._undetermined(name, key)}
        unclear = {key: key for key in scores if key in of_classes()}
        averaged = [average for average in AVERAGES if f"f1_{average}" in scores]
        if self.f1_averaging == "not stated":
            unclear |= {f"f1_{average}": "f1" for average in averaged}
        if not unclear:
            return {averaged[0] if len(averaged) == 1 else "": scores}
        stated = {key: text for key, text in scores.items() if key not in unclear}
        readings = {}
        for reading in (*AVERAGES, *(classes if len(classes) == 2 else ())):
            read = {f"{score}_{reading}": scores[key] for key, score in unclear.items()}
            if all(stated.get(key, text) == text for key, text in read.items()):
                readings[reading] = stated | read
        return readings

    def unused(self) -> list[str]:
        """Reported scores that constrain no confusion matrix."""
        keys = [(name, key) for name, scores in self.reported.items() for key in scores]
        return list(dict.fromkeys(key for name, key in keys if self._undetermined(name, key)))

    def _undetermined(self, name: str, key: str) -> bool:
        classes = self.classes(name)
        return key not in of_classes() and not constrains(printed(classes)[key], classes)


def paper_reported() -> Reported:
    """What the paper reports."""
    return load_reported(STUDIES / "paper_reported.yaml")


def reported_by_paper(classes: Iterable[str] = ()) -> dict[str, dict[str, float]]:
    """The paper's own numbers, per set; none of any set beside a study that tells other ``classes`` apart."""
    sets = paper_reported().reported
    if other_classes(classes):
        return {name: {} for name in sets}
    return {name: {score: float(text) for score, text in scores.items()} for name, scores in sets.items()}


def other_classes(classes: Iterable[str]) -> str:
    """Why no score of the paper's stands beside a study of these classes; nothing where they are the paper's.

    Examples
    --------
    >>> other_classes(["benign", "malignant"])
    "This study tells benign and malignant apart, the paper other classes (3): no score of the paper's is comparable."
    >>> other_classes(["normal", "malignant", "benign"])
    ''
    """
    papers, ours = set(paper_reported().images), list(classes)
    if not ours or set(ours) == papers:
        return ""
    told, number = enumerated(ours), len(papers)
    return f"This study tells {told} apart, the paper other classes ({number}): no score of the paper's is comparable."


def beside_paper(
    metrics: Mapping[str, Mapping[str, Any]],
    intervals: Mapping[str, Mapping[str, float]],
    paper: Mapping[str, Mapping[str, float]],
) -> pd.DataFrame:
    """The paper's table, this run's, and the difference; the interval is the test set's.

    Returns
    -------
    pandas.DataFrame of float
        Index set and metric (the main ones); columns paper, this run, low, high, difference; NaN where undefined
        or, of the paper's, not printed. Where the paper has no comparable score, only this run's columns.
    """
    rows = {
        (name, metric): {"paper": paper[name].get(metric), "this run": metrics[name].get(metric)}
        | {end: intervals.get(metric, {}).get(end) if name == "test" else None for end in ("low", "high")}
        for name in SETS
        for metric in main_metrics()
    }
    table = pd.DataFrame.from_dict(rows, orient="index").astype(float).rename_axis(["set", "metric"])
    if not any(paper.values()):
        return table.drop(columns="paper")
    return table.assign(difference=table["this run"] - table["paper"])


def load_reported(path: Path | str) -> Reported:
    """Read a file of reported scores.

    Scores are read as they are written, so that 0.8430 keeps its four digits.

    Raises
    ------
    StudyError
        If the file is missing or says something that is unknown, impossible or not enough.
    """
    values, source = read_texts(path), readable(path)
    try:
        if values.get("rounding") == "truncated":
            _logger.warning("%s: rounding: 'truncated' is now called 'down'", source)
            values["rounding"] = "down"
        reported = TypeAdapter(Reported).validate_python(values)
        check_scores(reported)
    except ValidationError as error:
        raise one_line(error, source, Reported) from None
    except StudyError as error:
        raise StudyError(f"{source}: {error.problem}", error.fix) from None
    return reported


def read_texts(path: Path | str) -> dict[str, Any]:
    """The values of a file of scores, as text.

    Raises
    ------
    StudyError
        If it is missing, or no mapping in YAML.
    """
    source = readable(path)
    try:
        values = parse_yaml(Path(path).read_text(encoding="utf-8"), texts_only=True)
    except OSError as error:
        fix = "name a file such as studies/paper_reported.yaml"
        raise StudyError(f"{source} cannot be read ({error.strerror})", fix) from None
    except ValueError as error:
        raise StudyError(f"{source} is not valid YAML: {error}", "mend it") from None
    if not isinstance(values, dict):
        raise StudyError(f"{source} holds no reported scores", "write 'key: value' lines")
    return values


def check_scores(reported: Reported) -> None:
    """Refuse scores that are not known, not possible or not clear.

    Raises
    ------
    StudyError
        With the set's and the score's name.
    """
    reported.counts()
    for name, scores in reported.reported.items():
        classes = reported.classes(name)
        if clash := AVERAGES.keys() & set(classes):
            raise StudyError(f"class {clash.pop()!r} has the name of an average", "rename it")
        accepted = printed(classes) | {key: Named(metric, 0) for key, metric in of_classes().items()}
        for key, text in scores.items():
            if key not in accepted:
                raise StudyError(f"{name}.{key} is not a score", instead_of(key, classes))
            try:
                value = Rounded.read(text).value
            except ValueError:
                value = np.nan
            metric = accepted[key].metric
            if not metric.lowest <= value <= metric.highest:
                scale = f"a number from {metric.lowest:g} to {metric.highest:g}"
                fix = f"write {scale}, as it is printed, or a percentage such as 94.02%"
                raise StudyError(f"{name}.{key} = {text} is not allowed", fix)
        for score in of_classes():
            unclear = [
                key for key in (score, *(f"{score}_{average}" for average in AVERAGES)) if key in scores
            ]
            if len(unclear) > 1 and (
                score in unclear or (score == "f1" and reported.f1_averaging != "stated")
            ):
                raise StudyError(
                    f"{name} reports {' and '.join(unclear)}, but the averaging as not stated",
                    f"name each average, or report one {score} only",
                )
    others = [name for name in {**reported.reported, **reported.split} if name not in reported.ratios]
    if reported.ratios and len(others) > 1:
        problem = f"ratios name neither of {', '.join(others)}"
        raise StudyError(problem, "name all sets but the one that is left")


def one_line(error: ValidationError, source: str, owner: type[Any]) -> StudyError:
    """What a validation found first; ``owner`` has the keys that are known."""
    first = first_mistake(error)
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] in UNKNOWN_KEY:
        known = [field.name for field in fields(owner)]
        return StudyError(f"{source}: unknown key {key!r}", allowed_instead(str(first["loc"][-1]), known))
    if first["type"] == "missing":
        return StudyError(f"{source}: key '{key}' is missing", f"add '{key}: ...'")
    wanted = first["msg"].removeprefix("Input should be ").partition(", unable to parse")[0]
    return StudyError(f"{source}: {key} = {first['input']!r} is not allowed", f"use {wanted}")
