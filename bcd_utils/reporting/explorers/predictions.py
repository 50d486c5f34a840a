"""Each image with what the network says of it, the surest first, and where it looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.images.reading import read_with_mask
from bcd_utils.reporting.explorers.base import Live, Rows, View, explorer
from bcd_utils.reporting.plots import heat_maps, style
from bcd_utils.study.run import Run
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.utils.path_text import path_of

FILTERS = {"split": "set", "label": "class", "predicted": "predicted", "verdict": "which are"}
#: Takes features (1, h, w, c) and the place of a class, int (1,); gives a map (1, h, w), 0..1.
Heat = Callable[[np.ndarray, np.ndarray], np.ndarray]


def explore_predictions(
    run: Run,
    predictions: pd.DataFrame,
    heat: Mapping[str, Heat] | None = None,
    features: np.ndarray | None = None,
) -> View | Live:
    """Walk through the predictions, the most confident first.

    Parameters
    ----------
    run : Run
    predictions : pandas.DataFrame
        Rows in the order of the run's images.
    heat : mapping of str to callable, optional
        What makes a heat map of ``features`` (n, h, w, c), by the name of the method.
    """
    images = ImageSet.of_run(run)
    verdict = np.where(predictions["label"] == predictions["predicted"], "right", "wrong")
    rows = predictions.assign(verdict=verdict, place=range(len(predictions)))
    rows = rows.sort_values(["split", "probability"], ascending=[True, False], kind="stable")
    choices = {"map": list(heat), "for": ["predicted class", *images.classes]} if heat else {}

    def show(row: pd.Series, **chosen: str) -> View:
        image, mask = _shown(images, row["place"])
        wanted = chosen.get("for", "predicted class")
        label = row["predicted"] if wanted == "predicted class" else wanted
        cam = None
        if heat and features is not None:
            given = features[row["place"] : row["place"] + 1]
            found = heat[chosen["map"]](np.asarray(given), np.array([images.classes.index(label)]))
            cam = images.fitting.in_frame(found[0], mask.shape)
        facts = {
            "image": f"{row['id']} ({SET_TITLES[row['split']]} set)",
            "class": row["label"],
            "predicted": f"{row['predicted']} ({row['probability']:.2f}), {row['verdict']}",
        }
        if cam is not None:
            where = "nowhere" if cam.max() <= 0 else f"{cam[mask].sum() / cam.sum():.0%} of it on the lesion"
            facts["heat"] = f"{chosen['map']} for {label}" + (f": {where}" if mask.any() else "")
        return View(facts, _drawn(image, mask, cam, row, images.classes))

    return explorer(run, show, Rows(rows, FILTERS), choices)


def _shown(images: ImageSet, place: int) -> tuple[np.ndarray, np.ndarray]:
    """An image with its mask, in its own frame; as the network saw it where the data set's folder is not here."""
    row = images.table.iloc[place]
    if (images.folder / path_of(row["path"])).is_file():
        return read_with_mask(images.folder, row)
    pixels = np.asarray(images.pixels[place])
    return pixels, np.zeros(pixels.shape[:2], bool)


def _drawn(
    image: np.ndarray, mask: np.ndarray, cam: np.ndarray | None, row: pd.Series, classes: tuple[str, ...]
) -> Figure:
    """The image, the map over it, and the probability of each class."""
    cell = 2.3
    pictures = [image] if cam is None else [image, heat_maps.blended(image, cam)]
    height = max(cell * style.aspect([image]), 0.4 + 0.27 * len(classes))
    figure = style.new_figure(height, cell * (len(pictures) + 1))
    *panels, bars = figure.subplots(1, len(pictures) + 1)
    for panel, picture in zip(panels, pictures, strict=True):
        style.lesion(panel, picture, mask)
    if cam is not None:
        heat_maps.mark_peak(panels[1], cam)
    colours = style.class_colours(classes)
    values = [row[f"p_{name}"] for name in classes]
    bars.barh(range(len(classes)), values, color=[colours[name] for name in classes])
    names = [style.named(name, 0.9) for name in classes]
    bars.set_yticks(range(len(classes)), names)
    bars.set(xlim=(0, 1), xlabel="probability")
    bars.invert_yaxis()
    bars.spines[["top", "right"]].set_visible(False)
    return figure
