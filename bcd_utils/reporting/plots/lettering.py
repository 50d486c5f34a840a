"""Text in figures: how wide it is, broken into lines, written line by line."""

from __future__ import annotations

import re

from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of a line of text in inches."""
    font = FontProperties(size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, False)[0] / 72


def wrap(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Break text into lines of at most ``width`` inches: at spaces, hyphens and the like, else anywhere.

    Examples
    --------
    >>> wrap("one two", 0.4, 10)
    'one\\ntwo'
    """
    if "\n" in str(text):
        return "\n".join(wrap(line, width, size, weight) for line in str(text).split("\n"))
    lines = [""]
    for piece in re.split(r"(?<=[\s_/-])", str(text).strip()):
        if lines[-1] and text_width((lines[-1] + piece).rstrip(), size, weight) > width:
            lines.append("")
        while len(piece) > 1 and text_width(piece.rstrip(), size, weight) > width:
            lengths = range(len(piece) - 1, 1, -1)
            cut = next((n for n in lengths if text_width(piece[:n], size, weight) <= width), 1)
            lines[-1:], piece = [piece[:cut], ""], piece[cut:]
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def line_height(size: float) -> float:
    """Height of a line of text in inches, with its spacing."""
    return size * 1.25 / 72


def write(panel: Axes, left: float, top: float, text: str, size: float, **options) -> None:
    """Write lines on a `canvas`; unlike in one text of many lines, baselines do not depend on the letters."""
    for index, line in enumerate(text.split("\n")):
        panel.text(left, top - index * line_height(size) - 0.85 * size / 72, line, size=size, **options)
