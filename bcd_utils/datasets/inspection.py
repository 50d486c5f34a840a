"""Looking at an image once: its size, its hashes, and whether it can be used."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from bcd_utils.images.decoding import decode
from bcd_utils.images.masks import looks_like_mask, mask_levels
from bcd_utils.images.reading import in_colour
from bcd_utils.images.refusals import MOST_MEGAPIXELS, reason_of
from bcd_utils.images.transforms import cropped
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import sha256_of_file, sha256_of_json

SMALLEST_SIDE = 64
LEAST_CONTRAST = 4.0


def inspect_image(path: Path, box: str = "", most_megapixels: float = MOST_MEGAPIXELS) -> dict[str, Any]:
    """Measure one image, or the part of it in ``box``.

    Parameters
    ----------
    path : Path
    box : str
        "left,top,right,bottom" in pixels of the upright image; empty for the whole image.
    most_megapixels : float
        A larger image is set aside before its pixels are read.

    Returns
    -------
    dict
        width, height (pixels), sha256 (of the file, and of the box where there is one), perceptual_hash (64
        bits as hexadecimal), pixels_sha256; format and mode (such as "PNG" and "L"; for other depths than 8 bit with
        the levels of black and white), bytes; looks_like_mask; and ``status``: "ok" or the reason to set the
        image aside: empty or truncated, no image, several frames, too large, what the decoder says, smaller than
        64 pixels a side, or nearly uniform (a standard deviation below 4 of 255 grey levels).

    Raises
    ------
    StudyError
        If reading it needs a package that is not installed.
    """
    import imagehash
    from PIL import Image

    row: dict[str, Any] = {
        "width": 0, "height": 0, "sha256": "", "pixels_sha256": "", "perceptual_hash": "", "format": "", "mode": "",
        "bytes": 0, "looks_like_mask": False, "status": "ok",
    }  # fmt: skip
    try:
        row["bytes"] = path.stat().st_size
        row["sha256"] = hash_of(path) if row["bytes"] else ""  # two empty files are no copies of an image
        if box and row["sha256"]:
            row["sha256"] = sha256_of_json([row["sha256"], box])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stored = decode(path, most_megapixels)
        shown = cropped(stored.grey_or_colour, box)
    except StudyError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise many kinds
        return row | {"status": reason_of(error, path)}
    row["format"], row["mode"] = stored.format, stored.depth
    pixels = in_colour(shown)
    row["height"], row["width"] = pixels.shape[:2]
    digest = hashlib.sha256(np.ascontiguousarray(pixels).data)
    digest.update(str(pixels.shape).encode())
    row["pixels_sha256"] = digest.hexdigest()
    row["perceptual_hash"] = str(imagehash.phash(Image.fromarray(shown)))
    row["looks_like_mask"] = looks_like_mask(cropped(mask_levels(stored), box))
    if min(pixels.shape[:2]) < SMALLEST_SIDE:
        row["status"] = f"smaller than {SMALLEST_SIDE} pixels"
    elif standard_deviation(pixels) < LEAST_CONTRAST:
        row["status"] = "nearly uniform"
    return row


def hash_of(path: Path) -> str:
    """SHA-256 of a file's bytes; "" of what is no regular file, such as a pipe, which would never end.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    return sha256_of_file(path) if path.is_file() else ""


def standard_deviation(pixels: np.ndarray) -> float:
    """Standard deviation over all pixels and channels of a uint8 image, without a copy in floating point.

    Examples
    --------
    >>> round(standard_deviation(np.array([[[0, 0, 0], [0, 0, 6]]], np.uint8)), 3)
    2.236
    """
    import cv2

    means, deviations = cv2.meanStdDev(pixels)
    return float(np.sqrt(np.mean(deviations**2 + means**2) - np.mean(means) ** 2))
