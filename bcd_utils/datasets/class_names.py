"""Names of classes and sets as people write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

#: Names of the usual classes in folders and tables of published data sets.
USUAL = {
    "benign": ("benign", "benigno", "benigna", "benigne", "benign tumor", "benign tumour", "b"),
    "malignant": ("malignant", "malign", "maligno", "maligna", "maligne", "malignant tumor", "malignant tumour",
                  "cancer", "m"),
    "normal": ("normal", "healthy", "n"),
}  # fmt: skip
#: Folders and words that name the sets of a split.
SETS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}


def plain(name: str) -> str:
    """A name without capitals, and with single blanks between its words.

    Examples
    --------
    >>> plain("Benign_Tumor "), plain("GroundTruth")
    ('benign tumor', 'groundtruth')
    """
    return " ".join(re.split(r"[\s_-]+", name.strip().casefold())).strip()


def lookup(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Class (or set) of each of its names, as `plain` writes them.

    Examples
    --------
    >>> lookup({"malignant": ["M", "Malign"]})
    {'malignant': 'malignant', 'm': 'malignant', 'malign': 'malignant'}
    """
    return {plain(name): label for label, further in names.items() for name in (label, *further)}


def with_usual(classes: Sequence[str] | Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Names of each class: those that are given, or else the usual ones of two letters and more.

    A single letter may be anything in a path; it is a class where a source says so.

    Examples
    --------
    >>> with_usual(["cyst", "normal"])
    {'cyst': (), 'normal': ('normal', 'healthy')}
    """
    if isinstance(classes, Mapping):
        return {label: tuple(names) for label, names in classes.items()}
    return {label: tuple(name for name in USUAL.get(label, ()) if len(name) > 1) for label in classes}
