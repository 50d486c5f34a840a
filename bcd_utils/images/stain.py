"""Stain normalisation of haematoxylin and eosin histopathology, towards published reference values.

Laboratories and scanners colour the same tissue differently, and a network may learn the laboratory. Both
methods here map each image by itself onto fixed references, so nothing is fitted on test images:

- Macenko et al. 2009, ISBI, pp. 1107-1110: the two stains' colours are the edges of the fan that optical
  densities span, and each pixel is an amount of each. Reference: the stain matrix and amounts that the authors
  of the public implementation give (M. Veta, github.com/mitkovetta/staining-normalization).
- Reinhard et al. 2001, IEEE Computer Graphics and Applications 21(5):34-41: means and standard deviations of
  the decorrelated colour space l-alpha-beta. Reference: a breast cancer slide of the TCGA, TCGA-A2-A3XS-DX1 (Amgad et
  al. 2019, Bioinformatics 35:3461-3467, as in HistomicsTK).

White stays white, and an image with too little tissue to tell its stains stays as it is. The light of a
microscope is seldom white (BreakHis' backgrounds are grey and greenish), so for Macenko's method it is what
the brightest twentieth of the image shows in each channel.
"""

from __future__ import annotations

import numpy as np

LEAST_DENSITY = 0.15  # of tissue: in each channel for Macenko's method as published, else on average
TISSUE_PIXELS = 100  # with fewer, nothing is known of the stains
LIGHT = 95  # percentile
EDGES = (1, 99)  # percentiles of the fan's angles, and of amounts
CONDITION = 100  # of two stains that are hardly two

#: Columns haematoxylin and eosin, rows red, green and blue; and the 99th percentile of the amounts of each.
STAINS = np.array([[0.5626, 0.2159], [0.7201, 0.8012], [0.4062, 0.5581]])
AMOUNTS = np.array([1.9705, 1.0308])

LAB_MEANS = np.array([8.74108109, -0.12440419, 0.0444982])
LAB_DEVIATIONS = np.array([0.6135447, 0.10989545, 0.0286032])
TO_CONES = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
TO_LAB = np.diag(1 / np.sqrt([3, 6, 2])) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])


def normalise_stain(image: np.ndarray, method: str) -> np.ndarray:
    """An image with its stains as in the reference.

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3), values 0..255
    method : {"none", "reinhard", "macenko"}

    Returns
    -------
    ndarray, uint8, the same shape
        The image itself where there is too little tissue, or not two stains, to tell.
    """
    if method == "none":
        return image
    normalise = {"reinhard": _reinhard, "macenko": _macenko}[method]
    return normalise(image.reshape(-1, 3)).reshape(image.shape)


def optical_density(pixels: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Optical density after Beer and Lambert.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (n, 3)
    light : ndarray, shape (3,)
        Grey level (0..255) of what lets all light through, in each channel; brighter pixels have density 0.

    Returns
    -------
    ndarray, float32, shape (n, 3)

    Examples
    --------
    >>> optical_density(np.array([[255, 127, 0]], np.uint8), np.full(3, 255)).round(2).tolist()[0][1:]
    [0.6899999976158142, 5.550000190734863]
    """
    levels = np.arange(1, 257, dtype=np.float32)
    tables = np.maximum(np.log((light[:, None] + 1) / levels), 0).astype(np.float32)
    return np.stack([table[channel] for table, channel in zip(tables, pixels.T, strict=True)], axis=1)


def stain_matrix(densities: np.ndarray) -> np.ndarray:
    """Colours of the two stains that tissue is a mixture of.

    Parameters
    ----------
    densities : ndarray, float, shape (n, 3)
        Optical densities of tissue.

    Returns
    -------
    ndarray, float, shape (3, 2)
        Columns haematoxylin (the redder in density) and eosin, of length 1.
    """
    _, vectors = np.linalg.eigh(np.cov(densities.T))
    plane = vectors[:, :0:-1]  # the two directions of most variance, the first first
    plane = plane * np.where(plane.sum(axis=0) < 0, -1, 1)
    along, across = (densities @ plane).T
    angles = np.percentile(np.arctan2(across, along), EDGES)
    stains = plane @ np.array([np.cos(angles), np.sin(angles)])
    return stains[:, np.argsort(-stains[0])]


def _macenko(pixels: np.ndarray) -> np.ndarray:
    if len(pixels) < TISSUE_PIXELS:
        return pixels
    densities = optical_density(pixels, np.percentile(pixels, LIGHT, axis=0))
    tissue = (densities > LEAST_DENSITY).all(axis=1)
    if tissue.sum() < TISSUE_PIXELS:
        return pixels
    stains = stain_matrix(densities[tissue])
    if np.linalg.cond(stains) > CONDITION:
        return pixels
    amounts = np.linalg.pinv(stains) @ densities.T
    highest = np.percentile(amounts[:, tissue], EDGES[1], axis=1)
    if (highest <= 0).any():
        return pixels
    shown = 256 * np.exp(-(STAINS * (AMOUNTS / highest)) @ amounts).T - 1
    return np.clip(np.rint(shown), 0, 255).astype(np.uint8)


def _reinhard(pixels: np.ndarray) -> np.ndarray:
    tissue = optical_density(pixels, np.full(3, 255)).mean(axis=1) > LEAST_DENSITY
    if tissue.sum() < TISSUE_PIXELS:
        return pixels
    lab = np.log(np.maximum(pixels[tissue].astype(np.float32) @ TO_CONES.T, 1)) @ TO_LAB.T
    scale = LAB_DEVIATIONS / np.maximum(lab.std(axis=0), 1e-6)
    lab = (lab - lab.mean(axis=0)) * scale + LAB_MEANS
    shown = pixels.copy()
    levels = np.exp(lab @ np.linalg.inv(TO_LAB).T) @ np.linalg.inv(TO_CONES).T
    shown[tissue] = np.clip(np.rint(levels), 0, 255)
    return shown
