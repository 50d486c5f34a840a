"""Whether all texts of a figure can be read: none too small, cut off, over another or over a line of its panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from matplotlib.transforms import Bbox

PAGE, COLUMN = 7.2, 3.5  # inches, the widths of a journal's page and of its column
SMALLEST, LARGEST = 7, 9  # points
SLACK = 0.7  # points that the box of a text is larger than its letters on each side


def faults(figure: Figure) -> list[str]:
    """What keeps a figure from being read in print, in words; none where all is well.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn before, so that everything has its place.
    """
    found = [] if figure.get_figwidth() in (PAGE, COLUMN) else [f"{figure.get_figwidth():g} inches wide"]
    texts = visible_texts(figure)
    for text in texts:
        if not SMALLEST <= round(text.get_fontsize(), 2) <= LARGEST:
            found.append(f"{text.get_text()!r} has {text.get_fontsize():g} points")
        if missing := _missing(text):
            found.append(f"{text.get_text()!r} has letters that the font lacks: {missing}")
        box, page = text.get_window_extent(), figure.bbox
        if box.x0 < page.x0 - 1 or box.y0 < page.y0 - 1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
            found.append(f"{text.get_text()!r} is cut off")
    # the boxes of slanted labels overlap although their letters do not
    straight = [text for text in texts if text.get_rotation() % 90 == 0]
    boxes = np.array([_letters(text).extents for text in straight]).reshape(-1, 4)
    for index, text in enumerate(straight):
        others = [
            straight[other].get_text() for other in _meeting(boxes[index], boxes[index + 1 :], index + 1)
        ]
        found += [f"{text.get_text()!r} lies over {other!r}" for other in others]
    for panel in figure.axes:
        lines = [
            spine.get_window_extent()
            for spine in panel.spines.values()
            if spine.get_visible() and panel.axison
        ]
        edges = np.array([line.extents for line in lines]).reshape(-1, 4)
        meeting = [
            text.get_text() for text, box in zip(straight, boxes, strict=True) if len(_meeting(box, edges))
        ]
        found += [f"{text!r} lies over the edge of a panel" for text in meeting]
    return found


def _missing(text: Text) -> str:
    """The letters of a text for which its font has no sign."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont(text.get_fontproperties()))
    letters = "".join(dict.fromkeys(text.get_text().replace("\n", "")))
    return "".join(letter for letter in letters if not font.get_char_index(ord(letter)))


def _letters(text: Text) -> Bbox:
    """Where the letters of a text are, in pixels."""
    assert text.figure is not None
    return text.get_window_extent().padded(-SLACK * text.figure.dpi / 72)


def _meeting(box: np.ndarray, others: np.ndarray, first: int = 0) -> np.ndarray:
    """Places, counted from ``first``, of the boxes that share points with one; each is (left, bottom, right, top)."""
    left, bottom, right, top = others.T
    apart = (right <= box[0]) | (box[2] <= left) | (top <= box[1]) | (box[3] <= bottom)
    return first + np.flatnonzero(~apart)


def visible_texts(figure: Figure) -> list[Text]:
    """The texts that are to be seen, the tick labels of the view included, each once."""
    from matplotlib.text import Text

    hidden: set[Text] = set()
    for panel in figure.axes:
        for axis in (panel.xaxis, panel.yaxis):
            shown = axis.get_visible() and panel.axison
            low, high = sorted(axis.get_view_interval())
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            outside = {tick for tick in ticks if not low <= tick.get_loc() <= high}
            hidden |= {text for tick in (outside if shown else ticks) for text in tick.findobj(Text)}
            hidden |= set() if shown else set(axis.findobj(Text))
    texts = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible())
    return [text for text in dict.fromkeys(texts) if text.get_text().strip() and text not in hidden]
