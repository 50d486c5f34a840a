"""From grey levels of any depth to 8 bit, so that two images of one set stay comparable."""

from __future__ import annotations

import numpy as np

Limits = tuple[float, float]

#: What black and white may be: the ranges of the usual depths, and of CT (12 bit from -1024 on).
DEPTHS: tuple[Limits, ...] = (
    (0, 255),
    (-128, 127),
    (0, 1023),
    (-512, 511),
    (0, 4095),
    (-1024, 3071),
    (-2048, 2047),
    (0, 16383),
    (-8192, 8191),
    (0, 65535),
    (-32768, 32767),
    (0, 2**32 - 1),
    (-(2**31), 2**31 - 1),
)
UNITS: tuple[Limits, ...] = ((0, 1), (-1, 1))
LEAST_FILLED = 1 / 16


def limits_of(levels: np.ndarray) -> Limits:
    """Which levels are black and white, where the file does not say so: the ends of the first depth that holds all.

    Not the image's own lowest and highest level: that would make a dark image of a set as bright as the others.
    Only fractions that neither lie in -1..1 nor fill a sixteenth of a depth have no scale but their own.

    Examples
    --------
    >>> limits_of(np.array([0, 3000], np.uint16)), limits_of(np.array([-100, 100], np.int16))
    ((0, 4095), (-128, 127))
    >>> limits_of(np.array([0, 0.7, np.nan])), limits_of(np.array([-2.5, 3.0]))
    ((0, 1), (-2.5, 3.0))
    """
    fractions = levels.dtype.kind == "f"
    if fractions:
        levels = levels[np.isfinite(levels)]
    if not levels.size:
        return 0, 1
    low, high = float(levels.min()), float(levels.max())
    for black, white in (*UNITS, *DEPTHS) if fractions else DEPTHS:
        if black <= low and high <= white:
            if fractions and white > 1 and high - low < LEAST_FILLED * (white - black):
                break
            return black, white
    return low, high


def in_8_bit(levels: np.ndarray, limits: Limits | None = None) -> np.ndarray:
    """Grey levels of any depth as 0..255.

    Parameters
    ----------
    levels : ndarray
        Of any shape and type; what is no number is black.
    limits : (black, white), optional
        As the file says them, the higher one first where high is dark; else those of `limits_of`.

    Returns
    -------
    ndarray, uint8

    Examples
    --------
    >>> in_8_bit(np.array([0, 1024, 4095], np.uint16)).tolist()
    [0, 64, 255]
    """
    black, white = limits or limits_of(levels)
    if levels.dtype == np.uint8 and (black, white) == (0, 255):
        return levels
    scale = 255 / ((white - black) or 1)
    if levels.dtype == np.uint16:  # a table needs no copy in floating point
        return np.rint(np.clip((np.arange(65536) - black) * scale, 0, 255)).astype(np.uint8)[levels]
    shown = (levels.astype(np.float64) - black) * scale
    return np.rint(np.clip(np.nan_to_num(shown, nan=0, posinf=255, neginf=0), 0, 255)).astype(np.uint8)
