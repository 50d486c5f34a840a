"""What tests of figures share: classes to draw, and the texts that a drawn figure shows."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

from bcd_utils.study.figures import DPI, figures_of
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


def check_figures(run: Path) -> None:
    """Hold every figure of a run to what a reader and a journal need."""
    records, folder = figures_of(run), run / "figures"
    for suffix in (".png", ".pdf", ".json"):
        assert {path.stem for path in folder.glob(f"*{suffix}")} == set(records), suffix
    for name, record in records.items():
        assert record.faults == (), name
        assert record.stage and record.caption.endswith(".") and record.alt.endswith("."), name
        assert len(record.alt.split()) > 5 and not re.search(r"\bnan\b", record.alt), name
        with Image.open(folder / f"{name}.png") as picture:
            assert picture.mode == "RGB" and picture.width in (1050, 2160), name
            assert picture.height < 300 * 9.6, f"{name}: with its caption on a page"
        drawing = (folder / f"{name}.pdf").read_bytes()
        assert b"/FontFile2" in drawing and b"/Type3" not in drawing, name
        assert b"/CreationDate" not in drawing, name
