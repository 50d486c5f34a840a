"""Which images to show."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.datasets.files import image_files
from bcd_utils.datasets.readers.breakhis import NAME
from bcd_utils.images.reading import read_image
from bcd_utils.utils.errors import StudyError


def typical(manifest: pd.DataFrame, classes: tuple[str, ...], each: int = 5) -> dict[str, pd.DataFrame]:
    """Evenly spaced usable images of each class: neither the best nor the worst, the same every time."""
    usable = manifest[manifest["status"] == "ok"]
    images = {label: usable[usable["label"] == label] for label in classes}
    return {label: evenly_spaced(rows, each) for label, rows in images.items()}


def evenly_spaced(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows, the first and the last among them.

    Examples
    --------
    >>> evenly_spaced(pd.DataFrame(index=range(7)), 3).index.tolist()
    [0, 3, 6]
    """
    return rows.iloc[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]


def pick_examples(predictions: pd.DataFrame, classes: Sequence[str], each: int = 1) -> pd.DataFrame:
    """Test images to show: of each class the most confident right and the most confident wrong ones.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Columns label, predicted, probability (of the predicted class); rows of one set.
    """
    chosen = []
    for label in classes:
        rows = predictions[predictions["label"] == label].sort_values("probability", ascending=False)
        right = rows["predicted"] == label
        chosen += [rows[right].head(each), rows[~right].head(each)]
    return pd.concat(chosen)


def samples_figure(modality: str) -> str:
    """Name of the figure that shows examples: that of its counterpart in the paper, if it has one.

    Examples
    --------
    >>> samples_figure("breast ultrasound"), samples_figure("mammography")
    ('fig3_ultrasound', 'samples')
    """
    counterparts = {"ultrasound": "fig3_ultrasound", "histopathology": "fig2_histopathology"}
    return next((figure for kind, figure in counterparts.items() if kind in modality), "samples")


def counterpart(figure: str) -> str:
    """What a figure named by `samples_figure` is beside the paper.

    Examples
    --------
    >>> counterpart("fig3_ultrasound"), counterpart("samples")
    ("The counterpart of the paper's Fig 3.", 'The paper has no counterpart, by what `source.modality` says.')
    """
    number = re.match(r"fig(\d)", figure)
    return (
        f"The counterpart of the paper's Fig {number[1]}."
        if number
        else "The paper has no counterpart, by what `source.modality` says."
    )


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
    first: dict[tuple[str, int], Path] = {}
    for path in sorted(image_files(Path(folder), [".png"])):
        if match := NAME.match(path.stem):
            side = "benign" if match["benign"] else "malignant"
            first.setdefault((side, int(match["magnification"])), path)
    if not first:
        fix = "give BreakHis' folder, or null for none"
        raise StudyError(f"histopathology_dir = {folder} holds no BreakHis images", fix)
    return [(f"{side}, {zoom}x", read_image(path)) for (side, zoom), path in sorted(first.items())]
