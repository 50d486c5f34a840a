"""What images are like as signals: brightness, contrast, entropy, sharpness and noise, at their own resolution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.images.reading import read_row, read_with_mask
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.counting import OnProgress, each_row, silent
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.parallel import Result, run_jobs

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
    from skimage.measure import shannon_entropy

    grey = image.mean(axis=2, dtype=np.float32)
    low, high = np.percentile(grey, (5, 95))
    return {
        "brightness": float(grey.mean(dtype=np.float64)),
        "contrast": float(grey.std(dtype=np.float64)),
        "robust_contrast": float(high - low),
        "entropy": float(shannon_entropy(np.rint(grey).astype(np.uint8))),
        "sharpness": float(cv2.Laplacian(grey, cv2.CV_32F).var(dtype=np.float64)),
        "noise": noise_level(grey),
    }


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


def grey_levels(image: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Mean and standard deviation (0..255) of an image's grey levels, and the share of pixels at each of 256.

    Examples
    --------
    >>> mean, deviation, shares = grey_levels(np.full((2, 2, 3), 7, np.uint8))
    >>> mean, deviation, float(shares[7])
    (7.0, 0.0, 1.0)
    """
    grey = image.mean(axis=2)
    shares = np.bincount(grey.astype(np.uint8).ravel(), minlength=256) / grey.size
    return float(grey.mean()), float(grey.std()), shares


def image_statistics(
    folder: Path, manifest: pd.DataFrame, on_progress: OnProgress = silent
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Lesion area and brightness of every usable image, and mean grey-level histograms per class.

    Returns
    -------
    statistics : pandas.DataFrame
        Columns id, label, area_fraction (0..1), mean_grey, sd_grey (0..255).
    histograms : dict of str to ndarray, float, shape (256,)
        Share of pixels per grey level, averaged over the images of a class.
    """
    usable = manifest[manifest["status"] == "ok"]

    def measured(row: pd.Series) -> tuple[Any, ...]:
        image, mask = read_with_mask(folder, row)
        return row["id"], row["label"], mask.mean(), *grey_levels(image)

    rows: list[tuple[Any, ...]] = []
    each_row(measured, usable, rows.append, on_progress)
    columns = ["id", "label", "area_fraction", "mean_grey", "sd_grey", "shares"]
    statistics = pd.DataFrame(rows, columns=columns)
    shares = statistics.pop("shares").groupby(statistics["label"], sort=False)
    return statistics, {label: np.mean(list(images), axis=0) for label, images in shares}


def measure_block(rows: pd.DataFrame, folder: Path) -> Result:
    """`image_character` of some images, in a worker process: measure -> ndarray of float, shape (images,)."""
    measured = pd.DataFrame([image_character(read_row(folder, row)) for _, row in rows.iterrows()])
    return {name: measured[name].to_numpy() for name in MEASURES}


def measure_images(folder: Path, images: pd.DataFrame, on_progress: OnProgress = silent) -> pd.DataFrame:
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
    code, jobs = code_identity(__name__), {}
    for start in range(0, len(images), BLOCK):
        rows = images.iloc[start : start + BLOCK]
        jobs[sha256_of_json(["character", rows["sha256"].tolist(), code])[:32]] = rows[["path", "box"]]
    parts = run_jobs(measure_block, jobs, folder, on_progress).values()
    return pd.concat(map(pd.DataFrame, parts), ignore_index=True).set_index(images.index)
