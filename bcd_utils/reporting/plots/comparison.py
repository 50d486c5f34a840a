"""Figures of the comparison: scores with intervals, accuracy against cost, learning curves, heat maps side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from bcd_utils.evaluation.format import with_interval
from bcd_utils.models.candidates.base import FAMILIES
from bcd_utils.reporting.plots import lettering, style
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
Names = Mapping[str, str]


def look_of(family: str) -> dict[str, str]:
    """Options ``color`` and ``marker`` of a family of candidates."""
    return dict(zip(("color", "marker"), LOOKS.get(family, ("#555555", "*")), strict=True))


def scores(table: pd.DataFrame, metrics: Names, titles: Names, families: Names, reference: str) -> Figure:
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
    """
    names = [style.named(titles[name], 1.7) for name in table.index]
    row = max(0.2, 0.06 + max(name.count("\n") + 1 for name in names) * lettering.line_height(style.SMALL))
    figure, [grid] = style.panels(0.9 + row * len(table), columns=len(metrics), sharey=True, lines="x")
    for panel, (metric, heading) in zip(grid, metrics.items(), strict=True):
        dashes = {"color": LOOKS["paper"][0], "linewidth": 0.8, "linestyle": (0, (3, 3))}
        panel.axvline(table.loc[reference, metric], **dashes)
        for place, (name, row) in enumerate(table.iterrows()):
            style.score(panel, row, place, metric, markersize=4.5, **look_of(families[name]))
        style.heading(panel, heading)
        panel.set(ylim=(len(table) - 0.4, -0.6))
    grid[0].set_yticks(range(len(table)), names)
    _key(figure, table, families)
    first, heading = next(iter(metrics.items()))
    said = (f"{titles[name]} {with_interval(row, name=first)}" for name, row in table.iterrows())
    figure.set_label(f"{heading.capitalize()}: {'; '.join(said)}.")
    return figure


def _key(figure: Figure, table: pd.DataFrame, families: Names) -> None:
    shown = dict.fromkeys(families[name] for name in table.index)
    handles = [style.sign(FAMILIES.get(family, family), **look_of(family)) for family in shown]
    style.key(figure, handles, ncols=4)


def pareto_front(cost: Sequence[float], score: Sequence[float]) -> list[int]:
    """Places of those that nothing beats: no other costs as little and scores as high, and better in one.

    Examples
    --------
    >>> pareto_front([1, 2, 3, 3], [0.5, 0.7, 0.6, 0.9])
    [0, 1, 3]
    """
    front: list[int] = []
    for place in sorted(range(len(cost)), key=lambda place: (cost[place], -score[place])):
        if not front or score[place] > score[front[-1]]:
            front.append(place)
    return front


def pareto(table: pd.DataFrame, titles: Names, families: Names) -> Figure:
    """Accuracy against two costs, logarithmic; a line joins those that nothing beats, which are numbered and named.

    Parameters
    ----------
    table : pandas.DataFrame
        Index: name; columns accuracy, training_seconds, images_per_second (NaN where unknown).
    """
    costs = {
        "seconds to train on one fold": table["training_seconds"].dropna(),
        "milliseconds to predict one image": 1000 / table["images_per_second"].dropna(),
    }
    accuracy, fronts, lists = table["accuracy"], [], []
    for known in costs.values():
        places = pareto_front(known.tolist(), accuracy[known.index].tolist())
        fronts.append([known.index[place] for place in places])
        named = [f"{number}  {titles[name]}" for number, name in enumerate(fronts[-1], 1)]
        lists.append("\n".join(lettering.wrap(line, style.PAGE / 2 - 0.6, style.SMALL) for line in named))
    below = max(text.count("\n") + 1 for text in lists) * lettering.line_height(style.SMALL)
    ratios: dict[str, Any] = {"height_ratios": [2.4, below], "sharey": "row", "lines": "both"}
    figure, grid = style.panels(3.2 + below, 2, 2, **ratios)
    for panel, under, (label, known), front, text in zip(*grid, costs.items(), fronts, lists, strict=True):
        for name in known.index:
            style.score(panel, {"value": known[name]}, accuracy[name], **look_of(families[name]))
        line = {"color": "#333333", "linewidth": 1, "drawstyle": "steps-post", "zorder": 1}
        panel.plot(known[front], accuracy[front], **line)
        for number, name in enumerate(front, 1):  # up and to the left of these there is no other
            style.note(panel, str(number), (known[name], accuracy[name]), (-5, 5), ha="right", weight="bold")
        panel.margins(x=0.15, y=0.12)
        style.logarithmic(panel)
        panel.set_xlabel(label)
        under.set_axis_off()
        under.text(0, 1, text, va="top", size=style.SMALL)
    grid[0, 0].set_ylabel("accuracy")
    _key(figure, table, families)
    said = (
        f"{label}: {', '.join(titles[name] for name in front)}"
        for label, front in zip(costs, fronts, strict=True)
    )
    figure.set_label(f"Not beaten, {'; '.join(said)}.")
    return figure


