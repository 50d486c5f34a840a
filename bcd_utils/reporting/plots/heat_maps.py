"""Figures of the class activation maps: where the network looks, and how well that matches the lesion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bcd_utils.evaluation.format import with_interval
from bcd_utils.reporting.plots import lettering, style

HEAT = "inferno"
MOST_OPAQUE = 0.6
DOT = "#0072B2"
OUTLINED = "image and lesion outline"
HEADERS = ("image", "heat map", "heat map over the image")
MEASURES = {
    "pointing_game": "pointing game",
    "energy": "energy inside the lesion",
    "iou": "IoU with the lesion",
}


def gallery(examples: Sequence[dict]) -> Figure:
    """Heat maps of examples: one row each, with the image, the map alone, and the map over the image.

    Parameters
    ----------
    examples : sequence of dict
        Each with ``image`` (uint8, (h, w, 3)), ``mask`` (bool, (h, w)), ``cam`` (float, (h, w), 0..1),
        ``id``, ``label``, ``predicted`` (str) and ``probability`` (0..1, of the predicted class).
    """
    notes, bar = 1.6, 0.1
    aspects = [style.aspect([example["image"]]) for example in examples]
    cell = min((style.PAGE - notes - 0.1) / 3, (style.TALLEST - 0.8) / sum(aspects))
    notes = style.PAGE - 0.1 - 3 * cell
    heights = [cell * aspect for aspect in aspects]
    titles = (OUTLINED, *HEADERS[1:]) if any(example["mask"].any() for example in examples) else HEADERS
    headers = [lettering.wrap(header, cell - 0.05, style.MEDIUM, "bold") for header in titles]
    above = max(header.count("\n") + 1 for header in headers) * lettering.line_height(style.MEDIUM)
    height = sum(heights) + 0.06 * len(examples) + bar + above + 0.45
    ratios: dict[str, Any] = {"width_ratios": [notes, cell, cell, cell], "height_ratios": [*heights, bar]}
    figure, grid = style.panels(height, len(examples) + 1, 4, **ratios)
    figure.get_layout_engine().set(w_pad=0.045, h_pad=0.03, wspace=0, hspace=0)
    for (note, plain, heat, blend), example in zip(grid, examples, strict=False):
        _describe(note, example, notes)
        style.lesion(plain, example["image"], example["mask"])
        style.picture(heat, example["cam"], anchor="N", cmap=HEAT, vmin=0, vmax=1)
        style.lesion(blend, blended(example["image"], example["cam"]), example["mask"])
        mark_peak(blend, example["cam"])
    for panel, header in zip(grid[0, 1:], headers, strict=True):
        panel.set_title(header, size=style.MEDIUM, weight="bold")
    style.blank(grid[-1, [0, 1, 3]])
    shades = ScalarMappable(Normalize(0, 1), HEAT)
    bar_scale = figure.colorbar(shades, cax=grid[-1, 2], orientation="horizontal", label="activation")
    bar_scale.set_ticks([0, 0.5, 1], labels=["0", "0.5", "1"])
    wrong = sum(example["label"] != example["predicted"] for example in examples)
    figure.set_label(f"{len(examples)} images, of which {wrong} misclassified: {_listed(examples)}.")
    return figure


def localisation(table: pd.DataFrame) -> Figure:
    """How well the maps of each method find the lesion: three measures, each with its interval.

    Parameters
    ----------
    table : DataFrame of float
        Index: the methods; columns ``pointing_game``, ``energy`` and ``iou`` (0..1), and each with
        ``_low`` and ``_high`` for the ends of its interval (NaN where there is none).
    """
    figure, [grid] = style.panels(0.8 + 0.42 * len(table), columns=3, sharey=True, lines="x")
    for panel, (measure, title) in zip(grid, MEASURES.items(), strict=True):
        for place, row in enumerate(table.to_dict("records")):
            style.score(panel, row, place, measure, marker="o", color=DOT)
            if style.known(row[measure]):
                above = {"ha": "center", "va": "bottom", "size": style.SMALL}
                middle = np.clip(row[measure], 0.3, 0.7), place
                style.note(panel, with_interval(row, name=measure), middle, (0, 5), **above)
        style.heading(panel, title)
        panel.set(xlim=(0, 1), ylim=(len(table) - 0.6, -0.7))
        panel.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
        panel.set_yticks(range(len(table)), [style.named(name, 1.4) for name in table.index])
    figure.supxlabel("mean over the images, with its interval", size=style.MEDIUM)
    said = (f"{name} {with_interval(row, name='pointing_game')}" for name, row in table.iterrows())
    figure.set_label(f"Pointing game: {', '.join(said)}.")
    return figure


def _describe(panel: Axes, example: dict, width: float) -> None:
    """The id, the true and the predicted class, and whether they differ, left of the pictures."""
    label, predicted = style.spaced(example["label"]), style.spaced(example["predicted"])
    verdict = f"true {label},", f"predicted {predicted} (p={example['probability']:.2f})"
    panel.set_axis_off()
    panel.set(xlim=(0, 1), ylim=(0, 1))
    name = lettering.wrap(example["id"], width - 0.15, style.MEDIUM, "bold")
    panel.text(0, 0.52, name, va="bottom", size=style.MEDIUM, weight="bold")
    lines = "\n".join(lettering.wrap(part, width - 0.15, style.SMALL) for part in verdict)
    text = panel.text(0, 0.48, lines, va="top", size=style.SMALL, linespacing=1.25)
    if example["label"] != example["predicted"]:
        red = {"va": "top", "size": style.SMALL, "weight": "bold", "color": "#B00020"}
        style.note(panel, "misclassified", (0, 0), (0, -4), xycoords=text, **red)


def _listed(examples: Sequence[dict]) -> str:
    """The examples with their predictions, in words."""
    said = (f"{each['id']} predicted {style.spaced(each['predicted'])}" for each in examples)
    return ", ".join(said)


def blended(image: np.ndarray, cam: np.ndarray, most: float = MOST_OPAQUE) -> np.ndarray:
    """The map in colour over the grey image, the more opaque the hotter; float (h, w, 3), 0..1.

    Parameters
    ----------
    most : float, 0..1
        Opacity where the map is 1; a third of it where it is 0.
    """
    from matplotlib import colormaps

    opacity = most * (1 + 2 * cam[..., None]) / 3
    return np.clip((1 - opacity) * image / 255 + opacity * colormaps[HEAT](cam)[..., :3], 0, 1)


def mark_peak(panel: Axes, cam: np.ndarray) -> None:
    """A cross at the map's highest value, over all panels; a map of zeros points nowhere, and that is written on it."""
    if cam.max() <= 0:
        plate = {"facecolor": "black", "edgecolor": "none", "alpha": 0.7, "pad": 1.5}
        words = {"color": "white", "size": style.SMALL, "ha": "center", "va": "center", "bbox": plate}
        panel.text(0.5, 0.5, "zero\neverywhere", transform=panel.transAxes, **words)
        return
    row, column = np.unravel_index(np.argmax(cam), cam.shape)
    cross = {"marker": "X", "markersize": 6, "markerfacecolor": "white", "markeredgecolor": "black"}
    line = Line2D([column], [row], transform=panel.transData, zorder=9, linestyle="none", **cross)
    panel.figure.add_artist(line, clip=False)  # a panel's own would lie under the next panel's image
