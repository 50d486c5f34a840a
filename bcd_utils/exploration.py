"""What the images are like: sizes, grey levels, lesion areas, and which ones to show."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.datasets.breakhis import NAME
from bcd_utils.errors import StudyError
from bcd_utils.images import read_image, read_row, read_row_mask


def read_with_mask(folder: Path, row: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Image (uint8, height x width x 3) and united mask (bool, height x width) of a manifest row."""
    return read_row(folder, row), read_row_mask(folder, row)


def image_statistics(
    folder: Path, manifest: pd.DataFrame, on_progress: Callable[[int, int], None] = lambda done, total: None
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
    rows, sums = [], {label: np.zeros(256) for label in usable["label"].unique()}
    for done, (_, row) in enumerate(usable.iterrows(), start=1):
        image, mask = read_with_mask(folder, row)
        grey = image.mean(axis=2)
        sums[row["label"]] += np.bincount(grey.astype(np.uint8).ravel(), minlength=256) / grey.size
        rows.append((row["id"], row["label"], mask.mean(), grey.mean(), grey.std()))
        on_progress(done, len(usable))
    statistics = pd.DataFrame(rows, columns=["id", "label", "area_fraction", "mean_grey", "sd_grey"])
    counts = usable["label"].value_counts()
    return statistics, {label: total / counts[label] for label, total in sums.items()}


def typical(manifest: pd.DataFrame, classes: tuple[str, ...], each: int = 5) -> dict[str, pd.DataFrame]:
    """Evenly spaced usable images of each class: neither the best nor the worst, the same every time."""
    usable = manifest[manifest["status"] == "ok"]
    chosen = {}
    for label in classes:
        of_class = usable[usable["label"] == label]
        chosen[label] = of_class.iloc[np.linspace(0, len(of_class) - 1, min(each, len(of_class))).astype(int)]
    return chosen


def samples_figure(modality: str) -> str:
    """Name of the figure that shows examples: that of its counterpart in the paper, if it has one.

    Examples
    --------
    >>> samples_figure("breast ultrasound"), samples_figure("mammography")
    ('fig3_ultrasound', 'samples')
    """
    counterparts = {"ultrasound": "fig3_ultrasound", "histopathology": "fig2_histopathology"}
    return next((figure for kind, figure in counterparts.items() if kind in modality), "samples")


def histopathology_samples(folder: Path | str) -> list[tuple[str, np.ndarray]]:
    """One BreakHis image per class and magnification, with captions; for the paper's Fig 2.

    Parameters
    ----------
    folder : path
        Any folder of the official tree; file names as in Spanhol et al. 2016.

    Raises
    ------
    StudyError
        If there is no such image below the folder.
    """
    found: dict[tuple[str, int], Path] = {}
    for path in sorted(Path(folder).rglob("SOB_*.png")):
        match = NAME.match(path.stem)
        if match:
            side = "benign" if match["benign"] else "malignant"
            found.setdefault((side, int(match["magnification"])), path)
    if not found:
        raise StudyError(
            f"histopathology_dir = {folder} holds no BreakHis images",
            "give BreakHis' folder, or null for none",
        )
    return [(f"{side}, {zoom}x", read_image(path)) for (side, zoom), path in sorted(found.items())]
