"""Shape of a lesion's outline, as sonographers describe it: how round, how smooth, how it lies."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.stats import entropy
from skimage.measure import label, regionprops

NAMES = (
    "area", "diameter", "height_by_width", "circularity", "solidity", "extent", "eccentricity", "convexity",
    "uprightness", "radius_deviation", "radius_entropy", "radius_crossings", "row", "column", "pieces",
)  # fmt: skip


def outline_shape(mask: np.ndarray) -> np.ndarray:
    """Shape features of a lesion mask; of several pieces, all count for the area, and the largest is measured.

    Circularity, solidity, extent, eccentricity and convexity are the usual ones; deviation, entropy and zero
    crossings of the normalised radial length are those of Kilday, Palmieri and Fox (1993, IEEE Transactions
    on Medical Imaging 12:664-669). A lesion that is taller than wide is a sign of malignancy in BI-RADS.
    Uprightness is the share of the major axis that points along the depth, 1 upright and 0 lying (arbitrary for
    a round lesion). Lengths are relative to the frame, since pixel spacing is not known.

    Parameters
    ----------
    mask : ndarray, bool, shape (height, width)

    Returns
    -------
    ndarray, float32, shape (15,)
        In the order of `NAMES`; all NaN where the mask is empty.

    Examples
    --------
    >>> square = np.zeros((100, 200), bool)
    >>> square[20:60, 50:90] = True
    >>> shape = dict(zip(NAMES, outline_shape(square).astype(float).round(2).tolist()))
    >>> shape["area"], shape["height_by_width"], shape["solidity"], shape["pieces"]
    (0.08, 1.0, 1.0, 1.0)
    """
    if not mask.any():
        return np.full(len(NAMES), np.nan, np.float32)
    pieces = regionprops(label(mask))
    lesion = max(pieces, key=lambda piece: piece.area)
    height, width = mask.shape
    top, left, bottom, right = lesion.bbox
    contour = _contour(lesion.image)
    perimeter, hull = (cv2.arcLength(curve, True) for curve in (contour, cv2.convexHull(contour)))
    lengths = _radial_lengths(contour, lesion.image)
    outside = lengths > lengths.mean()
    shares = np.histogram(lengths, bins=20, range=(0, 1))[0] / len(lengths)
    values = [
        mask.mean(),
        lesion.equivalent_diameter_area / np.hypot(height, width),
        (bottom - top) / (right - left),
        min(4 * np.pi * cv2.contourArea(contour) / perimeter**2, 1.0) if perimeter else 1.0,
        lesion.solidity,
        lesion.extent,
        lesion.eccentricity,
        min(hull / perimeter, 1.0) if perimeter else 1.0,
        abs(np.cos(lesion.orientation)),
        lengths.std(),
        entropy(shares, base=2),
        (outside != np.roll(outside, 1)).mean(),
        (lesion.centroid[0] + 0.5) / height,
        (lesion.centroid[1] + 0.5) / width,
        len(pieces),
    ]
    return np.array(values, np.float32)


def _contour(lesion: np.ndarray) -> np.ndarray:
    contours, _ = cv2.findContours(lesion.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return max(contours, key=len)


def _radial_lengths(contour: np.ndarray, lesion: np.ndarray) -> np.ndarray:
    """Distance of each outline pixel from the centre of mass, divided by the longest; 0..1.

    Smoothed along a fortieth of the outline, for the steps between pixels are not the lesion's.
    """
    rows, columns = np.nonzero(lesion)
    points = contour[:, 0].astype(float)
    lengths = np.hypot(points[:, 0] - columns.mean(), points[:, 1] - rows.mean())
    smooth = uniform_filter1d(lengths, 2 * (len(lengths) // 80) + 1, mode="wrap")
    return smooth / max(smooth.max(), 1e-9)
