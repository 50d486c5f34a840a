"""Figures of a test on images from another source: scores side by side, and how the images differ."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bcd_utils.evaluation.format import number, with_interval
from bcd_utils.evaluation.metric_registry import main_metrics
from bcd_utils.reporting.plots import style

WITHOUT_COPIES = {"external without copies": {"color": "#7A4A65", "marker": "D"}}
LOOKS = {"internal test": style.set_look("test"), "external": style.set_look("external")}
LINES = {"internal test": "-", "external": (0, (5, 1.5))}
BINS = 20


def scores(table: pd.DataFrame) -> Figure:
    """Scores of the internal test and the external images, one above the other, with their intervals.

    Parameters
    ----------
    table : DataFrame of float
        Index: the scores; columns (source, "value"), (source, "low"), (source, "high"); NaN where undefined.
    """
    looks = LOOKS | WITHOUT_COPIES
    sources = [source for source in looks if source in table]
    shifts = (-0.15, 0.15) if len(sources) < 3 else (-0.25, 0, 0.25)
    figure, [[panel]] = style.panels(0.7 + (0.26 + 0.14 * len(sources[1:])) * len(table), lines="x")
    for source, shift in zip(sources, shifts, strict=False):
        for place, bounds in enumerate(table[source].to_dict("records")):
            style.score(panel, bounds, place + shift, **looks[source])
            spot = {"xycoords": ("axes fraction", "data"), "size": style.SMALL}
            style.note(panel, with_interval(bounds), (1, place + shift), (6, 0), **spot)
    names = [main_metrics().get(name, style.spaced(name)) for name in table.index]
    panel.set_yticks(range(len(table)), [style.named(name, 1.4) for name in names])
    panel.tick_params(axis="y", length=0)
    panel.set(xlabel="score", ylim=(len(table) - 0.5, -0.5))
    panel.margins(x=0.06)
    for place in range(1, len(table)):
        panel.axhline(place - 0.5, color="#E6E6E6", linewidth=0.5)
    style.key(figure, [style.sign(source, markersize=5, **looks[source]) for source in sources])
    said = (f"{source} {with_interval(table[source].iloc[0])}" for source in sources)
    figure.set_label(f"{names[0].capitalize()}: {', '.join(said)}.")
    return figure


def shift(table: pd.DataFrame, histograms: Mapping[str, np.ndarray]) -> Figure:
    """Grey levels, sizes, and distance to the nearest training image, of internal test and external images.

    Parameters
    ----------
    table : DataFrame
        One row an image: ``source``, ``width``, ``height`` (pixels) and ``feature_distance``.
    histograms : dict of source to ndarray of float, shape (256,)
        Mean share of an image's pixels at each grey level.
    """
    import seaborn

    figure, [[greys, sizes, distances]] = style.panels(2.7, columns=3, lines="both")
    # a few outliers would press all others together
    far = 1.2 * table["feature_distance"].quantile(0.98) + 1e-9
    edges = np.linspace(0, far, BINS + 1)
    for source, look in LOOKS.items():
        rows = table[table["source"] == source]
        line = {"color": look["color"], "linestyle": LINES[source], "linewidth": 1.2}
        bars = {"ax": greys, "fill": False, **style.GREYS}
        seaborn.histplot(x=np.arange(256), weights=histograms[source], **bars, **line)
        sizes.scatter(rows["width"], rows["height"], s=11, alpha=0.5, linewidth=0, **look)
        steps = {"bins": edges, "stat": "proportion", "element": "step", "fill": False}
        seaborn.histplot(x=rows["feature_distance"].clip(upper=far), ax=distances, **steps, **line)
    greys.set(xlabel="grey level", ylabel="mean share of the pixels", xlim=(0, 256))
    greys.set_xticks([0, 64, 128, 192, 255])
    sizes.set(xlabel="width in pixels", ylabel="height in pixels")
    sizes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    distances.set(xlabel="distance to nearest training image\n(last bin: and beyond)")
    distances.set(ylabel="share of the images", xlim=(0, 1.03 * edges[-1]))
    for panel, text in zip((greys, sizes, distances), ("intensity", "image size", "features"), strict=True):
        style.heading(panel, text)
    handles = [style.sign(source, linestyle=LINES[source], **look) for source, look in LOOKS.items()]
    style.key(figure, handles, handlelength=3)
    far_off = table.groupby("source")["feature_distance"].median()
    said = (f"{source} {number(far_off.get(source))}" for source in LOOKS)
    figure.set_label(f"Median distance to the nearest training image: {', '.join(said)}.")
    return figure
