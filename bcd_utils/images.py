"""Reading images and masks, and making the arrays a network sees."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from bcd_utils.dicom import dicom_header, is_dicom, read_dicom

OVERLAY_OPACITY = 0.4


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
        levels = Image.fromarray(np.maximum(np.maximum(red, green), blue))
        if (levels.height, levels.width) != shape:
            levels = levels.resize((shape[1], shape[0]), Image.Resampling.NEAREST)
        levels = np.asarray(levels)
        union |= levels > (127 if levels.max(initial=0) > 1 else 0)  # some tools write masks as 0 and 1
    return union


def mask_paths(folder: Path, masks: str) -> list[Path]:
    """Files named in a manifest's ``masks`` cell ("a.png|b.png"; empty for none)."""
    return [folder / name for name in masks.split("|") if name] if isinstance(masks, str) else []


def cropped(pixels: np.ndarray, box: str) -> np.ndarray:
    """The part of an image or mask that a manifest's ``box`` cell names; all of it where that is empty.

    Examples
    --------
    >>> cropped(np.arange(12).reshape(3, 4), "1,0,3,2")  # left, top, right, bottom
    array([[1, 2],
           [5, 6]])
    """
    if not box:
        return pixels
    left, top, right, bottom = map(int, box.split(","))
    return pixels[top:bottom, left:right]


def read_row(folder: Path, row: pd.Series) -> np.ndarray:
    """The image of a manifest row, uint8 (height, width, 3), cropped to the row's box."""
    return cropped(read_image(folder / row["path"]), row.get("box", ""))


def read_row_mask(folder: Path, row: pd.Series) -> np.ndarray:
    """The united mask of a manifest row, bool (height, width), cropped to the row's box."""
    frame = image_size(folder / row["path"])
    return cropped(read_mask(mask_paths(folder, row["masks"]), frame), row.get("box", ""))


def resize(image: np.ndarray, size: int) -> np.ndarray:
    """Resize to a square without keeping the aspect ratio, as the paper does (area averaging).

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3)

    Returns
    -------
    ndarray, uint8, shape (size, size, 3)
    """
    import cv2

    shrinking = image.shape[0] >= size and image.shape[1] >= size
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)


def network_input(image: np.ndarray, mask: np.ndarray, kind: str) -> np.ndarray:
    """The picture a network is shown.

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3)
    mask : ndarray, bool, shape (height, width)
    kind : {"image", "mask", "overlay"}
        The image alone, the lesion mask alone (white on black), or the mask blended into the image.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3)

    Examples
    --------
    >>> image = np.full((1, 2, 3), 100, np.uint8)
    >>> network_input(image, np.array([[True, False]]), "overlay")[0, :, 0]
    array([162,  60], dtype=uint8)
    """
    if kind == "image":
        return image
    white = np.repeat(mask[..., None], 3, axis=2) * np.uint8(255)
    if kind == "mask":
        return white
    blend = (1 - OVERLAY_OPACITY) * image + OVERLAY_OPACITY * white
    return np.rint(blend).astype(np.uint8)
