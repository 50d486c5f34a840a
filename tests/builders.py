"""Small things that tests are made of: pictures, and a miniature BUSI in each layout people have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("benign", "malignant", "normal")
NUMBERS = (1, 2, 10)

#: Where an image, its mask and its second mask are, below BUSI's folder.
LAYOUTS = {
    "masks beside images": (
        "Dataset_BUSI_with_GT/{label}/{stem}.png",
        "Dataset_BUSI_with_GT/{label}/{stem}_mask.png",
        "Dataset_BUSI_with_GT/{label}/{stem}_mask_1.png",
    ),
    "subfolders of each class": (
        "{label}/images/{stem}.png",
        "{label}/masks/{stem}.png",
        "{label}/masks/{stem}_mask_1.png",
    ),
    "images and masks apart": (
        "images/{label}/{stem}.png",
        "masks/{label}/{stem}_mask.png",
        "masks/{label}/{stem}_mask_1.png",
    ),
}


def noise(*key: int, shape: tuple[int, int] = (70, 90)) -> np.ndarray:
    """A grey picture (uint8) that follows from ``key``."""
    return np.random.default_rng(key).integers(0, 256, shape, dtype=np.uint8)


def square(row: int, column: int, shape: tuple[int, int] = (70, 90), side: int = 20) -> np.ndarray:
    """A mask (uint8, 0 or 255) of one square with its upper left corner at (row, column)."""
    mask = np.zeros(shape, np.uint8)
    mask[row : row + side, column : column + side] = 255
    return mask


def write_image(path: Path, pixels: np.ndarray, **options) -> Path:
    """Save ``pixels`` at ``path``, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def write_busi(folder: Path, layout: str = "masks beside images") -> Path:
    """Three images a class, each with a mask, "benign (2)" with two; returns ``folder``."""
    image, mask, second_mask = (folder.as_posix() + "/" + pattern for pattern in LAYOUTS[layout])
    for index, label in enumerate(CLASSES):
        for number in NUMBERS:
            names = {"label": label, "stem": f"{label} ({number})"}
            write_image(Path(image.format(**names)), noise(index, number))
            lesion = np.zeros((70, 90), np.uint8) if label == "normal" else square(10, 5 * number)
            write_image(Path(mask.format(**names)), lesion)
    write_image(Path(second_mask.format(label="benign", stem="benign (2)")), square(45, 60))
    return folder
