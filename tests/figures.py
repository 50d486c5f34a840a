"""What tests of figures share: classes to draw, and the texts that a drawn figure shows."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

CLASSES = ["benign", "malignant", "normal"]
SUBTYPES = [
    "adenosis",
    "fibroadenoma",
    "phyllodes_tumor",
    "tubular_adenoma",
    "ductal_carcinoma",
    "lobular_carcinoma",
    "mucinous_carcinoma",
    "papillary_carcinoma",
]


def drawn(figure):
    """The figure after it was drawn once, so that everything has its place."""
    FigureCanvasAgg(figure).draw()
    return figure


def visible_texts(figure):
    """Text artists that are to be seen, tick labels of the view included, each once."""
    hidden = set()
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


def strings(figure):
    return [text.get_text() for text in visible_texts(figure)]
