"""Figures of data sets side by side: what the images are like, scores under one protocol, and who says what of whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from bcd_utils.evaluation.format import with_interval
from bcd_utils.reporting.plots import lettering, style

LOGARITHMIC = ("sharpness", "noise")
FIRST = {"color": "#333333", "markerfacecolor": "#333333"}
OTHER = {"color": "#8C8C8C", "markerfacecolor": "white"}
Names = Mapping[str, str]
SHAPE = {"orient": "h", "native_scale": True, "width": 0.8, "cut": 0, "inner": "quart", "density_norm": "width",
         "saturation": 1, "alpha": 0.55, "linewidth": 0.7}  # fmt: skip
MOST_COLUMNS = 3
MARKER = {"color": "white", "markeredgecolor": "black", "markersize": 3.5, "linestyle": "none", "zorder": 4}


def character(groups: Sequence[tuple[str, str, pd.DataFrame]], measures: Names) -> Figure:
    """Distribution of each measure over the images, one shape a data set and class, one panel a measure.

    A shape is the wider the more images have such a value (Gaussian kernels, cut at the extremes); dashed lines
    are the quartiles, the marker is the median.

    Parameters
    ----------
    groups : sequence of (data set, class, pandas.DataFrame)
        In the order of drawing; rows are images, columns the measures.
    measures : mapping of measure to heading
    """
    import seaborn

    columns = min(MOST_COLUMNS, len(measures))
    rows = -(-len(measures) // columns)
    titles = list(dict.fromkeys(title for title, _, _ in groups))
    places = [number + 0.6 * titles.index(title) for number, (title, _, _) in enumerate(groups)]
    figure, grid = style.panels(
        0.4 + rows * (0.6 + 0.18 * (places[-1] + 1)), rows, columns, sharey=True, lines="x"
    )
    looks = style.class_looks([label for _, label, _ in groups])
    for panel, (measure, heading) in zip(grid.flat, measures.items(), strict=False):
        for place, (_, label, table) in zip(places, groups, strict=True):
            values = table[measure].to_numpy()
            if logarithmic := measure in LOGARITHMIC:
                values = values[values > 0]
            shape = SHAPE | {"color": looks[label].colour, "log_scale": (logarithmic, False)}
            if len(values):
                seaborn.violinplot(x=values, y=np.full(len(values), place), ax=panel, **shape)
                # the class's marker, for prints without colour
                panel.plot(np.median(values), place, marker=looks[label].marker, **MARKER)
        panel.set_title(lettering.wrap(heading, style.PAGE / columns - 0.6, style.MEDIUM), size=style.MEDIUM)
        if measure in LOGARITHMIC:
            style.logarithmic(panel)
        panel.set_ylim(places[-1] + 0.7, -0.7)
    style.blank(grid.flat[len(measures) :])
    middles = pd.Series(places).groupby([title for title, _, _ in groups], sort=False).mean()
    for panel in grid[:, 0]:
        panel.set_yticks(middles, [style.named(title) for title in titles])
        panel.tick_params(axis="y", length=0)
    handles = [
        (Patch(facecolor=look.colour, alpha=0.55), style.sign("", marker=look.marker, **MARKER))
        for look in looks.values()
    ]
    style.key(figure, handles, labels=[style.spaced(name) for name in looks], ncols=min(len(looks), 4))
    figure.set_label(f"Data sets: {', '.join(titles)}; measures: {', '.join(measures.values())}.")
    return figure


def scores(table: pd.DataFrame, titles: Names, metrics: Names, markers: Names) -> Figure:
    """Scores of each data set with their intervals, one panel a metric.

    Parameters
    ----------
    table : pandas.DataFrame of float
        Index: name and who predicts; for each metric its value, ``_low`` and ``_high``.
    titles : mapping of name to str
        In the order of drawing.
    metrics : mapping of metric to heading
    markers : mapping of who predicts to str
    """
    figure, [grid] = style.panels(0.8 + 0.42 * len(titles), columns=len(metrics), sharey=True, lines="x")
    shifts = np.linspace(-0.16, 0.16, len(markers))
    looks = [{"marker": marker} | OTHER for marker in markers.values()]
    looks[0] |= FIRST
    for panel, (metric, heading) in zip(grid, metrics.items(), strict=True):
        for place, name in enumerate(titles):
            for shift, predictor, look in zip(shifts, markers, looks, strict=True):
                style.score(panel, table.loc[(name, predictor)], place + shift, metric, **look)
        style.heading(panel, heading)
        panel.set(ylim=(len(titles) - 0.5, -0.5))
    grid[0].set_yticks(range(len(titles)), [style.named(title, 1.3) for title in titles.values()])
    handles = [style.sign(predictor, **look) for predictor, look in zip(markers, looks, strict=True)]
    style.key(figure, handles)
    (metric, heading), predictor = next(iter(metrics.items())), next(iter(markers))
    said = (
        f"{title} {with_interval(table.loc[(name, predictor)], name=metric)}"
        for name, title in titles.items()
    )
    figure.set_label(f"{heading.capitalize()}, {predictor}: {'; '.join(said)}.")
    return figure


def transfer(table: pd.DataFrame, titles: Names, classes: Sequence[str]) -> Figure:
    """AUC of each pair, rows trained on, columns tested on; white is chance, the frame marks the same data set.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns trained_on, tested_on, auc, auc_low, auc_high.
    titles : mapping of name to str
    classes : sequence of str
        Two: the area is that of the second against the first.
    """
    names = list(dict.fromkeys(table["trained_on"]))
    values = table.pivot(index="trained_on", columns="tested_on", values="auc").loc[names, names]
    side = min(1.4, 4.9 / len(names))
    figure = style.new_figure(1.0 + 0.62 * side * len(names))
    panel = figure.subplots()
    picture = panel.imshow(values, cmap="PuOr_r", vmin=0, vmax=1, aspect="auto")
    for _, row in table.iterrows():
        place = names.index(row["tested_on"]), names.index(row["trained_on"])
        text = with_interval(row, name="auc").replace(" [", "\n[")
        ink = "white" if style.known(row["auc"]) and abs(row["auc"] - 0.5) > 0.39 else "black"
        panel.text(*place, text, ha="center", va="center", size=style.SMALL, color=ink)
        if row["trained_on"] == row["tested_on"]:
            corner = (place[0] - 0.47, place[1] - 0.47)
            panel.add_patch(Rectangle(corner, 0.94, 0.94, fill=False, edgecolor="black", linewidth=1.6))
    shown = [style.named(titles[name], side - 0.1) for name in names]
    panel.set_xticks(range(len(names)), shown)
    panel.set_yticks(range(len(names)), [style.named(titles[name], 1.2) for name in names])
    panel.set_xlabel("tested on", size=style.MEDIUM, weight="bold")
    panel.set_ylabel("trained on", size=style.MEDIUM, weight="bold")
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    bar = figure.colorbar(picture, ax=panel, shrink=0.9, label=f"AUC, {classes[1]} against {classes[0]}")
    bar.ax.axhline(0.5, color="black", linewidth=1)
    across = table[table["trained_on"] != table["tested_on"]]
    said = (f"{titles[row['trained_on']]} to {titles[row['tested_on']]} {with_interval(row, name='auc')}"
            for _, row in across.iterrows())  # fmt: skip
    figure.set_label(f"Areas from one data set to another: {'; '.join(said)}.")
    return figure
