"""Reading images and masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from bcd_utils.images.dicom import dicom_header, is_dicom, read_dicom
from bcd_utils.images.transforms import cropped
from bcd_utils.utils.path_text import path_of


def read_image(path: Path | str) -> np.ndarray:
    """Read an image of any mode as RGB; DICOM as `dicom.read_dicom` shows it.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3), values 0..255
    """
    if is_dicom(path):
        return read_dicom(path)
    with Image.open(path) as image:
        if image.mode.startswith("I;16") or image.mode == "I":
            levels = np.asarray(image, dtype=np.float64)
            return np.repeat((levels / max(levels.max(), 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
        return np.asarray(image.convert("RGB"))


def image_size(path: Path | str) -> tuple[int, int]:
    """Height and width of an image in pixels, without reading its pixels."""
    if is_dicom(path):
        header = dicom_header(path)
        return header.Rows, header.Columns
    with Image.open(path) as image:
        return image.height, image.width


def read_mask(paths: Sequence[Path | str], shape: tuple[int, int]) -> np.ndarray:
    """Union of mask files (modes 1, L, P, RGB, RGBA), in an image's frame.

    A pixel counts by its strongest channel, so a mask in full red or green is as good as a white one.

    Parameters
    ----------
    paths : sequence of path
        None, one or several files; white or a full colour is lesion, alpha is ignored.
    shape : (height, width)
        Frame of the image; a mask of another size is resized to it (nearest neighbour).

    Returns
    -------
    ndarray, bool, shape (height, width)
    """
    union = np.zeros(shape, dtype=bool)
    for path in paths:
        red, green, blue = np.moveaxis(read_image(path), 2, 0)  # several times as fast as max(axis=2)
        mask = Image.fromarray(np.maximum(np.maximum(red, green), blue))
        if (mask.height, mask.width) != shape:
            mask = mask.resize((shape[1], shape[0]), Image.Resampling.NEAREST)
        levels = np.asarray(mask)
        union |= levels > (127 if levels.max(initial=0) > 1 else 0)  # some tools write masks as 0 and 1
    return union


def mask_paths(folder: Path, masks: str) -> list[Path]:
    """Files named in a manifest's ``masks`` cell ("a.png|b.png"; empty for none)."""
    return [folder / path_of(name) for name in masks.split("|") if name] if isinstance(masks, str) else []


def read_row(folder: Path, row: pd.Series) -> np.ndarray:
    """The image of a manifest row, uint8 (height, width, 3), cropped to the row's box."""
    return cropped(read_image(folder / path_of(row["path"])), row.get("box", ""))


def read_row_mask(folder: Path, row: pd.Series) -> np.ndarray:
    """The united mask of a manifest row, bool (height, width), cropped to the row's box."""
    frame = image_size(folder / path_of(row["path"]))
    return cropped(read_mask(mask_paths(folder, row["masks"]), frame), row.get("box", ""))


def read_with_mask(folder: Path, row: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Image (uint8, height x width x 3) and united mask (bool, height x width) of a manifest row."""
    return read_row(folder, row), read_row_mask(folder, row)
