"""The scores a publication reports, read strictly from a YAML file that a person can write."""

from __future__ import annotations

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
from bcd_utils.evaluation.metric_registry import main_metrics, named
from bcd_utils.utils.errors import StudyError, allowed_instead
from bcd_utils.utils.paths import STUDIES, readable
from bcd_utils.utils.plain_yaml import parse_yaml
from bcd_utils.utils.words import enumerated

Images = Annotated[int, Field(ge=1, le=1_000_000)]
ClassCounts = Annotated[dict[str, Images], Field(min_length=2)]

F1_READINGS = ("macro", "weighted")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Reported:
    """What a publication reports.

    Attributes
    ----------
    reported : dict of set to dict of score to str
        Scores as printed. ``f1`` is an F1 whose averaging is not stated.
    source : str
        Where they are printed.
    class_counts : dict of set to dict of class to int
        Images of each true class; a set may be left out where the three settings below give its counts.
    images : dict of class to int
        Images of the whole data set.
    split : dict of set to int
        Images of each set.
    stratified : tuple of str
        Assumption: these sets were cut off in this order, class shares kept; see `stratified_counts`.
    rounding : {"nearest", "truncated"}
    f1_averaging : {"stated", "not stated"}
        Whether to take the names f1_macro and f1_weighted at their word, or as ``f1``.
    """

    reported: Annotated[dict[str, Annotated[dict[str, str], Field(min_length=1)]], Field(min_length=1)]
    source: str = ""
    class_counts: dict[str, ClassCounts] = Field(default_factory=dict)
    images: ClassCounts = Field(default_factory=dict)
    split: dict[str, Images] = Field(default_factory=dict)
    stratified: tuple[str, ...] = ()
    rounding: Literal["nearest", "truncated"] = "nearest"
    f1_averaging: Literal["stated", "not stated"] = "stated"

    def counts(self) -> dict[str, dict[str, int]]:
        """Images of each class, for each set with reported scores.

        Raises
        ------
        StudyError
            If they are neither given nor follow from a stratified split.
        """
        drawn = stratified_counts(self.images, self.split, self.stratified) if self.stratified else {}
        known = drawn | dict(self.class_counts)
        for name in self.reported:
            if name not in known:
                raise StudyError(
                    f"the class counts of set {name!r} are missing",
                    f"write 'class_counts: {{{name}: {{CLASS: COUNT, ...}}}}', "
                    "or images, split and stratified if its split was stratified",
                )
        return {name: known[name] for name in self.reported}

    def readings(self, name: str) -> dict[str, dict[str, str]]:
        """The scores of a set that constrain its matrix, for each reading of its F1.

        Returns
        -------
        dict of reading to dict of score to str
            Reading "macro", "weighted" or, for two classes, the class that F1 is of; "" where only one
            reading exists: without F1, or with the F1 of several averages.
        """
        classes = self.counts()[name]
        scores = {key: text for key, text in self.reported[name].items() if not self._undetermined(name, key)}
        averaged = [f"f1_{reading}" for reading in F1_READINGS if f"f1_{reading}" in scores]
        if self.f1_averaging == "stated" and "f1" not in scores:
            return {averaged[0].removeprefix("f1_") if len(averaged) == 1 else "": scores}
        unclear = [key for key in ("f1", *averaged) if key in scores]
        if not unclear:
            return {"": scores}
        value = scores.pop(unclear[0])
        readings = (*F1_READINGS, *(classes if len(classes) == 2 else ()))
        return {reading: scores | {f"f1_{reading}": value} for reading in readings}

    def unused(self) -> list[str]:
        """Reported scores that no confusion matrix determines."""
        keys = [(name, key) for name, scores in self.reported.items() for key in scores]
        return list(dict.fromkeys(key for name, key in keys if self._undetermined(name, key)))

    def _undetermined(self, name: str, key: str) -> bool:
        return key != "f1" and key not in named([*self.counts()[name]], determined=True, other_names=True)


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
    return (
        f"This study tells {enumerated(ours)} apart, the paper other classes ({len(papers)}): no score of the paper's "
        "is comparable."
    )


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


