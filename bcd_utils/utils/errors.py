"""The one error a user is meant to see."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bcd_utils.utils.path_text import printable

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

#: What pydantic calls a key that nobody knows.
UNKNOWN_KEY = {"unexpected_keyword_argument", "extra_forbidden"}


class StudyError(Exception):
    """Something the user can mend: names what is wrong and how to put it right.

    Parameters
    ----------
    problem : str
        What is wrong, naming the file, folder or setting.
    fix : str, optional
        What to do about it.

    Examples
    --------
    >>> print(StudyError("data.zip is not a zip file", "download it again"))
    data.zip is not a zip file. To fix: download it again
    """

    def __init__(self, problem: str, fix: str = ""):
        self.problem = printable(problem).rstrip(".")
        self.fix = printable(fix)
        super().__init__(f"{self.problem}. To fix: {self.fix}" if fix else self.problem)


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The word among some that a misspelt one may mean; None where none is as like as that.

    Examples
    --------
    >>> nearest("epoch", ["seed", "epochs"]), nearest("epoch", ["seed"])
    ('epochs', None)
    """
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return near[0] if near else None


def allowed_instead(key: str, known: Sequence[str]) -> str:
    """How to mend a key that is not known: the nearest that is, and all that are.

    Examples
    --------
    >>> allowed_instead("epoch", ["seed", "epochs"])
    "did you mean 'epochs'? allowed are seed, epochs"
    """
    near = nearest(key, known)
    hint = f"did you mean '{near}'? " if near else ""
    return f"{hint}allowed are {', '.join(known)}"


def first_mistake(error: ValidationError) -> ErrorDetails:
    """What a validation found first; a key that nobody knows before one that is missing: it may be that, misspelt."""
    return min(error.errors(), key=lambda each: each["type"] not in UNKNOWN_KEY)
