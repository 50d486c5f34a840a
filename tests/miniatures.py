"""Miniature copies of the published data sets, each in its official layout."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from builders import noise, write_image

#: Subtype, slide, and how many images at each magnification; the cases 14-1, 14-2 and 14-9 have several slides.
BREAKHIS_SLIDES = [
    ("B", "A", "adenosis", "14-1AB"),
    ("B", "A", "adenosis", "14-1CD"),
    ("B", "F", "fibroadenoma", "14-2"),
    ("B", "PT", "phyllodes_tumor", "14-2C"),
    ("B", "TA", "tubular_adenoma", "14-3"),
    ("M", "DC", "ductal_carcinoma", "14-9"),
    ("M", "LC", "lobular_carcinoma", "14-9"),
    ("M", "MC", "mucinous_carcinoma", "14-10"),
    ("M", "PC", "papillary_carcinoma", "15-11EF"),
]


def write_breakhis(folder: Path, slides: Iterable = BREAKHIS_SLIDES, images: int = 1) -> Path:
    """Each slide at 40x and 200x in the official tree; those called 14-9 hold the same images."""
    for side, short, subtype, slide in slides:
        tree = folder / "BreaKHis_v1" / "histology_slides" / "breast"
        tree = (
            tree / {"B": "benign", "M": "malignant"}[side] / "SOB" / subtype / f"SOB_{side}_{short}_{slide}"
        )
        for zoom in (40, 200):
            for number in range(1, images + 1):
                name = f"SOB_{side}_{short}-{slide}-{zoom}-{number:03}.png"
                seed = sum(map(ord, slide)) * 1000 + zoom + number
                write_image(tree / f"{zoom}X" / name, noise(seed, shape=(76, 100)))
    return folder
