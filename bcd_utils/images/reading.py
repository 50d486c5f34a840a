"""Reading images and masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from bcd_utils.images.decoding import NO_LIMIT, decode, frame_of, upright
from bcd_utils.images.masks import lesion_of, mask_levels
from bcd_utils.images.transforms import cropped
from bcd_utils.utils.path_text import path_of


def read_image(path: Path | str, most_megapixels: float = NO_LIMIT) -> np.ndarray:
    """Read an image of any mode and depth as RGB, upright.

    DICOM is shown as `dicom.read_dicom` says, other levels than 8 bit as `levels.in_8_bit` does, transparency on
    black. For what it raises see `decoding.decode`.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3), values 0..255
    """
    return in_colour(decode(path, most_megapixels).grey_or_colour)


def in_colour(pixels: np.ndarray) -> np.ndarray:
    """RGB (height, width, 3) of an image that may be grey (height, width)."""
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def read_mask(paths: Sequence[Path | str], shape: tuple[int, int], orientation: int = 1) -> np.ndarray:
    """Union of mask files of any mode, in an image's frame; `masks.lesion_of` says what in them is lesion.

    Parameters
    ----------
    paths : sequence of path
        None, one or several files.
    shape : (height, width)
        Frame of the image, upright; a mask of another size is resized to it (nearest neighbour).
    orientation : int
        How the image is stored, as EXIF numbers it: a mask that was drawn lying, as the image is stored, is
        turned with it.

    Returns
    -------
    ndarray, bool, shape (height, width)
    """
    union = np.zeros(shape, dtype=bool)
    for path in paths:
        lesion = lesion_of(mask_levels(decode(path)))
        if orientation > 4 and lesion.shape == shape[::-1] != shape:
            lesion = upright(lesion, orientation)
        if lesion.shape != shape:
            resized = Image.fromarray(lesion).resize((shape[1], shape[0]), Image.Resampling.NEAREST)
            lesion = np.asarray(resized)
        union |= lesion
    return union


def mask_paths(folder: Path, masks: str) -> list[Path]:
    """Files named in a manifest's ``masks`` cell ("a.png|b.png"; empty for none)."""
    return [folder / path_of(name) for name in masks.split("|") if name] if isinstance(masks, str) else []


def read_row(folder: Path, row: pd.Series) -> np.ndarray:
    """The image of a manifest row, uint8 (height, width, 3), cropped to the row's box."""
    return cropped(read_image(folder / path_of(row["path"])), row.get("box", ""))


def read_row_mask(folder: Path, row: pd.Series) -> np.ndarray:
    """The united mask of a manifest row, bool (height, width), cropped to the row's box."""
    lesion = read_mask(mask_paths(folder, row["masks"]), *frame_of(folder / path_of(row["path"])))
    return cropped(lesion, row.get("box", ""))


def read_with_mask(folder: Path, row: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Image (uint8, height x width x 3) and united mask (bool, height x width) of a manifest row."""
    return read_row(folder, row), read_row_mask(folder, row)
