"""Figures of the repeated splits: the spread of scores over splits, and what copies in training are worth."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bcd_utils.evaluation.format import number, with_interval
from bcd_utils.evaluation.metric_registry import main_metrics, paper_metrics
from bcd_utils.reporting.plots import style

PLAIN, GROUPED = {"color": "#E69F00", "marker": "o"}, {"color": "#56B4E9", "marker": "s"}
ROWS = {"plain": 2, "grouped": 1, "folds": 0}


def repeated_splits(
    table: pd.DataFrame, headline: Mapping[str, Mapping[str, float]], paper: Mapping[str, float], folds: int
) -> Figure:
    """Every split's test scores, plain and grouped, the grouped cross-validation, and the paper's value.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a split: scheme ("plain", "grouped") and the scores that the paper prints, a panel each.
    headline : mapping of score to mapping
        ``value``, ``low``, ``high`` of repeated grouped cross-validation.
    paper : mapping of score to float
        The published test scores; empty where none can be compared.
    folds : int
        Of the cross-validation, for its label.
    """
    figure, [grid] = style.panels(3.3, columns=len(paper_metrics()), sharey=True, lines="x")
    for panel, metric in zip(grid, paper_metrics(), strict=True):
        for scheme, look in (("plain", PLAIN), ("grouped", GROUPED)):
            values = table.loc[table["scheme"] == scheme, metric].dropna().to_numpy(dtype=float)
            dots = {"size": 3.6, "alpha": 0.75, "linewidth": 0.3, "edgecolor": "white"}
            style.strip(panel, values, ROWS[scheme] + 0.07, 0.23, **dots, **look)
            style.span(panel, values, ROWS[scheme] - 0.3, 95, "black")
        style.score(panel, headline[metric], ROWS["folds"], marker="D", color="black", markersize=6)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        middle = (
            panel.get_yaxis_transform()
        )  # above the mark the text would lie over the labels where a score is low
        at = {"ha": "center", "size": style.SMALL, "bbox": box, "xycoords": middle}
        style.note(panel, with_interval(headline[metric]), (0.5, ROWS["folds"]), (0, 11), **at)
        if metric in paper:
            panel.axvline(paper[metric], color="#8B0000", linewidth=1.6, linestyle=(0, (4, 2)))
            at = {
                "xycoords": panel.get_xaxis_transform(),
                "ha": "right",
                "color": "#8B0000",
                "size": style.SMALL,
            }
            style.note(panel, f"paper {number(paper[metric])}", (paper[metric], 1), (-3, -5), **at)
        style.heading(panel, main_metrics()[metric])
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.set(ylim=(-0.5, 2.75), xlabel="test score")
        panel.tick_params(axis="y", length=0)
    splits = (table["scheme"] == "plain").sum()
    labels = [f"{splits} splits\nby image", f"{splits} splits\nby group", f"grouped\n{folds}-fold"]
    grid[0].set_yticks(list(ROWS.values()), labels, size=style.MEDIUM)
    return figure


def copies(worth: pd.DataFrame) -> Figure:
    """Accuracy on the same images with folds by image and with folds by group, a panel for each way to join groups.

    Parameters
    ----------
    worth : pandas.DataFrame
        From `copies.worth_of_copies`.
    """
    ways = worth["joined"].unique()
    figure, [grid] = style.panels(3.0, columns=len(ways), sharex=True, lines="x")
    for panel, joined in zip(grid, ways, strict=True):
        rows = worth[worth["joined"] == joined].to_dict("records")
        for place, row in enumerate(rows):
            style.score(panel, row, place - 0.14, "by_image", **PLAIN)
            style.score(panel, row, place + 0.14, "by_group", **GROUPED)
        panel.set_yticks(
            range(len(rows)), [f"{row['images']}\n{row['count']:,}" for row in rows], size=style.MEDIUM
        )
        panel.set(ylim=(len(rows) - 0.5, -0.5), xlabel="accuracy")
        style.heading(panel, joined)
    style.key(figure, [style.sign("folds by image", **PLAIN), style.sign("folds by group", **GROUPED)])
    return figure
