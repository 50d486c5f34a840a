"""Figures of a test on images from another source: scores side by side, and how the images differ."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bcd_utils.metric_registry import main_metrics
from bcd_utils.number_format import with_interval
from bcd_utils.plots import style

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
    sources = [source for source in LOOKS if source in table]
    figure = style.new_figure(0.9 + 0.55 * len(table))
    panel = style.panels(figure)[0, 0]
    for source, shift in zip(sources, (-0.15, 0.15), strict=False):
        look = LOOKS[source]
        for place, (value, low, high) in enumerate(table[source][["value", "low", "high"]].to_numpy()):
            at = place + shift
            if style.known(low):
                style.interval(panel, low, high, at, look["color"])
            if style.known(value):
                panel.plot(value, at, markersize=7, linestyle="none", zorder=3, **look)
            text = with_interval({"value": value, "low": low, "high": high})
            spot = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
            panel.annotate(text, (1, at), (8, 0), size=style.SMALL, **spot)
    names = [main_metrics().get(name, style.spaced(name)) for name in table.index]
    panel.set_yticks(range(len(table)), names, size=style.MEDIUM)
    panel.tick_params(axis="y", length=0)
    panel.set(xlabel="score", ylim=(len(table) - 0.5, -0.5))
    panel.margins(x=0.06)
    for place in range(1, len(table)):
        panel.axhline(place - 0.5, color="#E6E6E6", linewidth=0.7)
    style.guides(panel, "x")
    handles = [
        Line2D([], [], label=source, linestyle="none", markersize=7, **LOOKS[source]) for source in sources
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
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
    figure = style.new_figure(3.6)
    greys, sizes, distances = style.panels(figure, 1, 3)[0]
    far = (
        1.2 * table["feature_distance"].quantile(0.98) + 1e-9
    )  # a few outliers would press all others together
    edges = np.linspace(0, far, BINS + 1)
    for source, look in LOOKS.items():
        rows = table[table["source"] == source]
        line = {"color": look["color"], "linestyle": LINES[source], "linewidth": 1.6}
        greys.plot(np.arange(256), histograms[source], **line)
        sizes.scatter(rows["width"], rows["height"], s=22, alpha=0.5, linewidth=0, **look)
        share = np.full(len(rows), 1 / max(len(rows), 1))
        distances.hist(
            rows["feature_distance"].clip(upper=far), edges, weights=share, histtype="step", **line
        )
    greys.set(xlabel="grey level", ylabel="mean share of the pixels", yscale="log", xlim=(-2, 257))
    greys.set_xticks([0, 64, 128, 192, 255])
    sizes.set(xlabel="width in pixels", ylabel="height in pixels")
    sizes.set(xlim=(0, 1.08 * table["width"].max()), ylim=(0, 1.08 * table["height"].max()))
    sizes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    distances.set(
        xlabel="distance to nearest training image\n(last bin: and beyond)",
        ylabel="share of the images",
        xlim=(0, 1.03 * edges[-1]),
    )
    for panel, text in zip((greys, sizes, distances), ("intensity", "image size", "features"), strict=True):
        style.heading(panel, text)
        style.guides(panel)
    handles = [
        Line2D([], [], label=source, linestyle=LINES[source], markersize=6, **look)
        for source, look in LOOKS.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, handlelength=3.2)
    return figure
