"""Numbers that remember where they come from, so that a sentence made of them can name macros in place of digits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
#: Around a number in a text: opened, index of its path, its text, closed. Private characters of Unicode.
_OPEN, _MIDDLE, _CLOSE = "\ue0f0", "\ue0f1", "\ue0f2"
_MARK = re.compile(f"{_OPEN}(\\d+){_MIDDLE}([^{_OPEN}{_CLOSE}]*){_CLOSE}")


class Shown(NamedTuple):
    """A number as a text shows it, and its path in the summary."""

    path: Path
    text: str


class _Marked:
    """Formats as its number does, within marks; what is computed from it is a plain number."""

    index: int
    plain: int | float

    def __format__(self, how: str) -> str:
        return f"{_OPEN}{self.index}{_MIDDLE}{format(self.plain, how)}{_CLOSE}"

    def __str__(self) -> str:
        return format(self)

    __repr__ = __str__


class _Whole(_Marked, int):
    pass


class _Real(_Marked, float):
    pass


class MarkedSummary:
    """A summary whose numbers are marked.

    Attributes
    ----------
    values : dict
        As the summary; texts that are made of its numbers hold marks.
    paths : list of tuple
        The keys that lead to each number.

    Examples
    --------
    >>> marked = MarkedSummary({"metrics": {"test": {"accuracy": 0.74359}}})
    >>> text = "accuracy {:.3f}!".format(marked.values["metrics"]["test"]["accuracy"])
    >>> unmarked(text), [*marked.parts(text)]
    ('accuracy 0.744!', ['accuracy ', Shown(path=('metrics', 'test', 'accuracy'), text='0.744'), '!'])
    """

    def __init__(self, summary: Mapping[str, Any]):
        self.paths: list[Path] = []
        self.values: dict[str, Any] = self._marked(summary, ())

    def _marked(self, value: Any, path: Path) -> Any:
        if isinstance(value, Mapping):
            return {key: self._marked(each, (*path, key)) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._marked(each, (*path, place)) for place, each in enumerate(value)]
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        marked = (_Whole if isinstance(value, int) else _Real)(value)
        marked.index, marked.plain = len(self.paths), value
        self.paths.append(path)
        return marked

    def parts(self, text: str) -> Iterator[str | Shown]:
        """A text that was made of marked numbers, in pieces: plain text, and numbers with their paths."""
        pieces = _MARK.split(text)
        for place in range(0, len(pieces), 3):
            if pieces[place]:
                yield pieces[place]
            if place + 2 < len(pieces):
                yield Shown(self.paths[int(pieces[place + 1])], pieces[place + 2])


def unmarked(text: str) -> str:
    """A text without marks."""
    return _MARK.sub(r"\2", text)


def leaves(summary: Mapping[str, Any]) -> dict[Path, int | float]:
    """Every number of a summary by the keys that lead to it, in its order; truth values are none.

    Examples
    --------
    >>> leaves({"seed": 42, "given": True, "pairs": [{"auc": 0.5}, {"auc": None}]})
    {('seed',): 42, ('pairs', 0, 'auc'): 0.5}
    """
    found: dict[Path, int | float] = {}

    def look(value: Any, path: Path) -> None:
        inner: Sequence[tuple[Any, Any]] = ()
        if isinstance(value, Mapping):
            inner = list(value.items())
        elif isinstance(value, list | tuple):
            inner = list(enumerate(value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[path] = value
        for key, each in inner:
            look(each, (*path, key))

    look(summary, ())
    return found
