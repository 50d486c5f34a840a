"""Heat maps of a run held against its lesion masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.explain.localisation import centre_gaussian, localisation
from bcd_utils.images.reading import read_row_mask, read_with_mask
from bcd_utils.study.run import Run

AREA, CENTRE = "Lesion area (chance)", "Centre Gaussian"


def example_panels(run: Run, chosen: pd.DataFrame, cams: np.ndarray) -> list[dict[str, Any]]:
    """Image, mask, heat map and verdict of some images, for `plots.heat_maps.gallery`.

    Parameters
    ----------
    chosen : pandas.DataFrame
        Rows of the predictions table; its index counts images as ``cams`` does.
    cams : ndarray, float, shape (n, h, w)
    """
    images = ImageSet.of_run(run)
    panels = []
    for index, row in chosen.iterrows():
        image, mask = read_with_mask(images.folder, images.table.loc[index])
        prediction = row[["id", "label", "predicted", "probability"]].to_dict()
        panels.append(
            {
                "image": image,
                "mask": mask,
                "cam": images.fitting.in_frame(cams[index], mask.shape),
                **prediction,
            }
        )
    return panels


def localise_sets(
    run: Run, maps: Mapping[str, np.ndarray], on_progress: Callable = lambda *_: None
) -> dict[str, dict[str, pd.DataFrame]]:
    """Scores of every method on the lesion images of validation and test.

    Returns
    -------
    dict of set name to dict of method to pandas.DataFrame
        One row an image; columns id, group and those of `localisation.localisation`.
    """
    images = ImageSet.of_run(run)
    sets = ("validation", "test")
    scores: dict[str, dict[str, list]] = {name: {key: [] for key in (*maps, CENTRE, AREA)} for name in sets}
    wanted = images.table[images.table["split"].isin(sets) & (images.table["masks"] != "")]
    for done, (index, row) in enumerate(wanted.iterrows(), start=1):
        mask = read_row_mask(images.folder, row)
        if mask.any():
            heat = {method: images.fitting.in_frame(cams[index], mask.shape) for method, cams in maps.items()}
            heat |= {CENTRE: centre_gaussian(mask.shape), AREA: np.ones(mask.shape)}
            for method, heatmap in heat.items():
                scores[row["split"]][method].append(
                    {"id": row["id"], "group": row["group"], **localisation(heatmap, mask)}
                )
        on_progress(done, len(wanted))
    return {
        name: {key: pd.DataFrame(rows) for key, rows in methods.items()} for name, methods in scores.items()
    }


def summary_record(test: Mapping[str, pd.DataFrame], table: pd.DataFrame, cams: np.ndarray) -> dict[str, Any]:
    """The localisation results as plain values, for ``cam.json``."""
    return {
        "images": len(test[AREA]) if len(table) else 0,
        "empty_maps": int((cams.max(axis=(1, 2)) == 0).sum()),
        "methods": table.astype(float).to_dict("index"),
    }
