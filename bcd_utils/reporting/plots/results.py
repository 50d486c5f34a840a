"""Figures of the classifier's results: scores, confusion matrices, ROC and learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bcd_utils.evaluation.format import Bounds, number, with_interval
from bcd_utils.evaluation.metric_registry import main_metrics
from bcd_utils.reporting.plots import lettering, style

PUBLISHED = {"marker": "D", "markersize": 6.5, "fillstyle": "none", "markeredgewidth": 1, "zorder": 4,
             "linestyle": "none"}  # fmt: skip


def metrics_beside_paper(
    metrics: dict[str, dict[str, float | None]],
    intervals: dict[str, dict[str, float | None]],
    paper: dict[str, dict[str, float]],
) -> Figure:
    """The main metrics of each set, with the test set's intervals, and the paper's where it has any.

    Parameters
    ----------
    metrics : dict of set to dict of score to float or None
        None where undefined.
    intervals : dict of score to dict
        ``low`` and ``high`` of the test set; a score may be missing or its ends None.
    paper : dict of set to dict of score to float
        The published values; may be empty.
    """
    titles, printed = main_metrics(), any(paper.values())
    rows = [(score, name) for score in titles for name in (None, *metrics)]
    figure, [[panel]] = style.panels(0.8 + 0.19 * len(rows), lines="x")
    for place, (score, name) in enumerate(rows):
        if name is None:
            panel.axhline(place - 0.55, color="#D9D9D9", linewidth=0.8 if place else 0)
            continue
        ours, theirs = metrics[name].get(score), paper.get(name, {}).get(score)
        bounds = (intervals.get(score, {}) if name == "test" else {}) | {"value": ours}
        look = style.set_look(name)
        style.score(panel, bounds, place, **look)
        if style.known(theirs):
            panel.plot(theirs, place, color=look["color"], **PUBLISHED)
        _beside(panel, 0, place, with_interval(bounds))
        if printed:
            _beside(panel, 1, place, number(theirs))
    _beside(panel, 0, 0, "ours [interval]" if intervals else "ours", weight="bold")
    if printed:
        _beside(panel, 1, 0, "paper", weight="bold")

    labels = [titles[score] if name is None else style.spaced(name) for score, name in rows]
    panel.set_yticks(range(len(rows)), labels)
    for tick, (_, name) in zip(panel.get_yticklabels(), rows, strict=True):
        tick.set_weight("bold" if name is None else "normal")
    panel.tick_params(axis="y", length=0)
    panel.set(xlabel="score", ylim=(len(rows) - 0.4, -0.6))
    panel.margins(x=0.06)
    handles = [style.sign(style.spaced(name), markersize=5, **style.set_look(name)) for name in metrics]
    handles += [style.sign("paper", color=style.MUTED, **PUBLISHED)] if printed else []
    style.key(figure, handles)
    of_test = (f"{titles[score]} {with_interval(intervals.get(score) or {'value': value})}"
               for score, value in metrics.get("test", {}).items() if score in titles)  # fmt: skip
    figure.set_label(f"Internal test: {', '.join(of_test)}.")
    return figure


def confusion_matrices(matrices: dict[str, np.ndarray], classes: Sequence[str]) -> Figure:
    """Confusion matrix of each set: counts, and the share of the true class that they are.

    Parameters
    ----------
    matrices : dict of set to ndarray of int, shape (k, k)
        Rows are the true classes.
    """
    count = len(classes)
    columns = min(len(matrices), 3 if count <= 4 else 2)
    rows = -(-len(matrices) // columns)
    room, size = (0.7, style.MEDIUM if count <= 3 else style.SMALL) if count <= 4 else (0.9, style.SMALL)
    names = [style.named(name, room) for name in classes]
    longest = _longest(names)
    width = style.COLUMN if len(matrices) == 1 else style.PAGE
    side = min((width - longest - 1.0) / columns, 2.4)
    under = [style.named(name, 1.3 if count > 3 else side / count - 0.06) for name in classes]
    lines = max(name.count("\n") + 1 for name in under) * lettering.line_height(style.SMALL)
    below = 0.35 + lines + (0.7 * _longest(under) if count > 3 else 0)
    figure, grid = style.panels(rows * (side + below + 0.3), rows, columns, width=width)
    slanted = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if count > 3 else {}
    style.blank(grid.flat[len(matrices) :])
    for index, (panel, (name, matrix)) in enumerate(zip(grid.flat, matrices.items(), strict=False)):
        totals = matrix.sum(axis=1, keepdims=True)
        rates = matrix / np.where(totals > 0, totals, 1)
        shades = panel.imshow(rates, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for (row, column), cell in np.ndenumerate(matrix):
            rate = f"{rates[row, column]:.0%}" if totals[row, 0] else "–"
            ink = "white" if rates[row, column] > 0.55 else "black"
            panel.text(column, row, f"{cell:,}\n{rate}", color=ink, ha="center", va="center", size=size)
        first = index % columns == 0
        panel.set_xticks(range(count), under, **slanted)
        panel.set_yticks(range(count), names if first else [""] * count)
        panel.set_xlabel("predicted class")
        panel.set_ylabel("true class" if first else "")
        style.heading(panel, f"{style.spaced(name)}\n({matrix.sum():,} images)")
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    scale = figure.colorbar(shades, ax=grid, shrink=0.9 if rows == 1 else 0.45, aspect=18, pad=0.015)
    scale.set_label("share of the true class")
    scale.ax.yaxis.set_major_formatter(style.percent)
    scale.outline.set_visible(False)
    right = (
        f"{style.spaced(name)} {matrix.trace():,} of {matrix.sum():,}" for name, matrix in matrices.items()
    )
    figure.set_label(f"Predicted as they are labelled: {', '.join(right)}.")
    return figure


def _longest(names: Sequence[str]) -> float:
    """Width of the longest line of some names beside an axis, in inches."""
    return max(lettering.text_width(line, style.SMALL) for name in names for line in name.split("\n"))


def roc(
    curves: dict[str, dict[str, pd.DataFrame]],
    metrics: dict[str, dict[str, float | None]],
    positive: str | None = None,
    intervals: Mapping[str, Bounds] = MappingProxyType({}),
) -> Figure:
    """One-vs-rest ROC curve of each class, a panel for each set, the areas in the legends.

    Of two classes only ``positive`` is drawn: the other's curve is the same, mirrored, over the same area.

    Parameters
    ----------
    curves : dict of set to dict of class to DataFrame
        Columns ``false_positive_rate`` and ``true_positive_rate`` (0..1). A class may be missing from a set.
    metrics : dict of set to dict
        Area under each curve as ``roc_auc_<class>``.
    positive : str, optional
        A class.
    intervals : mapping of score to mapping
        ``value``, ``low`` and ``high`` of the test set's areas; may be empty.
    """
    looks = style.class_looks(name for of_set in curves.values() for name in of_set)
    if len(looks) == 2 and positive in looks:
        looks = {positive: looks[positive]}
    width = style.PAGE if len(curves) > 1 else style.COLUMN
    side = width / len(curves)
    names = {label: lettering.wrap(style.spaced(label), side - 1.6, style.SMALL) for label in looks}
    below = 0.25 + sum(name.count("\n") + 1 for name in names.values()) * 1.25 * lettering.line_height(
        style.SMALL
    )
    sizes: dict[str, Any] = {"width": width, "height_ratios": [side - 0.15, below]}
    figure, [upper, lower] = style.panels(side + 0.15 + below, 2, len(curves), **sizes)
    areas = []
    for panel, under, (name, of_set) in zip(upper, lower, curves.items(), strict=True):
        panel.plot([0, 1], [0, 1], color="#8C8C8C", linewidth=0.8, linestyle=":")
        for label, look in looks.items():
            score = f"roc_auc_{label}"
            ends = intervals.get(score, {}) if name == "test" else {}
            area = with_interval({**ends, "value": metrics.get(name, {}).get(score)})
            areas += [f"{style.spaced(label)} {area}"] if name == "test" else []
            rates = ("false_positive_rate", "true_positive_rate")
            x, y = (of_set[label][rate] if label in of_set else [] for rate in rates)
            panel.plot(x, y, clip_on=False, label=f"{names[label]}: {area}", **look.stroke)
        panel.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal", xlabel="false positive rate")
        style.heading(panel, style.spaced(name))
        under.set_axis_off()
        options = {"frameon": False, "handlelength": 2.8, "borderaxespad": 0, "title": "area under the curve"}
        under.legend(handles=panel.get_lines()[1:], loc="upper center", **options)
    upper[0].set_ylabel("true positive rate")
    figure.set_label(f"Areas on the internal test set: {', '.join(areas)}." if areas else "")
    return figure


def learning_curve(history: pd.DataFrame, metric: str, restored_epoch: int) -> Figure:
    """A score of the training and the tuning set after each epoch.

    Parameters
    ----------
    history : DataFrame
        Columns ``epoch`` (1, 2, ...), the metric, ``val_`` and the metric, and perhaps ``stage``
        ("head" or "fine-tuning").
    metric : {"accuracy", "loss"}
    restored_epoch : int
        The epoch whose weights were kept.
    """
    figure, [[panel]] = style.panels(2.6, width=style.COLUMN, lines="y")
    first, last = history["epoch"].min(), history["epoch"].max()
    stroke = {"linewidth": 1.2, "markersize": 3 if len(history) <= 40 else 0}
    train, validation = style.set_look("train"), style.set_look("validation")
    panel.plot(history["epoch"], history[metric], label="training", **train, **stroke)
    panel.plot(history["epoch"], history[f"val_{metric}"], "--", label="tuning", **validation, **stroke)
    if "stage" in history and (history["stage"] == "fine-tuning").any():
        start = history.loc[history["stage"] == "fine-tuning", "epoch"].min()
        label = f"fine-tuning (from epoch {start})"
        panel.axvspan(start - 0.5, last + 0.5, color="#F0F0F0", linewidth=0, zorder=0, label=label)
    panel.axvline(restored_epoch, color="black", linewidth=1, linestyle=":", zorder=1)
    along = (restored_epoch - first + 0.5) / (last - first + 1)
    towards = {"va": "bottom", "ha": "left" if along < 0.3 else "right" if along > 0.7 else "center"}
    place = {"xycoords": ("data", "axes fraction"), **towards}
    style.note(panel, f"weights of epoch {restored_epoch} kept", (restored_epoch, 1), (0, 3), **place)
    panel.set(xlabel="epoch", ylabel=metric, xlim=(first - 0.5, last + 0.5))
    if metric == "loss":
        panel.update_datalim([(first, 0)])
        panel.autoscale_view()
        panel.set_ylim(bottom=0)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
    figure.legend(loc="outside lower center", ncols=2, frameon=False, handlelength=3)
    kept = history.set_index("epoch").loc[restored_epoch]
    ends = f"training {number(kept[metric])}, tuning {number(kept[f'val_{metric}'])}"
    figure.set_label(f"{last} epochs were trained; the weights of epoch {restored_epoch} were kept: {ends}.")
    return figure


def _beside(panel: Axes, column: int, place: float, text: str, weight: str = "normal") -> None:
    """A cell of the table right of the panel."""
    options = {"xycoords": ("axes fraction", "data"), "size": style.SMALL, "weight": weight}
    style.note(panel, text, (1, place), (10 + 105 * column, 0), **options)
