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
    figure, [grid] = style.panels(2.4, columns=len(paper_metrics()), sharey=True, lines="x")
    for panel, metric in zip(grid, paper_metrics(), strict=True):
        for scheme, look in (("plain", PLAIN), ("grouped", GROUPED)):
            values = table.loc[table["scheme"] == scheme, metric].dropna().to_numpy(dtype=float)
            dots = {"size": 2.6, "alpha": 0.75, "linewidth": 0.3, "edgecolor": "white"}
            style.strip(panel, values, ROWS[scheme] + 0.07, 0.23, **dots, **look)
            style.span(panel, values, ROWS[scheme] - 0.3, 95, "black")
        style.score(panel, headline[metric], ROWS["folds"], marker="D", color="black", markersize=4.5)
        written = {"ha": "center", "va": "top", "xycoords": ("axes fraction", "data")}
        style.note(panel, with_interval(headline[metric]), (0.5, ROWS["folds"]), (0, -6), **written)
        if metric in paper:
            panel.axvline(paper[metric], color="#8B0000", linewidth=1.1, linestyle=(0, (4, 2)))
            above = {"ha": "center", "va": "bottom", "xycoords": "axes fraction", "color": "#8B0000"}
            style.note(panel, f"paper {number(paper[metric])}", (0.5, 1), (0, 2), **above)
        panel.set_title(main_metrics()[metric], size=style.LARGE, weight="bold", pad=13 if paper else 4)
        panel.xaxis.set_major_locator(MaxNLocator(4))
        panel.set(ylim=(-0.65, 2.5), xlabel="test score")
        panel.tick_params(axis="y", length=0)
    splits = (table["scheme"] == "plain").sum()
    labels = [f"{splits} splits\nby image", f"{splits} splits\nby group", f"grouped\n{folds}-fold"]
    grid[0].set_yticks(list(ROWS.values()), labels)
    said = (f"{main_metrics()[metric]} {with_interval(headline[metric])}" for metric in paper_metrics())
    figure.set_label(f"Grouped {folds}-fold: {', '.join(said)}.")
    return figure


def copies(worth: pd.DataFrame) -> Figure:
    """Accuracy on the same images with folds by image and with folds by group, a panel for each way to join groups.

    Parameters
    ----------
    worth : pandas.DataFrame
        From `copies.worth_of_copies`.
    """
    ways = worth["joined"].unique()
    figure, [grid] = style.panels(2.2, columns=len(ways), sharex=True, lines="x")
    for panel, joined in zip(grid, ways, strict=True):
        rows = worth[worth["joined"] == joined].to_dict("records")
        for place, row in enumerate(rows):
            style.score(panel, row, place - 0.14, "by_image", **PLAIN)
            style.score(panel, row, place + 0.14, "by_group", **GROUPED)
        panel.set_yticks(range(len(rows)), [f"{row['images']}\n{row['count']:,}" for row in rows])
        panel.set(ylim=(len(rows) - 0.5, -0.5), xlabel="accuracy")
        style.heading(panel, joined)
    style.key(figure, [style.sign("folds by image", **PLAIN), style.sign("folds by group", **GROUPED)])
    said = (f"{row.joined}, {row.images}: {number(row.by_image)} by image, {number(row.by_group)} by group"
            for row in worth.itertuples())  # fmt: skip
    figure.set_label(f"Accuracy: {'; '.join(said)}.")
    return figure
