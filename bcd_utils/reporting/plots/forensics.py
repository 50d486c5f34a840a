"""Figures of what a publication's numbers imply: its confusion matrices, and where its row lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bcd_utils.datasets.splits import SETS
from bcd_utils.evaluation.format import number
from bcd_utils.reporting.plots import lettering, style
from bcd_utils.reporting.plots.results import confusion_matrices
from bcd_utils.utils.words import enumerated

ARM_COLOURS = ("#56B4E9", "#E69F00", "#CC79A7")  # none of them a class's colour
BOX = "#333333"
PAPER = {"color": "black", "linewidth": 1.1, "linestyle": (0, (4, 1.5))}
ABOVE = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom", "size": style.SMALL}


def reconstructed(matrices: Mapping[str, np.ndarray], classes: Sequence[str]) -> Figure:
    """The matrices that fit a publication's scores; a cell in which they differ shows its range.

    Parameters
    ----------
    matrices : mapping of set to ndarray of int, shape (m, k, k)
        All matching matrices, m >= 1; rows are the true classes. Shades are those of the first.
    """
    figure = confusion_matrices({name: stack[0] for name, stack in matrices.items()}, classes)
    counts = []
    for panel, (name, stack) in zip(figure.axes, matrices.items(), strict=False):
        low, high = stack.min(axis=0), stack.max(axis=0)
        totals = np.repeat(stack[0].sum(axis=1), len(classes))
        for text, fewest, most, total in zip(panel.texts, low.flat, high.flat, totals, strict=True):
            if fewest < most:
                rates = dict.fromkeys(f"{100 * count / total:.0f}" for count in (fewest, most))
                text.set_text(f"{fewest:,}–{most:,}\n{'–'.join(rates)}%")
        count = "1 matrix fits" if len(stack) == 1 else f"{len(stack):,} matrices fit"
        style.heading(panel, f"{style.spaced(name)} ({stack[0].sum():,} images)\n{count}")
        counts.append(f"{style.spaced(name)} {count}")
    figure.set_label(f"{'; '.join(counts)}.".capitalize())
    return figure


def rivals(
    table: pd.DataFrame, known: pd.DataFrame, row: Mapping[str, float], asked: Sequence[str]
) -> Figure:
    """Each rival's accuracy over its splits, set by set, beside a published row; and what else bears on it.

    Parameters
    ----------
    table : DataFrame
        One row a split, as `rival_explanations.scores.rival_scores` gives them.
    known : DataFrame
        Index: the rivals in the order in which they are drawn; columns ``title`` and, where there is a row, ``p``,
        ``images`` and ``allowed``; ``perfect_all`` where classes are asked after.
    row : mapping of column to float
        The published values; empty where none can be compared.
    asked : sequence of str
        Classes without an error in the published row.
    """
    shares = "perfect_all" in known
    columns = len(SETS) + shares
    widths = {"width_ratios": [2.2] * len(SETS) + [1.5] * shares}
    height = 1.1 + 0.25 * len(known)
    figure, [grid] = style.panels(height, columns=columns, lines="x", sharey=True, gridspec_kw=widths)
    for panel, name in zip(grid, SETS, strict=False):
        column = f"{name}_accuracy"
        if row:
            panel.axvline(row[column], zorder=1, **PAPER)
            style.note(panel, f"paper: {number(row[column])}", (row[column], 1), (0, 4), **ABOVE)
        for place, rival in enumerate(known.index):
            values = table.loc[table["rival"] == rival, column].to_numpy()
            dots = {"color": ARM_COLOURS[place % len(ARM_COLOURS)], "edgecolor": "white", "linewidth": 0.2}
            style.strip(panel, values, place, 0.3, size=2.4, **dots)
        panel.set_xlabel(f"accuracy,\n{style.spaced(name)}")
    if shares:
        grid[-1].barh(range(len(known)), known["perfect_all"], height=0.55, color=BOX)
        if row:
            grid[-1].axvline(1, zorder=1, **PAPER)
        named = enumerated(asked) if len(asked) == 1 else f"{len(asked)} classes"
        label = f"share of splits with {named} perfect in all sets"
        grid[-1].set(xlim=(0, 1.05), xlabel=lettering.wrap(label, 1.2, style.MEDIUM))
    for panel in grid:
        panel.tick_params(axis="y", length=0)
        panel.locator_params(axis="x", nbins=3)
    grid[0].set_yticks(range(len(known)), [style.named(title, 1.3) for title in known["title"]])
    grid[0].set_ylim(len(known) - 0.5, -0.5)
    if row:
        _beside(grid[-1], known)
    dot = style.sign("one split", color=style.MUTED, marker="o", markersize=4)
    style.key(figure, [*([style.sign("paper", **PAPER)] if row else []), dot], fontsize=style.MEDIUM)
    medians = table.groupby("rival")["test_accuracy"].median()
    said = (f"{each.title} {number(medians[each.Index])}" for each in known.itertuples())
    figure.set_label(f"Median accuracy on the internal test set: {', '.join(said)}.")
    return figure


def _beside(panel: Axes, known: pd.DataFrame) -> None:
    """Right of the last panel: the p-value of a row, and whether its printed accuracies allow its number of images."""
    fits = [f"{row.images:,} {'fit' if row.allowed else 'do not fit'}" for row in known.itertuples()]
    beside = {"xycoords": ("axes fraction", "data"), "ha": "left"}
    for heading, offset, texts in (("p", 10, [number(p, 2) for p in known["p"]]), ("images", 34, fits)):
        style.note(panel, heading, (1, -0.9), (offset, 0), weight="bold", **beside)
        for place, text in enumerate(texts):
            style.note(panel, text, (1, place), (offset, 0), **beside)
