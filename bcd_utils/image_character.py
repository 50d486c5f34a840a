"""What images are like as signals: brightness, contrast, entropy, sharpness and noise, at their own resolution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.files import sha256_of_file, sha256_of_json
from bcd_utils.images import read_row
from bcd_utils.sweep import Result, sweep

#: Measure -> how tables and figures call it.
MEASURES = {
    "brightness": "brightness (mean grey)",
    "contrast": "contrast (SD of grey)",
    "robust_contrast": "robust contrast (5th to 95th percentile)",
    "entropy": "entropy (bits)",
    "sharpness": "sharpness (variance of Laplacian)",
    "noise": "noise (SD of grey)",
}
BLOCK = 64  # images of one job


def image_character(image: np.ndarray) -> dict[str, float]:
    """Measure one image.

    Parameters
    ----------
    image : ndarray, uint8, shape (height, width, 3), values 0..255

    Returns
    -------
    dict of str to float
        Of the grey image (mean of the channels):

        - ``brightness``: mean, 0..255
        - ``contrast``: standard deviation, 0..127.5; RMS contrast (Peli 1990, JOSA A 7:2032-2040)
        - ``robust_contrast``: 95th minus 5th percentile, 0..255; a few marks or a thin frame do not change it
        - ``entropy``: of the histogram of 256 grey levels, 0..8 bits (Shannon 1948)
        - ``sharpness``: variance of the Laplacian (Pech-Pacheco et al. 2000, ICPR 3:314-317); noise raises it too
        - ``noise``: see `noise_level`

    Examples
    --------
    >>> image_character(np.full((64, 64, 3), 90, np.uint8))["brightness"]
    90.0
    """
    import cv2

    grey = np.mean(image, axis=2, dtype=np.float32)
    low, high = np.percentile(grey, (5, 95))
    return {
        "brightness": float(grey.mean(dtype=np.float64)),
        "contrast": float(grey.std(dtype=np.float64)),
        "robust_contrast": float(high - low),
        "entropy": grey_entropy(grey),
        "sharpness": float(cv2.Laplacian(grey, cv2.CV_32F).var(dtype=np.float64)),
        "noise": noise_level(grey),
    }


def grey_entropy(grey: np.ndarray) -> float:
    """Shannon entropy of an image's grey levels in bits.

    Parameters
    ----------
    grey : ndarray of float, values 0..255
        Rounded to whole levels.

    Examples
    --------
    >>> grey_entropy(np.array([[0, 0], [255, 255]]))  # two levels, equally often
    1.0
    """
    counts = np.bincount(np.rint(grey).astype(np.uint8).ravel(), minlength=256)
    shares = counts[counts > 0] / grey.size
    return float(max(0.0, -(shares * np.log2(shares)).sum()))


def noise_level(grey: np.ndarray) -> float:
    """Standard deviation of white noise, from the median of the finest wavelet coefficients.

    The estimator of Donoho and Johnstone (1994, Biometrika 81:425-455) as scikit-image has it. Edges hardly move
    a median, but fine texture and speckle are counted as noise, smoothing by the machine or by a codec hides it, and
    areas that are exactly uniform (frames, black surroundings) are left out.

    Parameters
    ----------
    grey : ndarray of float, shape (height, width), values 0..255

    Returns
    -------
    float
        In grey levels; 0 where every fine coefficient is 0.
    """
    from skimage.restoration import estimate_sigma

    # A uniform image has no coefficient that is not 0, and the median of none is not a number.
    return float(estimate_sigma(grey)) if np.ptp(grey) else 0.0


@dataclass(frozen=True)
class Block:
    """Some images of one folder: ``rows`` holds path and box of each."""

    folder: Path
    rows: tuple[tuple[str, str], ...]


def measure_block(block: Block, shared: None) -> Result:
    """`image_character` of a block's images, in a worker process: measure -> ndarray of float, shape (images,)."""
    rows = [pd.Series({"path": path, "box": box}) for path, box in block.rows]
    found = [image_character(read_row(block.folder, row)) for row in rows]
    return {name: np.array([each[name] for each in found]) for name in MEASURES}


def measure_images(
    folder: Path, images: pd.DataFrame, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> pd.DataFrame:
    """`image_character` of many images, block by block on all cores; what was measured once is not again.

    Parameters
    ----------
    folder : Path
    images : pandas.DataFrame
        Manifest rows: path, box and sha256.
    on_progress : callable
        ``on_progress(done, total)``, counting blocks.

    Returns
    -------
    pandas.DataFrame of float
        Columns `MEASURES`; index as ``images``.
    """
    code, jobs = sha256_of_file(__file__), {}
    for start in range(0, len(images), BLOCK):
        rows = images.iloc[start : start + BLOCK]
        block = Block(folder, tuple(zip(rows["path"], rows["box"], strict=True)))
        jobs[sha256_of_json(["character", rows["sha256"].tolist(), code])[:32]] = block
    parts = sweep(measure_block, jobs, None, on_progress).values()
    values = {name: np.concatenate([part[name] for part in parts]) for name in MEASURES}
    return pd.DataFrame(values, index=images.index)
