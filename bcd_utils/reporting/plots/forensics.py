"""Figures of what a publication's numbers imply: its confusion matrices, and where its row lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bcd_utils.evaluation.format import number
from bcd_utils.evaluation.metric_registry import main_metrics
from bcd_utils.reporting.plots import style
from bcd_utils.reporting.plots.results import confusion_matrices

ARM_COLOURS = ("#56B4E9", "#E69F00", "#CC79A7")  # none of them a class's colour
BOX = "#333333"
PAPER = {"color": "black", "linewidth": 1.6, "linestyle": (0, (4, 1.5))}
ABOVE = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom", "size": style.SMALL}


def reconstructed(matrices: Mapping[str, np.ndarray], classes: Sequence[str]) -> Figure:
    """The matrices that fit a publication's scores; a cell in which they differ shows its range.

    Parameters
    ----------
    matrices : mapping of set to ndarray of int, shape (m, k, k)
        All matching matrices, m >= 1; rows are the true classes. Shades are those of the first.
    """
    figure = confusion_matrices({name: stack[0] for name, stack in matrices.items()}, classes)
    for panel, (name, stack) in zip(figure.axes, matrices.items(), strict=False):
        low, high = stack.min(axis=0), stack.max(axis=0)
        totals = np.repeat(stack[0].sum(axis=1), len(classes))
        for text, fewest, most, total in zip(panel.texts, low.flat, high.flat, totals, strict=True):
            if fewest < most:
                rates = dict.fromkeys(f"{100 * count / total:.0f}" for count in (fewest, most))
                text.set_text(f"{fewest:,}–{most:,}\n{'–'.join(rates)}%")
        count = "1 matrix fits" if len(stack) == 1 else f"{len(stack):,} matrices fit"
        style.heading(panel, f"{style.spaced(name)} ({stack[0].sum():,} images)\n{count}")
    return figure


def inputs(table: pd.DataFrame, reported: Mapping[str, float]) -> Figure:
    """Each arm's scores over many splits beside a published row; under the dots, quartiles and central 95%.

    Parameters
    ----------
    table : DataFrame
        One row a split: ``arm``, ``split``, and a column for each score, one panel each. Arms are drawn in the
        order in which they first occur.
    reported : mapping of score to float
        The published value of each score; empty where none can be compared.
    """
    names = list(dict.fromkeys(table["arm"]))
    scores = [column for column in table if column not in ("arm", "split")]
    figure, [grid] = style.panels(1.5 + 0.72 * len(names), columns=len(scores), sharey=True, lines="x")
    for panel, score in zip(grid, scores, strict=True):
        if score in reported:
            panel.axvline(reported[score], zorder=1, **PAPER)
            style.note(panel, f"paper: {number(reported[score])}", (reported[score], 1), (0, 6), **ABOVE)
        for place, name in enumerate(names):
            values = table.loc[table["arm"] == name, score].to_numpy()
            dots = {"color": ARM_COLOURS[place % len(ARM_COLOURS)], "edgecolor": "white", "linewidth": 0.3}
            style.strip(panel, values, place - 0.14, 0.22, size=4.5 if len(values) <= 30 else 3.3, **dots)
            _box(panel, values, place + 0.26)
        label = f"recall of {style.spaced(score[7:])}" if score.startswith("recall_") else style.spaced(score)
        panel.set_xlabel(
            style.wrap(main_metrics().get(score, label), style.WIDTH / len(scores), style.MEDIUM)
        )
        panel.margins(x=0.08)
        panel.locator_params(axis="x", nbins=4)
        panel.tick_params(axis="y", length=0)
    grid[0].set_yticks(range(len(names)), [style.spaced(name) for name in names], size=style.LARGE)
    grid[0].set_ylim(len(names) - 0.5, -0.5)
    dot = style.sign("one split", color=style.MUTED, marker="o", markersize=4)
    box = style.sign("box: middle half; whiskers: central 95%", color=BOX, linewidth=1.3, linestyle="-")
    paper = [style.sign("paper", **PAPER)] if reported else []
    style.key(figure, [*paper, dot, box], fontsize=style.MEDIUM)
    return figure


def _box(panel: Axes, values: np.ndarray, place: float) -> None:
    """Quartiles and central 95%, by the quantiles of `consistency.consistency`."""
    names = ("whislo", "q1", "med", "q3", "whishi")
    quantiles = np.quantile(values, [0.025, 0.25, 0.5, 0.75, 0.975], method="median_unbiased")
    line = {"color": BOX, "linewidth": 1.3}
    parts = {f"{part}props": line for part in ("box", "whisker", "cap", "median")}
    options = {"orientation": "horizontal", "widths": 0.16, "showfliers": False, "manage_ticks": False}
    panel.bxp([dict(zip(names, quantiles, strict=True))], positions=[place], zorder=3, **options, **parts)
