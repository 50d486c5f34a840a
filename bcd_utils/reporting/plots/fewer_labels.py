"""The figure of fewer labels: area against the number of labelled lesions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from bcd_utils.evaluation.format import number
from bcd_utils.reporting.plots import style

PALE = {"color": "#8C8C8C", "linewidth": 1}


def curves(
    table: pd.DataFrame, panels: Mapping[str, Sequence[str]], titles: Mapping[str, str], enough: float
) -> Figure:
    """Areas over a logarithmic number of labelled lesions, a panel a question and a curve a way.

    Parameters
    ----------
    table : pandas.DataFrame
        As `experiments.fewer_labels.scores.curve_table` gives it.
    panels : mapping of heading to sequence of way
    titles : mapping of way to str
    enough : float
        Share of the area of all labels at which a line is drawn.
    """
    figure, [grid] = style.panels(3.1, columns=len(panels), sharey=True, lines="y")
    full = table[table["way"] == "full"].iloc[0]
    ways = list(dict.fromkeys(way for names in panels.values() for way in names))
    looks = dict(zip(ways, style.LOOKS, strict=False))
    handles = {}
    for panel, (heading, names) in zip(grid, panels.items(), strict=True):
        panel.axhline(full["auc"], linestyle=(0, (5, 2)), **PALE)
        panel.axhline(enough * full["auc"], linestyle=(0, (1, 2)), **PALE)
        for place, way in enumerate(names):
            handles[way] = _curve(panel, table[table["way"] == way], place - (len(names) - 1) / 2, looks[way])
        _all_labels(panel, full)
        points = table[table["way"] == names[0]]
        panel.set_xscale("log")
        panel.set_xticks([*points["lesions"], full["lesions"]], [*_ticks(points["lesions"]), "all"])
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_xlabel("labelled lesions")
        style.heading(panel, heading)
    grid[0].set_ylabel("AUC")
    style.key(figure, list(handles.values()), ncols=3, labels=[titles[way] for way in handles])
    first = table[table["way"] == ways[0]].iloc[0]
    others = ", ".join(titles[way] for way in ways[1:])
    figure.set_label(
        f"With {titles[ways[0]]} the AUC is {number(first['auc'])} at {first['lesions']:.0f} lesions and "
        f"{number(full['auc'])} at all {full['lesions']:.0f}; further curves: {others}."
    )
    return figure


def _curve(panel, rows: pd.DataFrame, shift: float, look: style.Look):
    """One way: intervals as whiskers, one SD over draws to both sides as a thick pale bar."""
    places = rows["lesions"] * (1 + 0.06 * shift)  # so that they do not lie on each other
    panel.errorbar(
        places, rows["auc"], rows["draws_sd"], linestyle="none", ecolor=look.colour, elinewidth=4, alpha=0.35
    )
    ends = rows["auc"] - rows["auc_low"], rows["auc_high"] - rows["auc"]
    options = look.stroke | {"marker": look.marker, "markersize": 4, "capsize": 2, "elinewidth": 0.8}
    return panel.errorbar(places, rows["auc"], ends, **options)


def _all_labels(panel, full: pd.Series) -> None:
    ends = [[full["auc"] - full["auc_low"]], [full["auc_high"] - full["auc"]]]
    panel.errorbar(full["lesions"], full["auc"], ends, color="black", marker="D", markersize=4, capsize=2)


def _ticks(lesions: pd.Series) -> list[str]:
    return [f"{value:.0f}" for value in lesions]
