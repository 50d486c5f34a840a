"""The scores a publication reports, read strictly from a YAML file that a person can write."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from bcd_utils.errors import StudyError
from bcd_utils.paths import readable

Images = Annotated[int, Field(ge=1, le=1_000_000)]
ClassCounts = Annotated[dict[str, Images], Field(min_length=2)]

#: Scores that a confusion matrix determines, as in `metrics.scores_from_confusion`.
OVERALL = ("accuracy", "f1_macro", "f1_weighted", "kappa", "precision_macro", "recall_macro")
PER_CLASS = ("precision", "recall", "specificity", "f1")
#: Scores that it does not: they need the probabilities.
UNDETERMINED = ("roc_auc", "roc_auc_weighted", "loss")
F1_READINGS = ("macro", "weighted")
HAIR = 1e-9  # what arithmetic may add to a value that lies exactly on the edge


class Rounded(NamedTuple):
    """A rounded number: its value, and the unit of its last digit."""

    value: float
    unit: float

    @classmethod
    def read(cls, text: str | float) -> Rounded:
        """Read "0.9402" or "94.02%".

        Raises
        ------
        ValueError
            If it is no number.

        Examples
        --------
        >>> Rounded.read("0.8430")
        Rounded(value=0.843, unit=0.0001)
        >>> Rounded.read("94.0%")
        Rounded(value=0.94, unit=0.001)
        """
        words = str(text).strip()
        try:
            number = Decimal(words.removesuffix("%"))
        except InvalidOperation:
            raise ValueError(f"{text!r} is no number") from None
        if not number.is_finite():
            raise ValueError(f"{text!r} is no number")
        if words.endswith("%"):
            number = number.scaleb(-2)
        return cls(float(number), float(Decimal(1).scaleb(number.as_tuple().exponent)))

    def bounds(self, rounding: str) -> tuple[float, float]:
        """Lowest and highest value that is printed so.

        Examples
        --------
        >>> [round(end, 3) for end in Rounded.read("0.94").bounds("nearest")]
        [0.935, 0.945]
        """
        if rounding == "nearest":
            return self.value - self.unit / 2 - HAIR, self.value + self.unit / 2 + HAIR
        # Cutting digits off moves towards 0; the next unit itself would be printed as such.
        low = self.value - HAIR if self.value > 0 else self.value - self.unit + HAIR
        high = self.value + HAIR if self.value < 0 else self.value + self.unit - HAIR
        return low, high


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
        known = dict(self.class_counts)
        if self.stratified:
            known = stratified_counts(self.images, self.split, self.stratified) | known
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
        scores = {key: text for key, text in self.reported[name].items() if key not in UNDETERMINED}
        named = [f"f1_{reading}" for reading in F1_READINGS if f"f1_{reading}" in scores]
        classes = self.counts()[name]
        if self.f1_averaging == "stated" and "f1" not in scores:
            return {named[0].removeprefix("f1_") if len(named) == 1 else "": scores}
        unclear = [key for key in ("f1", *named) if key in scores]
        if not unclear:
            return {"": scores}
        value = scores.pop(unclear[0])
        readings = (*F1_READINGS, *(classes if len(classes) == 2 else ()))
        return {reading: scores | {f"f1_{reading}": value} for reading in readings}

    def unused(self) -> list[str]:
        """Reported scores that no confusion matrix determines."""
        return [key for key in UNDETERMINED if any(key in scores for scores in self.reported.values())]


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
        raise StudyError(
            f"images sum to {sum(images.values())}, but split to {sum(split.values())}", "correct one of them"
        )
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
            raise StudyError(
                f"chance decided which class has one image more in set {name!r}", "write its class_counts"
            )
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
        values = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506 - texts only
    except OSError as error:
        raise StudyError(
            f"{source} cannot be read ({error.strerror})", "name a file such as studies/paper_reported.yaml"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(f"{source} is not valid YAML: {str(error).splitlines()[0]}", "mend it") from None
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
        known = [
            *OVERALL,
            "f1",
            *(f"{score}_{label}" for score in PER_CLASS for label in counts),
            *UNDETERMINED,
        ]
        for key, text in reported.reported[name].items():
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean '{near[0]}'? " if near else ""
                raise StudyError(f"{name}.{key} is not a score", f"{hint}allowed are {', '.join(known)}")
            try:
                value = Rounded.read(text).value
            except ValueError:
                value = np.nan
            lowest, highest = (-1 if key == "kappa" else 0), (np.inf if key == "loss" else 1)
            if not lowest <= value <= highest:
                raise StudyError(
                    f"{name}.{key} = {text} is not allowed",
                    f"write a number from {lowest} to {highest}, as it is printed, or a percentage such as 94.02%",
                )
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
        allowed = [field.name for field in fields(Reported)]
        near = difflib.get_close_matches(key, allowed, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        return StudyError(f"{source}: unknown key {key!r}", f"{hint}allowed are {', '.join(allowed)}")
    if first["type"] == "missing":
        return StudyError(f"{source}: key '{key}' is missing", f"add '{key}: ...'")
    wanted = first["msg"].removeprefix("Input should be ")
    return StudyError(f"{source}: {key} = {first['input']!r} is not allowed", f"use {wanted}")
