"""Figures of published results beside measured arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from bcd_utils.evaluation.format import number
from bcd_utils.experiments.published_results.rows import KINDS
from bcd_utils.reporting.plots import style
from bcd_utils.utils.words import counted

#: What each kind of protocol looks like: colour and marker, any two of which differ in both.
KIND_LOOKS = dict(
    zip(
        KINDS,
        (
            ("#0072B2", "o"), ("#56B4E9", "P"), ("#009E73", "^"), ("#595959", "p"), ("#E69F00", "D"),
            ("#CC79A7", "v"), ("#D55E00", "s"),
        ),
        strict=True,
    )
)  # fmt: skip


def published_scores(table: pd.DataFrame, measured: Mapping[str, Any], score: str) -> Figure:
    """Published scores with their intervals, kind after kind, under clouds of our own splits.

    Parameters
    ----------
    table : pandas.DataFrame
        As `tables.rows_table` gives it; rows without the score are left out. Hollow: the test set, or the score itself,
        is not printed but what the numbers imply.
    measured : mapping
        As `measured.read_measured` gives it.
    score : {"accuracy", "auc"}
    """
    rows = table.dropna(subset=[score]).sort_values(score)
    rows = rows.iloc[np.argsort([KINDS.index(kind) for kind in rows["kind"]], kind="stable")]
    arms = measured["arms"]
    names = [arm["title"] for arm in arms.values()] + [
        f"{key}  {row['name']}" for key, row in rows.iterrows()
    ]
    figure, [[panel]] = style.panels(1.05 + 0.135 * len(names), lines="x")
    for place, arm in enumerate(arms.values()):
        values = [value for value in arm[score] if style.known(value)]
        style.strip(panel, values, place, 0.3, size=2.2, color=KIND_LOOKS[arm["kind"]][0])
    for place, (_, row) in enumerate(rows.iterrows(), start=len(arms)):
        colour, marker = KIND_LOOKS[row["kind"]]
        hollow = not row["stated"] or (score == "accuracy" and row["implied"])
        face = "white" if hollow else colour
        style.score(panel, row, place, score, color=colour, marker=marker, markersize=4, markerfacecolor=face)
    if arms:
        panel.axhline(len(arms) - 0.5, color="black", linewidth=0.6)
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.set_xlabel({"accuracy": "accuracy", "auc": "area under the ROC curve"}[score])
    used = [kind for kind in KINDS if kind in {*rows["kind"], *(arm["kind"] for arm in arms.values())}]
    signs = [
        style.sign(kind, color=KIND_LOOKS[kind][0], marker=KIND_LOOKS[kind][1], markersize=4) for kind in used
    ]
    style.key(figure, signs, ncols=min(4, len(signs)))
    ends = "none" if rows.empty else f"{number(rows[score].min())} to {number(rows[score].max())}"
    said = [f"{counted(len(rows), 'published result')}, {ends}"]
    said += [
        f"{arm['title']} {number(float(np.nanmedian(np.array(arm[score], float))))}" for arm in arms.values()
    ]
    figure.set_label(f"{said[0]}; medians of our arms: {', '.join(said[1:]) or 'none'}.")
    return figure
