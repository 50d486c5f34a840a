"""Figures of the comparison: scores with intervals, accuracy against cost, learning curves, heat maps side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bcd_utils.models.candidates.base import FAMILIES
from bcd_utils.reporting.plots import style
from bcd_utils.reporting.plots.heat_maps import blended, mark_peak

#: Colour and marker of each family; two of one colour differ in marker and are never neighbours.
LOOKS = {
    "paper": ("#D55E00", "D"),
    "frozen": ("#0072B2", "o"),
    "fine_tuned": ("#56B4E9", "s"),
    "attention": ("#009E73", "^"),
    "plain_cnn": ("#CC79A7", "P"),
    "classical": ("#E69F00", "v"),
    "ensemble": ("#000000", "X"),
    "control": ("#8C8C8C", "o"),
    "ablation": ("#D55E00", "d"),
    "outline": ("#8C8C8C", "s"),
}
OTHER_LOOK = ("#555555", "*")


def look_of(family: str) -> tuple[str, str]:
    """Colour and marker of a family of candidates."""
    return LOOKS.get(family, OTHER_LOOK)


def scores(
    table: pd.DataFrame,
    metrics: Mapping[str, str],
    titles: Mapping[str, str],
    families: Mapping[str, str],
    reference: str,
) -> Figure:
    """Scores of all candidates with their intervals, one panel a metric; a line through the reference's.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: name, in the order of drawing; for each metric its value, ``_low`` and ``_high``.
    metrics : mapping of metric to heading
        At most three.
    titles, families : mapping of name to str
    reference : str
        A name in the index.
    """  # fmt: skip
    figure = style.new_figure(1.2 + 0.27 * len(table))
    grid = style.panels(figure, columns=len(metrics), sharey=True)[0]
    places = np.arange(len(table))
    for panel, (metric, heading) in zip(grid, metrics.items(), strict=True):
        dashes = {"color": look_of("paper")[0], "linewidth": 1, "linestyle": (0, (3, 3))}
        panel.axvline(table.loc[reference, metric], **dashes)
        for place, (name, row) in zip(places, table.iterrows(), strict=True):
            colour, marker = look_of(families[name])
            ends = row[[metric, f"{metric}_low", f"{metric}_high"]]
            style.score(panel, *ends, place, marker=marker, color=colour, markersize=6)
        style.heading(panel, heading)
        style.guides(panel, "x")
        panel.set(ylim=(len(table) - 0.4, -0.6))
        panel.tick_params(labelsize=style.SMALL)
    grid[0].set_yticks(places, [titles[name] for name in table.index], size=style.SMALL)
    _key(figure, table, families)
    return figure


def _key(figure: Figure, table: pd.DataFrame, families: Mapping[str, str]) -> None:
    handles = []
    for family in dict.fromkeys(families[name] for name in table.index):
        colour, marker = look_of(family)
        handles.append(style.sign(FAMILIES.get(family, family), color=colour, marker=marker))
    style.key(figure, handles, ncols=5, fontsize=style.SMALL)


def pareto_front(cost: Sequence[float], score: Sequence[float]) -> list[int]:
    """Places of those that nothing beats: no other costs as little and scores as high, and better in one.

    Examples
    --------
    >>> pareto_front([1, 2, 3, 3], [0.5, 0.7, 0.6, 0.9])
    [0, 1, 3]
    """
    order = sorted(range(len(cost)), key=lambda place: (cost[place], -score[place]))
    front, best = [], -np.inf
    for place in order:
        if score[place] > best:
            front.append(place)
            best = score[place]
    return front


def pareto(table: pd.DataFrame, titles: Mapping[str, str], families: Mapping[str, str]) -> Figure:
    """Accuracy against two costs, logarithmic; a line joins those that nothing beats, and only they are named.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: name; columns accuracy, training_seconds, images_per_second (NaN where unknown).
    """
    figure = style.new_figure(5.0)
    grid = style.panels(figure, columns=2, sharey=True)[0]
    costs = {
        "seconds to train on one fold": table["training_seconds"],
        "milliseconds to predict one image": 1000 / table["images_per_second"],
    }
    for panel, (label, values) in zip(grid, costs.items(), strict=True):
        known = values.dropna()
        accuracy = table.loc[known.index, "accuracy"]
        for name in known.index:
            colour, marker = look_of(families[name])
            style.score(panel, known[name], None, None, accuracy[name], marker=marker, color=colour)
        front = [known.index[place] for place in pareto_front(known.tolist(), accuracy.tolist())]
        line = {"color": "#333333", "linewidth": 1, "drawstyle": "steps-post", "zorder": 1}
        panel.plot(known[front], accuracy[front], **line)
        for name in front:
            place = known[name], accuracy[name]
            style.note(panel, titles[name], place, (0, 9), size=style.SMALL, ha="left")
        panel.margins(x=0.15, y=0.12)
        style.logarithmic(panel)
        panel.set_xlabel(label, size=style.MEDIUM)
        style.guides(panel)
    grid[0].set_ylabel("accuracy", size=style.MEDIUM)
    _key(figure, table, families)
    return figure


def learning_curves(table: pd.DataFrame, metrics: Mapping[str, str], families: Mapping[str, str]) -> Figure:
    """Scores against the number of training images, one panel a metric.

    Parameters
    ----------
    table : pandas.DataFrame
        As `comparison.tables.curve_table` gives it.
    metrics : mapping of metric to heading
    families : mapping of name to str
    """
    figure = style.new_figure(3.8)
    grid = style.panels(figure, columns=len(metrics))[0]
    handles = {}
    for panel, (metric, heading) in zip(grid, metrics.items(), strict=True):
        for shift, (name, rows) in enumerate(table.groupby("name", sort=False)):
            colour, marker = look_of(families[name])
            places = rows["images"] * (1 + 0.02 * shift)  # so that intervals do not lie on each other
            low, high = (rows[metric] - rows[f"{metric}_low"], rows[f"{metric}_high"] - rows[metric])
            look = {"color": colour, "marker": marker, "markersize": 6, "capsize": 3, "linewidth": 1.4}
            handles[rows["contender"].iloc[0]] = panel.errorbar(places, rows[metric], (low, high), **look)
        panel.set_xscale("log")
        sizes = sorted(table["images"].round().astype(int).unique())
        panel.set_xticks(sizes, [str(size) for size in sizes], size=style.SMALL)
        panel.minorticks_off()
        panel.set_xlabel("training images", size=style.MEDIUM)
        style.heading(panel, heading)
        style.guides(panel)
    style.key(figure, list(handles.values()), ncols=2, labels=list(handles), fontsize=style.SMALL)
    return figure


def side_by_side(examples: Sequence[dict], titles: Mapping[str, str]) -> Figure:
    """Heat maps of several candidates over the same images; one row an image.

    Parameters
    ----------
    examples : sequence of dict
        Each with ``image`` (uint8 (h, w, 3)), ``mask`` (bool (h, w)), ``label`` (str), ``cams`` (name to float
        (h, w), 0..1) and ``predicted`` (name to str).
    titles : mapping of name to str
        The columns, in order.
    """
    columns = 1 + len(titles)
    cell = style.WIDTH / columns
    above = 0.75
    figure = style.new_figure(len(examples) * (cell + 0.2) + above)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    grid = style.panels(figure, len(examples), columns)
    for row, example in zip(grid, examples, strict=True):
        _plain(row[0], example)
        for panel, name in zip(row[1:], titles, strict=True):
            cam = example["cams"][name]
            style.picture(panel, blended(example["image"], cam), anchor="N")
            style.outline(panel, example["mask"])
            mark_peak(panel, cam)
            right = example["predicted"][name] == example["label"]
            colour = style.MUTED if right else "#B00020"
            panel.set_xlabel(example["predicted"][name], size=style.SMALL, color=colour)
    for panel, title in zip(grid[0], ("image", *titles.values()), strict=True):
        panel.set_title(style.wrap(title, cell - 0.05, style.SMALL, "bold"), size=style.SMALL, weight="bold")
    return figure


def _plain(panel: Axes, example: Mapping) -> None:
    style.picture(panel, example["image"], anchor="N")
    style.outline(panel, example["mask"])
    panel.set_xlabel(f"true: {example['label']}", size=style.SMALL)
