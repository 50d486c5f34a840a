"""Hand-crafted features of an image: gradients, textures and grey levels, as before deep learning."""

from __future__ import annotations

import cv2
import numpy as np
from skimage.feature import graycomatrix, graycoprops, hog, local_binary_pattern
from skimage.measure import shannon_entropy

HOG_SIDE = 128
LBP_RADII = (1, 2, 3)
GLCM_LEVELS = 32
GLCM_DISTANCES = (1, 2, 4)
GLCM_PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation", "ASM")
PERCENTILES = (5, 25, 50, 75, 95)
HISTOGRAM_BINS = 16
#: Places of each kind of feature in the vector.
PARTS = {
    "hog": slice(0, 1568),
    "lbp": slice(1568, 1622),
    "glcm": slice(1622, 1658),
    "intensity": slice(1658, 1690),
}


def handcrafted_features(image: np.ndarray) -> np.ndarray:
    """All hand-crafted features of one image.

    Histogram of oriented gradients (Dalal and Triggs 2005) at 128 x 128 pixels; rotation-invariant uniform
    local binary patterns of three radii (Ojala et al. 2002); mean and range over four directions of six
    properties of the grey-level co-occurrence matrix at three distances (Haralick et al. 1973); grey-level
    moments, entropy, percentiles and histogram, and mean and deviation of each colour channel.

    Parameters
    ----------
    image : ndarray, uint8, shape (s, s, 3)

    Returns
    -------
    ndarray, float32, shape (1690,)
        The parts lie where `PARTS` says; all are finite.

    Examples
    --------
    >>> values = handcrafted_features(np.full((64, 64, 3), 100, np.uint8))
    >>> values.shape, float(values[PARTS["intensity"]][0])
    ((1690,), 100.0)
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    parts = [gradients(grey), patterns(grey), co_occurrence(grey), intensities(image, grey)]
    return np.concatenate(parts).astype(np.float32)


def gradients(grey: np.ndarray) -> np.ndarray:
    """Histogram of oriented gradients: 8 directions, cells of 16 pixels, blocks of 2 x 2 cells; (1568,)."""
    small = cv2.resize(grey, (HOG_SIDE, HOG_SIDE), interpolation=cv2.INTER_AREA)
    return hog(small, orientations=8, pixels_per_cell=(16, 16), cells_per_block=(2, 2))


def patterns(grey: np.ndarray) -> np.ndarray:
    """Shares of the rotation-invariant uniform patterns at 1, 2 and 3 pixels' distance; (54,)."""
    shares = []
    for radius in LBP_RADII:
        points = 8 * radius
        codes = local_binary_pattern(grey, points, radius, method="uniform")
        shares.append(np.bincount(codes.astype(int).ravel(), minlength=points + 2) / codes.size)
    return np.concatenate(shares)


def co_occurrence(grey: np.ndarray) -> np.ndarray:
    """Six properties of the co-occurrence of 32 grey levels: mean and range over directions; (36,)."""
    levels = grey // (256 // GLCM_LEVELS)
    angles = (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
    matrix = graycomatrix(levels, GLCM_DISTANCES, angles, GLCM_LEVELS, symmetric=True, normed=True)
    values = np.stack([graycoprops(matrix, name) for name in GLCM_PROPERTIES])
    return np.stack([values.mean(axis=2), np.ptp(values, axis=2)]).ravel()


def intensities(image: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Moments, entropy, percentiles and histogram of grey levels; mean and deviation of each channel; (32,)."""
    levels = grey.astype(float).ravel()
    mean, deviation = levels.mean(), levels.std()
    standard = (levels - mean) / max(deviation, 1e-9)
    shares = np.bincount(grey.ravel(), minlength=256) / grey.size
    moments = [mean, deviation, (standard**3).mean(), (standard**4).mean(), shannon_entropy(grey)]
    histogram = shares.reshape(HISTOGRAM_BINS, -1).sum(axis=1)
    channels = image.reshape(-1, 3).astype(float)
    return np.concatenate(
        [moments, np.percentile(levels, PERCENTILES), histogram, channels.mean(axis=0), channels.std(axis=0)]
    )
