"""Figures of the recipe: the staircase of steps, and how the tuned networks learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bcd_utils.evaluation.format import number
from bcd_utils.reporting.plots import lettering, style

FROZEN, TUNED, GAIN = style.LOOKS[0], style.LOOKS[1], "#333333"


def staircase(
    table: pd.DataFrame, titles: Mapping[str, str], tuned: Sequence[str], metrics: Mapping[str, str]
) -> Figure:
    """Each step's scores and, beside them, what it gains on the step before; below each name, what it costs.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: arm, from the first step to the last. For each metric its value, ``<metric>_gain`` and their ends;
        ``minutes``.
    titles : mapping of arm to str
    tuned : sequence of str
        Arms whose network was tuned, or that are made of such.
    metrics : mapping of metric to heading
        One or two.
    """
    columns = 2 * len(metrics)
    figure, [grid] = style.panels(1.6 + 0.46 * len(table), columns=columns, sharey=True, lines="x")
    places = range(len(table))
    for (metric, heading), score, gain in zip(metrics.items(), grid[::2], grid[1::2], strict=True):
        score.plot(table[metric], places, color="#BBBBBB", linewidth=1, zorder=1)
        gain.axvline(0, color="#8C8C8C", linewidth=1)
        for place, (arm, row) in enumerate(table.iterrows()):
            look = TUNED if arm in tuned else FROZEN
            style.score(score, row, place, metric, color=look.colour, marker=look.marker)
            style.score(gain, row, place, f"{metric}_gain", color=GAIN, marker="D", markersize=4)
        style.heading(score, lettering.wrap(heading, 1.1, style.MEDIUM, "bold"))
        style.heading(gain, "gain")
    for panel in grid:
        panel.set(ylim=(len(table) - 0.4, -0.6))
        panel.tick_params(labelsize=style.SMALL)
    costs = [f"{number(value, 1)} min" for value in table["minutes"]]
    names = [
        f"{lettering.wrap(titles[str(arm)], 1.4, style.SMALL)}\n{cost}"
        for arm, cost in zip(table.index, costs, strict=True)
    ]
    grid[0].set_yticks(list(places), names, size=style.SMALL)
    signs = [
        style.sign("frozen network", color=FROZEN.colour, marker=FROZEN.marker),
        style.sign("tuned network", color=TUNED.colour, marker=TUNED.marker),
        style.sign("gain on the step before", color=GAIN, marker="D"),
    ]
    style.key(figure, signs)
    ends = [f"{heading} from {number(table[name].iloc[0])} to {number(table[name].iloc[-1])}" for name, heading in
            metrics.items()]  # fmt: skip
    figure.set_label(
        f"{len(table)} steps: {', '.join(titles[str(arm)] for arm in table.index)}; {'; '.join(ends)}."
    )
    return figure


def histories(table: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Loss on training and tuning images after each epoch: a panel an arm, a pale line a fold, a thick one their mean.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns arm, fold, epoch, loss and tuning_loss.
    titles : mapping of arm to str
    """
    arms = list(dict.fromkeys(table["arm"]))
    figure, [grid] = style.panels(2.6, columns=len(arms), sharey=True, lines="y")
    for panel, arm in zip(grid, arms, strict=True):
        rows = table[table["arm"] == arm]
        for column, name, label in (("loss", "train", "training"), ("tuning_loss", "validation", "tuning")):
            look = style.set_look(name)
            for _, fold in rows.groupby("fold"):
                panel.plot(fold["epoch"], fold[column], color=look["color"], alpha=0.3, linewidth=0.7)
            mean = rows.groupby("epoch")[column].mean()
            panel.plot(mean, label=label, **look, markersize=3, linewidth=1.4)
        style.heading(panel, lettering.wrap(titles[arm], 2.8, style.MEDIUM))
        panel.set(xlabel="epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        panel.set_ylim(bottom=0)
    grid[0].set_ylabel("loss")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, handlelength=3)
    last = table[table["epoch"] == table["epoch"].max()].groupby("arm", sort=False)["tuning_loss"].mean()
    shown = "; ".join(f"{titles[str(arm)]} {number(value)}" for arm, value in last.items())
    figure.set_label(f"Mean loss on tuning images after the last epoch: {shown}.")
    return figure
