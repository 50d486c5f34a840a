"""Figures of image and record: scores of each arm, and what groups of columns are worth."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from bcd_utils.reporting.plots import lettering, style

#: Colour and marker by what an arm is given: the image, the record, another reader's findings.
IMAGE, RECORD, READER, OTHER = (style.LOOKS[place] for place in (6, 0, 1, 4))


def look_of(arm: str) -> style.Look:
    """How an arm is drawn: by the first thing besides the image that it is given."""
    kind = arm.rpartition("_")[2]
    return {"image": IMAGE, "known": RECORD, "read": READER}.get(kind, OTHER)


def scores(table: pd.DataFrame, metrics: Mapping[str, str], titles: Mapping[str, str]) -> Figure:
    """Scores of the arms on their intervals, one panel a metric; a line through the first arm's.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: arm; for each metric its value, ``_low`` and ``_high``.
    metrics : mapping of metric to heading
        At most three.
    titles : mapping of arm to str
    """
    figure, [grid] = style.panels(1.2 + 0.5 * len(table), columns=len(metrics), sharey=True, lines="x")
    for panel, (metric, heading) in zip(grid, metrics.items(), strict=True):
        panel.axvline(table[metric].iloc[0], color="#8C8C8C", linewidth=1, linestyle=(0, (3, 3)))
        for place, (arm, row) in enumerate(table.iterrows()):
            look = look_of(str(arm))
            style.score(panel, row, place, metric, color=look.colour, marker=look.marker)
        style.heading(panel, heading)
        panel.set(ylim=(len(table) - 0.4, -0.6))
        panel.tick_params(labelsize=style.SMALL)
    names = [lettering.wrap(titles[str(arm)], 2.4, style.SMALL) for arm in table.index]
    grid[0].set_yticks(range(len(table)), names, size=style.SMALL)
    return figure


def importance(table: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """How much each arm's area falls when a group of columns is shuffled; a heading an arm.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: arm and group; ``drop`` with ``_low`` and ``_high``.
    titles : mapping of arm to str
    """
    lines: list[tuple[str, str | None]] = []
    for arm, rows in table.groupby(level="arm", sort=False):
        lines += [(str(arm), None), *((str(arm), str(group)) for _, group in rows.index)]
    figure, [[panel]] = style.panels(1.0 + 0.27 * len(lines), lines="x")
    panel.axvline(0, color="#8C8C8C", linewidth=1)
    for place, (arm, group) in enumerate(lines):
        if group is not None:
            look = look_of(arm)
            style.score(panel, table.loc[(arm, group)], place, "drop", color=look.colour, marker=look.marker)
    names = [
        lettering.wrap(titles[arm] if group is None else group, 3.2, style.SMALL) for arm, group in lines
    ]
    panel.set_yticks(range(len(lines)), names, size=style.SMALL)
    for tick, (_, group) in zip(panel.get_yticklabels(), lines, strict=True):
        tick.set_weight("bold" if group is None else "normal")
    panel.tick_params(axis="y", length=0)
    panel.set(ylim=(len(lines) - 0.4, -0.6), xlabel="AUC lost when shuffled")
    return figure
