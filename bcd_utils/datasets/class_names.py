"""Names of classes and sets as people write them."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

#: Names of the usual classes in folders and tables of published data sets.
USUAL = {
    "benign": (
        "benign", "benigno", "benigna", "benignos", "benignas", "benigne", "benigni", "bénin", "bénigne",
        "gutartig", "良性", "benign tumor", "benign tumour", "tumor benigno", "tumores benignos", "b",
    ),
    "malignant": (
        "malignant", "malign", "maligno", "maligna", "malignos", "malignas", "maligne", "maligni", "malin",
        "bösartig", "恶性", "malignant tumor", "malignant tumour", "tumor maligno", "tumores malignos", "cancer",
        "m",
    ),
    "normal": ("normal", "normales", "normale", "healthy", "sano", "正常", "n"),
}  # fmt: skip
#: Folders and words that name the sets of a split.
SETS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
#: Words beside the name of a class or set that say only that things of it lie there.
FILLERS = frozenset(
    "image images img imgs picture pictures case cases class lesion lesions patients samples set data".split()
)
DENIALS = frozenset(["no", "non", "not", "without", "pre", "un", "ohne", "sin", "sans"])


@lru_cache(maxsize=65536)
def plain(name: str) -> str:
    """A name without capitals, and with single blanks between its words.

    Examples
    --------
    >>> plain("Benign_Tumor "), plain("GroundTruth")
    ('benign tumor', 'groundtruth')
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(re.split(r"[\s_-]+", text.strip())).strip()


def lookup(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Class (or set) of each of its names, as `plain` writes them.

    Examples
    --------
    >>> lookup({"malignant": ["M", "Malign"]})
    {'malignant': 'malignant', 'm': 'malignant', 'malign': 'malignant'}
    """
    return {plain(name): label for label, further in names.items() for name in (label, *further)}


def said_of_two(names: Mapping[str, Iterable[str]]) -> str:
    """A name that two classes have; "" where there is none.

    Examples
    --------
    >>> said_of_two({"benign": ["B", "b"], "malignant": ["M", "B"]}), said_of_two({"a": ["A"]})
    ('b', '')
    """
    own = ({plain(name) for name in (label, *further)} for label, further in names.items())
    counts = Counter(name for names_of_one in own for name in sorted(names_of_one))
    return next((name for name, count in counts.items() if count > 1), "")


def named_by(folder: str, spelt: Mapping[str, str]) -> str:
    """The class (or set) that a folder is called as; "" for none.

    Numbers before the name and words that say nothing (`FILLERS`) may stand beside it.

    Parameters
    ----------
    folder : str
    spelt : mapping of str to str
        From `lookup`.

    Examples
    --------
    >>> spelt = lookup({"benign": (), "malignant": ()})
    >>> [named_by(name, spelt) for name in ("Benign", "malignant_images", "0-benign", "Benign cases", "non benign")]
    ['benign', 'malignant', 'benign', 'benign', '']
    """
    name = plain(folder)
    if name in spelt:
        return spelt[name]
    words = re.sub(r"^\d+[ .)]*", "", name).split()
    return spelt.get(" ".join(word for word in words if word not in FILLERS), "")


def named_within(stem: str, spelt: Mapping[str, str]) -> str:
    """The one class that a word of a file's name is called as; "" for none, several, or a denial of one.

    Examples
    --------
    >>> spelt = lookup({"benign": (), "malignant": ()})
    >>> [named_within(stem, spelt) for stem in ("benign (1)", "ID7_Malignant02", "non-malignant 3", "benign malignant")]
    ['benign', 'malignant', '', '']
    """
    words = re.findall(r"[^\W\d_]+", plain(stem))
    found = {spelt[word] for word in words if word in spelt}
    return found.pop() if len(found) == 1 and not DENIALS & set(words) else ""


def with_usual(classes: Sequence[str] | Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Names of each class: those that are given, or else the usual ones of two letters and more.

    A single letter may be anything in a path; it is a class where a source says so.

    Examples
    --------
    >>> with_usual(["cyst", "Normal"])["cyst"], "healthy" in with_usual(["cyst", "Normal"])["Normal"]
    ((), True)
    """
    if isinstance(classes, Mapping):
        return {label: tuple(names) for label, names in classes.items()}
    return {label: tuple(name for name in USUAL.get(plain(label), ()) if len(name) > 1) for label in classes}
