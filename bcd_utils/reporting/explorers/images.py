"""The images of a study, those set aside too, with their lesions and what is remarked of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bcd_utils.images.reading import read_with_mask
from bcd_utils.reporting.explorers.base import Live, Rows, View, explorer
from bcd_utils.reporting.plots import style
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError

#: What is said of an image, and the manifest's column that says it.
FACTS = {"image": "id", "class": "label", "state": "status", "patient": "patient", "file": "path"}


def explore_images(run: Run, folder: Path, manifest: pd.DataFrame, remarks: Sequence[str]) -> View | Live:
    """Walk through the images, by class and by whether they can be used.

    Parameters
    ----------
    run : Run
    folder : Path
        Of the data set.
    manifest : pandas.DataFrame
        As `manifest.build_manifest` gives it.
    remarks : sequence of str
        Those that name an image are shown with it.
    """

    def show(row: pd.Series) -> View:
        facts = {name: str(row.get(column, "")) for name, column in FACTS.items()}
        facts["remarked"] = " ".join(text for text in remarks if row["id"] in text)
        try:
            image, mask = read_with_mask(folder, row)
        except (StudyError, OSError, ValueError) as error:
            return View(facts | {"cannot be shown": str(error)})
        facts |= {"size": f"{image.shape[1]} x {image.shape[0]} pixels"}
        facts |= {"lesion": f"{mask.mean():.1%} of the picture" if mask.any() else "no mask, or an empty one"}
        return View(facts, picture_of(image, mask))

    return explorer(run, show, Rows(manifest, {"label": "class", "status": "state"}))


def picture_of(image: np.ndarray, mask: np.ndarray) -> Figure:
    """An image with the outline of its lesion; uint8 (h, w, 3), bool (h, w)."""
    width = 3.9
    figure = style.new_figure(width * style.aspect([image]), width)
    style.lesion(figure.subplots(), image, mask)
    return figure
