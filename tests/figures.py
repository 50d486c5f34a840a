"""What tests of figures share: classes to draw, and the texts that a drawn figure shows."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg

from bcd_utils.study.legibility import visible_texts

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


def strings(figure):
    return [text.get_text() for text in visible_texts(figure)]
