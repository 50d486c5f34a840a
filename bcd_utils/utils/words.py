"""Names put into sentences."""

from __future__ import annotations

from collections.abc import Iterable


def counted(number: int, thing: str) -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "line"), counted(1200, "image")
    ('1 line', '1,200 images')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def enumerated(names: Iterable[str], last: str = "and") -> str:
    """Names, one at least, as a sentence lists them.

    Examples
    --------
    >>> enumerated(["benign", "malignant", "normal"]), enumerated(["ill", "well"], "or"), enumerated(["ill"])
    ('benign, malignant and normal', 'ill or well', 'ill')
    """
    *others, end = names
    return f"{', '.join(others)} {last} {end}" if others else end


def first_sentence(text: str) -> str:
    """The first sentence of a text, without its full stop.

    Examples
    --------
    >>> first_sentence("Reached 0.5 of all. Then no more.")
    'Reached 0.5 of all'
    """
    return text.split(". ")[0].rstrip(".")
