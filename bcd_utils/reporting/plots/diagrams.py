"""Diagrams of the method: the steps of the study, and what became of the images."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from bcd_utils.reporting.plots import lettering, style

ARROW = {"arrowstyle": "-|>", "color": style.MUTED, "linewidth": 1} | {
    "mutation_scale": 9, "shrinkA": 2, "shrinkB": 2
}  # fmt: skip
BLUE, PALE = "#0072B2", "#EDF4F9"
EDGE, GAP, PAD = 0.03, 0.3, 0.09  # inches around the boxes, between them, and inside them


def methodology(steps: Sequence[tuple[str, str]]) -> Figure:
    """The steps of the study as boxes: a row left to right, and a second row back right to left.

    Parameters
    ----------
    steps : sequence of (title, detail)
        In order; up to three fit one row, five to eight suit two.
    """
    columns = len(steps) if len(steps) <= 3 else math.ceil(len(steps) / 2)
    rows = math.ceil(len(steps) / columns)
    width = (style.PAGE - 2 * EDGE - (columns - 1) * GAP) / columns
    inner = width - 2 * PAD
    titles = [lettering.wrap(title, inner, style.LARGE, "bold") for title, _ in steps]
    details = [lettering.wrap(detail, inner, style.SMALL) for _, detail in steps]
    title_height = _lines(titles) * lettering.line_height(style.LARGE)
    height = 2 * PAD + title_height + 0.06 + _lines(details) * lettering.line_height(style.SMALL)

    figure, panel = style.canvas(2 * EDGE + rows * height + (rows - 1) * GAP)
    boxes = []
    for index, (title, detail) in enumerate(zip(titles, details, strict=True)):
        row, place = divmod(index, columns)
        column = place if row % 2 == 0 else columns - 1 - place
        left, bottom = EDGE + column * (width + GAP), EDGE + (rows - 1 - row) * (height + GAP)
        boxes.append((left, bottom))
        _draw(panel, (left, bottom, width, height), _Box(title, detail), title_height + 0.06)

    for (left, bottom), (next_left, next_bottom) in pairwise(boxes):
        middle, centre = bottom + height / 2, left + width / 2
        if next_bottom != bottom:
            start, end = (centre, bottom), (centre, next_bottom + height)
        elif next_left > left:
            start, end = (left + width, middle), (next_left, middle)
        else:
            start, end = (left, middle), (next_left + width, middle)
        arrow(panel, start, end)
    figure.set_label(
        " ".join(f"{number}. {title}: {detail}." for number, (title, detail) in enumerate(steps, 1))
    )
    return figure


def image_flow(
    found: Mapping[str, int],
    set_aside: Mapping[str, int],
    sets: Mapping[str, Mapping[str, int]],
    copies: tuple[int, int] | None = None,
    patients: bool = False,
) -> Figure:
    """What became of the images, as STARD and CONSORT draw it: found, set aside, usable, split.

    Parameters
    ----------
    found : mapping of class to int
        All images.
    set_aside : mapping of reason to int
        Images that are not used; may be empty.
    sets : mapping of set to mapping of class to int
        Images of each set.
    copies : (groups, images), optional
        What a data audit found: groups of copies, and the images in them.
    patients : bool
        Whether they are groups of the images of one patient instead.
    """
    width = (style.PAGE - 2 * EDGE - 2 * GAP) / 3

    def box(
        title: str, counts: Mapping[str, int], lines: str = "", edge: str = BLUE, face: str = PALE
    ) -> _Box:
        lines = lines or "\n".join(f"{count} {style.spaced(label)}" for label, count in counts.items())
        text = lettering.wrap(lines, width - 2 * PAD, style.SMALL)
        return _Box(f"{title}: {sum(counts.values())}", text, edge, face)

    usable = {label: sum(counts[label] for counts in sets.values()) for label in found}
    unused = "" if set_aside else "every image can be used"
    aside = {"edge": style.MUTED, "face": "#F7F7F7"}
    rows = [
        {1: box("Images found", found), 2: box("Set aside", set_aside, unused, **aside)},
        {1: box("Usable images", usable)},
        {
            column: box(
                f"{style.spaced(name).capitalize()} set", counts, edge=style.SET_COLOURS.get(name, BLUE)
            )
            for column, (name, counts) in enumerate(sets.items())
        },
    ]
    if copies:
        kind, why = ("groups", "each of one patient") if patients else ("copies", "found by the data audit")
        rows[1][2] = box(f"Of which in {kind}", {"": copies[1]}, f"in {copies[0]} groups, {why}", **aside)

    title_height = lettering.line_height(style.LARGE) + 0.05
    lines = [_lines([box.text for box in row.values()]) for row in rows]
    heights = [2 * PAD + title_height + count * lettering.line_height(style.SMALL) for count in lines]
    figure, panel = style.canvas(2 * EDGE + sum(heights) + 2 * GAP)
    lefts = [EDGE + column * (width + GAP) for column in range(3)]
    centres = [left + width / 2 for left in lefts]
    top = EDGE + sum(heights) + 2 * GAP
    bottoms = []
    for row, height in zip(rows, heights, strict=True):
        for column, content in row.items():
            _draw(panel, (lefts[column], top - height, width, height), content, title_height)
        bottoms.append(top - height)
        top -= height + GAP

    for bottom, height, row in zip(bottoms[:2], heights, rows, strict=False):
        if 2 in row:
            arrow(panel, (lefts[1] + width, bottom + height / 2), (lefts[2], bottom + height / 2))
    arrow(panel, (centres[1], bottoms[0]), (centres[1], bottoms[0] - GAP))
    bus = bottoms[1] - 0.4 * GAP
    for ends in ((centres[1], centres[1]), (bottoms[1], bus)), ((centres[0], centres[2]), (bus, bus)):
        panel.plot(*ends, color=style.MUTED, lw=1)
    for column in rows[2]:
        arrow(panel, (centres[column], bus), (centres[column], bottoms[1] - GAP), shrinkA=0)
    boxes = (content for row in rows for content in row.values())
    figure.set_label(" ".join(f"{box.title} ({', '.join(box.text.splitlines())})." for box in boxes))
    return figure


class _Box(NamedTuple):
    """What a rounded box holds: a bold title, and a text below it."""

    title: str
    text: str
    edge: str = BLUE
    face: str = PALE


def _draw(panel: Axes, place: tuple[float, float, float, float], box: _Box, title_height: float) -> None:
    """Draw a box at (left, bottom, width, height)."""
    left, bottom, width, height = place
    look = {"facecolor": box.face, "edgecolor": box.edge, "linewidth": 0.9}
    rounded = "round,pad=0,rounding_size=0.07"
    panel.add_patch(FancyBboxPatch((left, bottom), width, height, boxstyle=rounded, **look))
    left, top = left + PAD, bottom + height - PAD
    lettering.write(panel, left, top, box.title, style.LARGE, weight="bold")
    lettering.write(panel, left, top - title_height, box.text, style.SMALL, color=style.MUTED)


def arrow(panel: Axes, start: tuple[float, float], end: tuple[float, float], **changes) -> None:
    """An arrow from one point to another; ``changes`` replace entries of `ARROW`."""
    panel.annotate("", xy=end, xytext=start, arrowprops=ARROW | changes)


def _lines(texts: Sequence[str]) -> int:
    """Number of lines of the longest text."""
    return max(text.count("\n") + 1 for text in texts)
