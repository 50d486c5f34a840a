"""Names put into sentences."""

from __future__ import annotations

from collections.abc import Iterable


def enumerated(names: Iterable[str], last: str = "and") -> str:
    """Names, one at least, as a sentence lists them.

    Examples
    --------
    >>> enumerated(["benign", "malignant", "normal"]), enumerated(["ill", "well"], "or"), enumerated(["ill"])
    ('benign, malignant and normal', 'ill or well', 'ill')
    """
    *others, end = names
    return f"{', '.join(others)} {last} {end}" if others else end
