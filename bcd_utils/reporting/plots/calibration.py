"""Figures of what probabilities are worth: reliability diagrams, decision curves, risk against coverage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bcd_utils.reporting.plots import lettering, style

# before and after, say; the first is drawn hollow and dashed
COLOURS = ("#808080", "#5B2A86")  # no class has them
LINES = ((0, (4, 2)), "-")
MARKERS = ({"marker": "s", "facecolor": "white"}, {"marker": "o", "facecolor": COLOURS[1]})
IDEAL = {"color": "#8C8C8C", "linewidth": 1.1, "linestyle": ":"}


def reliability(tables: Mapping[str, Mapping[str, pd.DataFrame]]) -> Figure:
    """Reliability diagrams, a column for each prediction; below, how many images lie in each bin.

    The larger a dot, the more images it stands for; the vertical lines are its interval.

    Parameters
    ----------
    tables : dict of state to dict of prediction to DataFrame
        One or two states, such as before and after temperature scaling; for each the tables that
        `calibration.reliability_tables` gives.
    """
    names = list(next(iter(tables.values())))
    columns = min(len(names), 4)
    side = style.PAGE / columns if columns > 2 else style.COLUMN / columns
    bands = -(-len(names) // columns)
    sizes: dict[str, Any] = {"width": side * columns, "height_ratios": [side, 0.6] * bands}
    figure, grid = style.panels(bands * (side + 1.0) + 0.3, 2 * bands, columns, **sizes)
    uppers, lowers = grid[::2].ravel(), grid[1::2].ravel()
    style.blank([*uppers[len(names) :], *lowers[len(names) :]])
    for name, upper, lower in zip(names, uppers, lowers, strict=False):
        upper.plot([0, 1], [0, 1], **IDEAL)
        for state, colour, line, dots in zip(tables, COLOURS, LINES, MARKERS, strict=False):
            table, stroke = tables[state][name], {"color": colour, "linestyle": line}
            x, y = table["probability"], table["share"]
            area = 6 + 130 * table["images"] / table["images"].sum()
            upper.vlines(x, table["low"], table["high"], color=colour, linewidth=0.8, alpha=0.5)
            upper.plot(x, y, linewidth=0.9, **stroke)
            upper.scatter(x, y, area, edgecolor=colour, zorder=3, clip_on=False, **dots)
            bins = np.unique([*table["from"], *table["to"]])
            middles = (table["from"] + table["to"]) / 2
            lower.hist(middles, bins, weights=table["images"], histtype="step", linewidth=1, **stroke)
        upper.set(
            xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1], aspect="equal"
        )
        upper.tick_params(labelbottom=False)
        lower.set(xlim=(-0.02, 1.02), xticks=[0, 0.5, 1], xlabel="predicted probability")
        lower.yaxis.set_major_locator(MaxNLocator(2, integer=True))
        style.heading(upper, lettering.wrap(style.spaced(name), side - 0.35, style.LARGE, "bold"))
    for upper, lower in grid[:, 0].reshape(-1, 2):
        upper.set_ylabel("share in which true")
        lower.set_ylabel("images")
    handles = [
        style.sign(state, color=colour, linestyle=line, marker=dots["marker"], mfc=dots["facecolor"])
        for state, colour, line, dots in zip(tables, COLOURS, LINES, MARKERS, strict=False)
    ]
    style.key(
        figure, [*handles, style.sign("as it should be", **IDEAL)], 3 if columns > 2 else 1, handlelength=3
    )
    figure.set_label(
        f"{len(names)} diagrams: {', '.join(map(style.spaced, names))}; drawn {' and '.join(tables)}."
    )
    return figure


def decision_curves(curves: Mapping[str, pd.DataFrame], action: str = "treat") -> Figure:
    """Net benefit over the threshold probability: of models, of acting on all images and on none.

    Parameters
    ----------
    curves : dict of model to DataFrame
        One or two, on the same images, from `decision_curves.decision_curve`. The last is drawn with its
        interval.
    action : str
        What is done to an image called positive, in the legend's words: "treat", "biopsy".
    """
    figure, [[panel]] = style.panels(2.9, width=style.COLUMN, lines="y")
    last = list(curves.values())[-1]
    panel.plot(last["threshold"], last["treat_all"], label=f"{action} all", zorder=3, **IDEAL)
    panel.plot(last["threshold"], last["treat_none"], label=f"{action} none", color="black", linewidth=0.9)
    looks = list(zip(COLOURS, LINES, strict=True))[-len(curves) :]
    for (name, curve), (colour, line) in zip(curves.items(), looks, strict=True):
        panel.plot(curve["threshold"], curve["model"], label=name, color=colour, linestyle=line)
    interval = {"color": COLOURS[-1], "alpha": 0.13, "linewidth": 0, "label": "its interval"}
    band = panel.fill_between(last["threshold"], last["low"], last["high"], **interval)
    top = last[["high", "model", "treat_all"]].max().max()
    lowest = np.min([last["low"], *(curve["model"] for curve in curves.values())], axis=0)
    # beyond, curves that dive would press all others together
    shown = last[np.logical_and.accumulate(~(lowest < -top))]
    end = shown["threshold"].max() if len(shown) else 1
    bottom = min(0.0, *lowest[: len(shown)])
    panel.set(
        xlim=(0, 1 if len(shown) == len(last) else end),
        ylim=(1.1 * bottom - 0.1 * top - 0.01, 1.1 * top + 0.01),
    )
    panel.set(xlabel="threshold probability", ylabel="net benefit")
    style.key(figure, [*panel.lines, band], 2, handlelength=3)
    better = last["model"] > last[["treat_all", "treat_none"]].max(axis=1)
    said = f"at {better.sum()} of {len(last)} thresholds better than {action} all and {action} none"
    figure.set_label(f"{list(curves)[-1].capitalize()}: {said}; thresholds up to {end:.2f} are drawn.")
    return figure


def risk_coverage(curve: pd.DataFrame) -> Figure:
    """Share of errors among the images that are kept, over the share that is kept.

    Parameters
    ----------
    curve : DataFrame
        From `selective.risk_coverage`.
    """
    figure, [[panel]] = style.panels(2.7, width=style.COLUMN, lines="y")
    errors, images = int(curve["errors"].iloc[-1]), int(curve["images"].iloc[-1])
    kept = np.linspace(1 / images, 1, 200)
    panel.plot(kept, np.maximum(0, 1 - (1 - errors / images) / kept), label="errors left out first", **IDEAL)
    panel.axhline(errors / images, color="black", linewidth=0.9, label="left out at random")
    panel.plot(curve["coverage"], curve["risk"], color=COLOURS[1], label="least sure left out first")
    top = max(float(curve["risk"].max()), 0.05)
    panel.set(
        xlim=(0, 1.02), ylim=(-0.03 * top, 1.1 * top), xlabel="share of images kept", ylabel="share of errors"
    )
    style.key(figure, panel.lines, 1, handlelength=3)
    half = curve[curve["coverage"] >= 0.5].iloc[0]
    figure.set_label(
        f"Of all {images} images {errors} are wrong; of the {half['images']:.0f} surest {half['errors']:.0f} are."
    )
    return figure