def stratified_counts(
    images: Mapping[str, int], split: Mapping[str, int], order: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    """Class counts of sets that scikit-learn's ``train_test_split(stratify=...)`` cuts off one by one.

    Each cut gives the part that stays its share of every class, rounded down, and the images still missing to
    the classes with the largest remainders; the part cut off gets the rest.

    Parameters
    ----------
    images : mapping of class to int
    split : mapping of set to int
        Sizes; they sum to all images.
    order : tuple of str
        The sets that are cut off, first to last; all but one.

    Raises
    ------
    StudyError
        If the settings contradict each other, or equal remainders leave the counts to chance.

    Examples
    --------
    >>> images = {"benign": 437, "malignant": 210, "normal": 133}
    >>> stratified_counts(images, {"train": 596, "validation": 67, "test": 117}, ("test", "validation"))
    {'train': {'benign': 333, 'malignant': 161, 'normal': 102},
     'validation': {'benign': 38, 'malignant': 18, 'normal': 11},
     'test': {'benign': 66, 'malignant': 31, 'normal': 20}}
    """
    if sum(images.values()) != sum(split.values()):
        problem = f"images sum to {sum(images.values())}, but split to {sum(split.values())}"
        raise StudyError(problem, "correct one of them")
    last = [name for name in split if name not in order]
    if len(last) != 1 or len({*order, *last}) != len(split) or len(order) != len(set(order)):
        raise StudyError(
            f"stratified: [{', '.join(order)}] must name all sets of split but one ({', '.join(split)})",
            "name them in the order in which they were cut off; what is left is the remaining set",
        )
    left, counts = np.array(list(images.values())), {}
    for name in order:
        stays, part = left.sum() - split[name], left.sum()
        kept, remainders = np.divmod(left * stays, part)
        missing = stays - kept.sum()
        ranked = np.argsort(-remainders, kind="stable")
        if 0 < missing and remainders[ranked[missing - 1]] == remainders[ranked[missing]]:
            problem = f"chance decided which class has one image more in set {name!r}"
            raise StudyError(problem, "write its class_counts")
        kept[ranked[:missing]] += 1
        counts[name], left = left - kept, kept
    counts[last[0]] = left
    return {name: dict(zip(images, counts[name].tolist(), strict=True)) for name in split}


def load_reported(path: Path | str) -> Reported:
    """Read a file of reported scores.

    Scores are read as they are written, so that 0.8430 keeps its four digits.

    Raises
    ------
    StudyError
        If the file is missing or says something that is unknown, impossible or not enough.
    """
    path, source = Path(path), readable(path)
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"), texts_only=True)
    except OSError as error:
        fix = "name a file such as studies/paper_reported.yaml"
        raise StudyError(f"{source} cannot be read ({error.strerror})", fix) from None
    except ValueError as error:
        raise StudyError(f"{source} is not valid YAML: {error}", "mend it") from None
    if not isinstance(values, dict):
        raise StudyError(f"{source} holds no reported scores", "write 'key: value' lines")
    try:
        reported = TypeAdapter(Reported).validate_python(values)
        _check_scores(reported)
    except ValidationError as error:
        raise _one_line(error, source) from None
    except StudyError as error:
        raise StudyError(f"{source}: {error.problem}", error.fix) from None
    return reported


def _check_scores(reported: Reported) -> None:
    for name, counts in reported.counts().items():
        if clash := {"macro", "weighted"} & set(counts):
            raise StudyError(f"class {clash.pop()!r} has the name of an average", "rename it")
        accepted = named(list(counts), other_names=True)
        known = ["f1", *accepted]
        for key, text in reported.reported[name].items():
            if key not in known:
                raise StudyError(f"{name}.{key} is not a score", allowed_instead(key, known))
            try:
                value = Rounded.read(text).value
            except ValueError:
                value = np.nan
            metric = accepted["f1_macro" if key == "f1" else key].metric
            if not metric.lowest <= value <= metric.highest:
                scale = f"a number from {metric.lowest:g} to {metric.highest:g}"
                fix = f"write {scale}, as it is printed, or a percentage such as 94.02%"
                raise StudyError(f"{name}.{key} = {text} is not allowed", fix)
        unclear = [key for key in ("f1", "f1_macro", "f1_weighted") if key in reported.reported[name]]
        if len(unclear) > 1 and (reported.f1_averaging == "not stated" or "f1" in unclear):
            raise StudyError(
                f"{name} reports {' and '.join(unclear)}, but the averaging as not stated",
                "write f1_averaging: stated, or one F1 only",
            )


def _one_line(error: ValidationError, source: str) -> StudyError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        known = [field.name for field in fields(Reported)]
        return StudyError(f"{source}: unknown key {key!r}", allowed_instead(key, known))
    if first["type"] == "missing":
        return StudyError(f"{source}: key '{key}' is missing", f"add '{key}: ...'")
    wanted = first["msg"].removeprefix("Input should be ")
    return StudyError(f"{source}: {key} = {first['input']!r} is not allowed", f"use {wanted}")