def learning_curves(table: pd.DataFrame, metrics: Names, families: Names) -> Figure:
    """Scores against the number of training images, one panel a metric.

    Parameters
    ----------
    table : pandas.DataFrame
        As `comparison.tables.curve_table` gives it.
    metrics : mapping of metric to heading
    families : mapping of name to str
    """
    figure, [grid] = style.panels(2.8, columns=len(metrics), lines="both")
    handles = {}
    sizes = sorted(table["images"].round().astype(int).unique())
    for panel, (metric, heading) in zip(grid, metrics.items(), strict=True):
        for shift, (name, rows) in enumerate(table.groupby("name", sort=False)):
            places = rows["images"] * (1 + 0.02 * shift)  # so that intervals do not lie on each other
            low, high = (rows[metric] - rows[f"{metric}_low"], rows[f"{metric}_high"] - rows[metric])
            look = {"markersize": 4.5, "capsize": 2, "linewidth": 1} | look_of(families[name])
            handles[rows["contender"].iloc[0]] = panel.errorbar(places, rows[metric], (low, high), **look)
        panel.set_xscale("log")
        panel.set_xticks(sizes, [str(size) for size in sizes])
        panel.minorticks_off()
        panel.set_xlabel("training images")
        style.heading(panel, heading)
    style.key(figure, list(handles.values()), ncols=2, labels=list(handles))
    figure.set_label(f"From {sizes[0]:,} to {sizes[-1]:,} training images: {', '.join(handles)}.")
    return figure


def side_by_side(examples: Sequence[dict], titles: Names) -> Figure:
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
    cell = style.PAGE / columns
    titled = [
        lettering.wrap(title, cell - 0.05, style.SMALL, "bold") for title in ("image", *titles.values())
    ]
    above = max(title.count("\n") + 1 for title in titled) * lettering.line_height(style.SMALL) + 0.1
    images = [[example["image"]] for example in examples]
    heights = [tall + 0.2 for tall in style.row_heights(images, cell, 0.2 * len(examples) + above)]
    figure, grid = style.panels(sum(heights) + above, len(examples), columns, height_ratios=heights)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    for (plain, *blends), example in zip(grid, examples, strict=True):
        label = example["label"]
        style.lesion(plain, example["image"], example["mask"])
        plain.set_xlabel(f"true: {style.spaced(label)}", size=style.SMALL)
        for panel, name in zip(blends, titles, strict=True):
            cam, predicted = example["cams"][name], example["predicted"][name]
            style.lesion(panel, blended(example["image"], cam), example["mask"])
            mark_peak(panel, cam)
            colour = style.MUTED if predicted == label else "#B00020"
            panel.set_xlabel(style.spaced(predicted), size=style.SMALL, color=colour)
    for panel, title in zip(grid[0], titled, strict=True):
        panel.set_title(title, size=style.SMALL, weight="bold")
    figure.set_label(f"{len(examples)} images; candidates: {', '.join(titles.values())}.")
    return figure
