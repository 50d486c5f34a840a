"""Grey TIFF files of kinds that Pillow misreads or does not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from bcd_utils.images.levels import Limits, in_8_bit, limits_of
from bcd_utils.images.refusals import ImageError, refuse_larger

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SUBFILE, BITS, PHOTOMETRIC, SAMPLE_FORMAT = 254, 258, 262, 339
WHITE_IS_ZERO, SIGNED = 0, 2


def is_part_of_another(page: Image.Image) -> bool:
    """Whether a page says of itself that it is a smaller copy of another, or its mask."""
    return bool(page.tag_v2.get(SUBFILE, 0) & 0b101)  # type: ignore[attr-defined]


def grey_levels(image: Image.Image) -> tuple[np.ndarray, Limits | None] | None:
    """Grey levels that are not 8 bit from zero on, with the sign and the white that the file says; else None."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits, signed = tags.get(BITS, (1,))[0], tags.get(SAMPLE_FORMAT, (1,))[0] == SIGNED
    if image.mode == "L" and signed:
        return np.asarray(image).view(np.int8), (-128, 127)
    if not image.mode.startswith("I") and image.mode != "F":
        return None
    white_is_zero = tags.get(PHOTOMETRIC) == WHITE_IS_ZERO
    levels = np.asarray(image)
    levels = levels.astype(levels.dtype.newbyteorder("="))
    if image.mode == "I" and bits == 32 and not signed:
        levels = levels.view(np.uint32)
    return levels, _limits(levels, bits, white_is_zero)


def read_other(path: Path, most_megapixels: float) -> tuple[np.ndarray, Limits | None, str, int]:
    """A file that Pillow does not know, such as one of 64-bit fractions.

    Returns
    -------
    levels : ndarray, shape (height, width) or, of uint8, (height, width, 3)
    limits : (black, white) or None
    mode : str
        Such as "float64".
    orientation : int
    """
    import tifffile

    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        refuse_larger(page.imagewidth, page.imagelength, most_megapixels)
        if len(file.pages) > 1:
            raise ImageError("several frames")
        levels, bands = page.asarray(), page.samplesperpixel
        turned = page.tags.valueof("Orientation", 1)
        limits = _limits(levels, page.bitspersample, page.photometric == WHITE_IS_ZERO)
    if bands > 1 and levels.shape[0] == bands:
        levels = np.moveaxis(levels, 0, 2)
    if levels.ndim == 3 and bands in (3, 4):
        return in_8_bit(levels[..., :3]), None, f"{levels.dtype} RGB", int(turned)
    if levels.ndim != 2:
        raise ImageError(f"could not be read: {bands} values a pixel, neither grey nor RGB")
    return levels, limits, str(levels.dtype), int(turned)


def _limits(levels: np.ndarray, bits: int, white_is_zero: bool) -> Limits | None:
    if white_is_zero:
        return limits_of(levels)[::-1]
    return (0, 4095) if bits == 12 else None
