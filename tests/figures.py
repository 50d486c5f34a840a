"""What tests of figures share: classes to draw, and the texts that a drawn figure shows."""

from __future__ import annotations

from bcd_utils.study.figures import DPI
from bcd_utils.study.legibility import faults, visible_texts

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
    """The figure after it was drawn once as it is saved, so that everything has its place; all texts can be read."""
    figure.set_dpi(DPI)
    figure.draw_without_rendering()
    assert faults(figure) == []
    return figure


def strings(figure):
    return [text.get_text() for text in visible_texts(figure)]
