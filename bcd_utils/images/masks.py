"""What in a mask file is lesion, whatever levels it was drawn in; and what looks like a mask."""

from __future__ import annotations

import numpy as np

from bcd_utils.images.decoding import Stored
from bcd_utils.images.levels import in_8_bit

FEW = 16  # levels
NEARLY = 32  # grey levels of 255 that JPEG may move black and white by
BRIGHT_BORDER = 0.75
FLAT = 0.5


def mask_levels(stored: Stored) -> np.ndarray:
    """The one channel of a file in which a mask can be.

    A pixel counts by its strongest colour, so a mask in full red or green is as good as a white one. Where that is
    the same everywhere, the mask is in the opacity, else in what differs from the border's colour.

    Returns
    -------
    ndarray, uint8 or uint16, shape (height, width)
    """
    levels = stored.levels
    if levels.ndim == 3:  # several times as fast as max(axis=2)
        levels = np.maximum(np.maximum(levels[..., 0], levels[..., 1]), levels[..., 2])
    if levels.dtype not in (np.uint8, np.uint16):
        whole = levels.dtype.kind != "f" or not (levels % 1).any()
        fits = whole and levels.min() >= 0 and levels.max() <= 65535
        levels = levels.astype(np.uint16) if fits else in_8_bit(levels, stored.limits)
    if np.ptp(levels):
        return levels
    if stored.alpha is not None:
        return stored.alpha
    if stored.levels.ndim == 3 and np.ptp(stored.levels):
        ground = np.median(_border(stored.levels), axis=0).astype(np.int16)
        return np.abs(stored.levels - ground).max(axis=2).astype(np.uint8)
    return levels


def is_inverted(levels: np.ndarray) -> bool:
    """Whether a mask is dark on a bright ground: three quarters of its outermost pixels are bright.

    A mask of one level is not.

    Examples
    --------
    >>> levels = np.full((9, 9), 255, np.uint8)
    >>> levels[3:6, 3:6] = 0
    >>> is_inverted(levels), is_inverted(255 - levels)
    (True, False)
    """
    low, top = int(levels.min()), int(levels.max())
    return low < top and bool((_border(levels) > (low + top) / 2).mean() > BRIGHT_BORDER)


def lesion_of(levels: np.ndarray) -> np.ndarray:
    """Which pixels of a mask are lesion.

    White, or of the higher one of two levels. Of more levels, those above the middle (127 of 255), so that the
    edges of smooth masks and of JPEG stay where they are; and class numbers: every level above the lowest, in a mask
    of few levels none of which is above 127, and elsewhere levels that fill areas rather than edges. A mask that is
    dark on a bright ground (`is_inverted`) is turned round before. A mask of one level is lesion unless it is 0.

    Parameters
    ----------
    levels : ndarray, uint8 or uint16, shape (height, width)

    Returns
    -------
    ndarray, bool, shape (height, width)

    Examples
    --------
    >>> lesion_of(np.array([[0, 0, 1, 2]], np.uint8)).tolist()
    [[False, False, True, True]]
    >>> lesion_of(np.array([[0, 90, 160, 255]], np.uint8)).tolist()
    [[False, False, True, True]]
    """
    if is_inverted(levels):
        levels = levels.max() - levels
    counts = _histogram(levels)
    present = np.flatnonzero(counts)
    low, top = present[0], present[-1]
    if low == top:
        return np.full(levels.shape, low > 0)
    if len(present) == 2 or (len(present) <= FEW and top <= 127):
        return levels > low
    middle = 127 if 127 < top <= 255 else (low + top) / 2
    numbers = _class_numbers(levels, counts, middle)
    return (levels > middle) | np.isin(levels, numbers) if len(numbers) else levels > middle


def looks_like_mask(pixels: np.ndarray) -> bool:
    """Whether a picture is made of areas of few levels, as masks are, rather than of tissue.

    Parameters
    ----------
    pixels : ndarray, uint8 or uint16, shape (height, width) or (height, width, 3)

    Examples
    --------
    >>> drawn = np.zeros((64, 64), np.uint8)
    >>> drawn[20:40, 20:40] = 255
    >>> looks_like_mask(drawn), looks_like_mask(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    (True, False)
    """
    levels = pixels.max(axis=2) if pixels.ndim == 3 else pixels
    present = np.count_nonzero(_histogram(levels))
    if present < 2:
        return False
    return bool(_flat(levels).mean() > 0.8) if present <= FEW else is_black_and_white(levels)


def is_black_and_white(levels: np.ndarray) -> bool:
    """Whether nearly all pixels have one of two levels, or are as near to them as JPEG leaves them.

    Examples
    --------
    >>> is_black_and_white(np.array([[0, 65535]], np.uint16)), is_black_and_white(np.array([[0, 70, 90]], np.uint8))
    (True, False)
    """
    counts = _histogram(levels)
    present = np.flatnonzero(counts)
    if len(present) <= 2:
        return True
    low, top = present[0], present[-1]
    near = max(1, round((top - low) * NEARLY / 255))
    ends = counts[low] + counts[top]
    around = counts[low : low + near + 1].sum() + counts[top - near : top + 1].sum()
    return bool(around > 0.99 * levels.size and ends > 0.5 * levels.size)


def looks_like_picture(levels: np.ndarray) -> bool:
    """Whether what should be a mask has many grey levels, and a fifth of it between dark and bright.

    Examples
    --------
    >>> looks_like_picture(np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8))
    True
    >>> looks_like_picture(np.array([[0, 100, 100, 255]], np.uint8))
    False
    """
    counts = _histogram(levels)
    present = np.flatnonzero(counts)
    low, top = present[0], present[-1]
    margin = round((top - low) * NEARLY / 255)
    return len(present) > FEW and bool(counts[low + margin : top - margin].sum() > 0.2 * levels.size)


def _border(pixels: np.ndarray) -> np.ndarray:
    """The outermost pixels, in a row."""
    return np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])


def _histogram(levels: np.ndarray) -> np.ndarray:
    import cv2

    depth = 256 if levels.dtype == np.uint8 else 65536
    return cv2.calcHist([np.ascontiguousarray(levels)], [0], None, [depth], [0, depth]).ravel()


def _flat(levels: np.ndarray) -> np.ndarray:
    """Whether a pixel's neighbours all have its level."""
    import cv2

    around = np.ones((3, 3), np.uint8)
    return cv2.erode(levels, around) == cv2.dilate(levels, around)


def _class_numbers(levels: np.ndarray, counts: np.ndarray, middle: float) -> np.ndarray:
    """Levels up to the middle that fill areas; not those that JPEG leaves around black, as it does around white."""
    low, *_, top = np.flatnonzero(counts)
    rings = counts[max(0, top - NEARLY + 1) : top].any()
    share = _histogram(levels[_flat(levels)]) / np.maximum(counts, 1)
    numbers = np.flatnonzero((counts > 0) & (share >= FLAT))
    return numbers[(numbers > (low + NEARLY if rings else low)) & (numbers <= middle)]
