"""Figures of the images: examples of them, and how many, how large and how bright they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from bcd_utils.reporting.plots import lettering, style

CAPTION = 0.26  # inches that a one-line caption and the space around it take


def samples(images: dict[str, list[tuple[np.ndarray, np.ndarray, str]]]) -> Figure:
    """Examples of each class, one row a class, with the outline of the lesion.

    Parameters
    ----------
    images : dict of class to list of (image, mask, id)
        Images uint8 (height, width, 3); masks bool (height, width), without a lesion all false.
    """
    columns = max(map(len, images.values()))
    cell = (style.PAGE - 0.3) / columns
    captions = [
        [lettering.wrap(name, cell - 0.1, style.SMALL) for _, _, name in row] for row in images.values()
    ]
    lines = max(text.count("\n") for row in captions for text in row)
    below = CAPTION + lines * lettering.line_height(style.SMALL)
    rows = [[image for image, _, _ in row] for row in images.values()]
    heights = [tall + below for tall in style.row_heights(rows, cell, below * len(rows))]
    figure, grid = style.panels(sum(heights), len(images), columns, height_ratios=heights)
    for axes, texts, height, (name, row) in zip(grid, captions, heights, images.items(), strict=True):
        style.blank(axes[len(row) :])
        for panel, caption, (image, mask, _) in zip(axes, texts, row, strict=False):
            style.lesion(panel, image, mask, anchor="SW" if panel is axes[0] else "S")
            panel.set_xlabel(caption, size=style.SMALL)
        size = style.LARGE if len(images) < 5 else style.SMALL
        label = lettering.wrap(style.spaced(name), height - below, size, "bold")
        axes[0].set_ylabel(label, size=size, weight="bold")
    shown = (f"{len(row)} of {style.spaced(name)}" for name, row in images.items())
    figure.set_label(f"Images shown: {', '.join(shown)}.")
    return figure


def image_grid(images: Sequence[tuple[str, np.ndarray]], columns: int = 6, title: str = "") -> Figure:
    """Images in rows, each with its caption below; a single one is as wide as a column.

    Parameters
    ----------
    images : sequence of (caption, image)
        Images uint8, (height, width, 3) or grey (height, width).
    """
    width = style.PAGE if len(images) > 1 else style.COLUMN
    columns = min(columns, len(images))
    cell = width / columns
    captions = [lettering.wrap(caption, cell - 0.1, style.SMALL) for caption, _ in images]
    lines = max(caption.count("\n") for caption in captions)
    rows = [images[start : start + columns] for start in range(0, len(images), columns)]
    below = CAPTION + lines * lettering.line_height(style.SMALL)
    heading = lettering.wrap(title, width - 0.2, style.LARGE, "bold") if title else ""
    above = (heading.count("\n") + 1) * lettering.line_height(style.LARGE) + 0.1 if title else 0
    shown = [[image for _, image in row] for row in rows]
    heights = [tall + below for tall in style.row_heights(shown, cell - 0.08, below * len(rows) + above)]
    figure, grid = style.panels(sum(heights) + above, len(rows), columns, width=width, height_ratios=heights)
    style.blank(grid.flat[len(images) :])
    for panel, caption, (_, image) in zip(grid.flat, captions, images, strict=False):
        style.picture(panel, image, cmap="gray", vmin=0, vmax=255)
        panel.set_xlabel(caption, size=style.SMALL)
    if title:
        figure.suptitle(heading, size=style.LARGE, weight="bold")
    figure.set_label(f"Shown: {'; '.join(' '.join(caption.split()) for caption, _ in images)}.")
    return figure


def class_counts(counts: pd.Series, set_aside: pd.Series | None = None) -> Figure:
    """Number of images of each class, as bars.

    Parameters
    ----------
    counts : Series of int
        Images used; the index holds the classes.
    set_aside : Series of int, optional
        Images left out, not among ``counts``; drawn hatched at the ends of the bars.
    """
    classes = list(counts.index)
    aside = pd.Series(0, index=classes) if set_aside is None else set_aside.reindex(classes, fill_value=0)
    figure, [[panel]] = style.panels(0.8 + 0.34 * len(classes), width=style.COLUMN)
    colours = list(style.class_colours(classes).values())
    places = np.arange(len(classes))
    hatched = {"color": "white", "hatch": "////", "linewidth": 1}
    panel.barh(places, counts, height=0.65, color=colours)
    panel.barh(places, aside, left=counts, height=0.65, edgecolor=colours, **hatched)
    for place, used, left_out in zip(places, counts, aside, strict=True):
        text = f"{used:,}" + (f"  +  {left_out:,} set aside" if left_out else "")
        style.note(panel, text, (used + left_out, place), (5, 0))
    panel.set_yticks(places, [style.named(name) for name in classes])
    panel.set(xlabel="images", xlim=(0, float((counts + aside).max())))
    panel.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    panel.invert_yaxis()
    if aside.any():
        used = Patch(color=style.MUTED, label="used")
        unused = Patch(facecolor="white", edgecolor=style.MUTED, hatch="////", label="set aside")
        figure.legend(handles=[used, unused], loc="outside upper right", ncols=2, frameon=False)
    left_out = f" Set aside: {_counted(aside[aside > 0])}" if aside.any() else ""
    figure.set_label(f"Images: {_counted(counts)}{left_out}")
    return figure


def image_sizes(manifest: pd.DataFrame, classes: Sequence[str]) -> Figure:
    """Width and height of every image.

    Parameters
    ----------
    manifest : DataFrame
        Columns ``width``, ``height`` (pixels) and ``label``.
    classes : sequence of str
        In the order of the legend.
    """
    figure, [[panel]] = style.panels(3.0, width=style.COLUMN, lines="both")
    counts = manifest["label"].value_counts().reindex(classes, fill_value=0)
    for name, look in style.class_looks(classes).items():
        rows = manifest[manifest["label"] == name]
        label = f"{style.named(name)} ({len(rows):,})"
        panel.scatter(rows["width"], rows["height"], s=9, label=label, **look.dots)
    panel.autoscale(False)
    if max(panel.dataLim.min) < min(panel.dataLim.max):  # else no such image could be among them
        panel.axline((0, 0), slope=1, color=style.MUTED, linewidth=0.8, linestyle=":", label="square images")
    panel.set(xlabel="width in pixels", ylabel="height in pixels")
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    ends = [
        f"{side}s from {manifest[side].min():,} to {manifest[side].max():,} pixels"
        for side in ("width", "height")
    ]
    figure.set_label(f"Images: {_counted(counts)} {' and '.join(ends).capitalize()}.")
    return figure


def lesion_areas(table: pd.DataFrame, classes: Sequence[str]) -> Figure:
    """Share of the image that the lesion covers: one dot an image, median and quartiles, for each class.

    Parameters
    ----------
    table : DataFrame
        Columns ``label`` and ``area_fraction`` (0..1).
    classes : sequence of str
        From the top down; those without a row are left out.
    """
    classes = [label for label in classes if (table["label"] == label).any()]
    figure, [[panel]] = style.panels(0.6 + 0.48 * len(classes), width=style.COLUMN)
    counts, middles = [], []
    for place, (name, look) in enumerate(style.class_looks(classes).items()):
        values = table.loc[table["label"] == name, "area_fraction"].to_numpy()
        style.strip(panel, values, place + 0.12, size=2.4, **look.dots)
        style.span(panel, values, place - 0.18, 50, look.colour)
        counts.append(f"{style.named(name)}\n({len(values):,} images)")
        middles.append(f"{style.spaced(name)} {np.median(values):.1%}")
    panel.set_yticks(range(len(classes)), counts)
    panel.set(xlabel="share of the image that the lesion covers", ylim=(len(classes) - 0.55, -0.45))
    panel.set_xlim(left=-0.01 * float(table["area_fraction"].max()) - 1e-3)
    panel.xaxis.set_major_formatter(style.percent)
    figure.set_label(f"Medians: {', '.join(middles)}.")
    return figure


def split_sizes(table: pd.DataFrame) -> Figure:
    """How the images of each class, and all of them, are shared out among the sets.

    Parameters
    ----------
    table : DataFrame of int
        Index: the classes and "all"; columns: ``train``, ``validation``, ``test`` and ``all``.
    """
    figure, [[panel]] = style.panels(0.8 + 0.3 * len(table), width=style.COLUMN)
    places = np.arange(len(table)) + 0.25 * (table.index == "all")
    start = np.zeros(len(table))
    for name in table.columns.drop("all"):
        share = (table[name] / table["all"].where(table["all"] > 0, 1)).to_numpy()
        colour, ink = style.set_look(name)["color"], "white" if name == "test" else "black"
        bars = panel.barh(
            places, share, left=start, height=0.7, color=colour, edgecolor="white", label=style.spaced(name)
        )
        counts = [f"{count:,}" if count else "" for count in table[name]]
        panel.bar_label(bars, counts, label_type="center", color=ink, size=style.SMALL)
        start += share
    for place, total in zip(places, table["all"], strict=True):
        style.note(panel, f"{total:,}", (1, place), (6, 0), weight="bold")
    panel.set_yticks(places, [style.named(name) for name in table.index])
    panel.set(xlabel="share of the images", xlim=(0, 1))
    panel.xaxis.set_major_formatter(style.percent)
    panel.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=len(table.columns), frameon=False)
    figure.set_label(
        " ".join(f"{style.spaced(name).capitalize()}: {_counted(table[name])}" for name in table)
    )
    return figure


def intensities(histograms: dict[str, np.ndarray]) -> Figure:
    """Mean grey-level histogram of each class, a panel each; the line is the mean of the classes.

    Parameters
    ----------
    histograms : dict of class to ndarray of float, shape (256,)
        Mean share of an image's pixels at each grey level.
    """
    import seaborn

    columns = min(len(histograms), 4)
    rows = -(-len(histograms) // columns)
    figure, grid = style.panels(0.3 + 1.4 * rows, rows, columns, lines="y", sharex=True, sharey=True)
    style.blank(grid.flat[len(histograms) :])
    levels, mean = np.arange(256), np.mean(list(histograms.values()), axis=0)
    for panel, (name, look) in zip(grid.flat, style.class_looks(histograms).items(), strict=False):
        bars = {"ax": panel, **style.GREYS}
        seaborn.histplot(
            x=levels, weights=histograms[name], color=look.colour, alpha=0.6, linewidth=0, **bars
        )
        seaborn.histplot(x=levels, weights=mean, color="#333333", fill=False, linewidth=0.9, **bars)
        panel.set(xlabel="", ylabel="", xlim=(0, 256))
        panel.set_xticks([0, 64, 128, 192, 255])
        style.heading(
            panel, lettering.wrap(style.spaced(name), style.PAGE / columns - 0.5, style.LARGE, "bold")
        )
    panel.yaxis.set_major_formatter(style.percent)
    figure.supxlabel("grey level", size=style.MEDIUM)
    figure.supylabel("mean share of the pixels", size=style.MEDIUM)
    levels_of = (
        f"{style.spaced(name)} {shares @ levels / shares.sum():.0f}" for name, shares in histograms.items()
    )
    figure.set_label(f"Mean grey levels: {', '.join(levels_of)}.")
    return figure


def caption(label: str, name: str) -> str:
    """Class and id of an image; the id alone where it begins with the class.

    Examples
    --------
    >>> caption("benign", "benign (1)"), caption("benign", "case7")
    ('benign (1)', 'benign: case7')
    """
    spoken, called = style.spaced(label), style.spaced(name)
    return name if called.lower().startswith(spoken.lower()) else f"{spoken}: {name}"


def before_after(pairs: Sequence[tuple[str, np.ndarray, np.ndarray]]) -> Figure:
    """Images as published (upper row) and as the network is shown them (lower row).

    Parameters
    ----------
    pairs : sequence of (caption, original, network input)
        Images uint8 (height, width, 3).
    """
    width = style.PAGE if len(pairs) > 1 else style.COLUMN
    cell = (width - 0.3) / len(pairs)
    captions = [lettering.wrap(caption, cell - 0.1, style.SMALL) for caption, _, _ in pairs]
    rows = {"original": [pair[1] for pair in pairs], "network input": [pair[2] for pair in pairs]}
    below = 0.12 + max(caption.count("\n") + 1 for caption in captions) * lettering.line_height(style.SMALL)
    heights = [tall + 0.06 for tall in style.row_heights(list(rows.values()), cell - 0.08, below)]
    size: dict[str, Any] = {"width": width, "height_ratios": heights}
    figure, grid = style.panels(sum(heights) + below, 2, len(pairs), **size)
    for axes, (label, row), height in zip(grid, rows.items(), heights, strict=True):
        for panel, image in zip(axes, row, strict=True):
            style.picture(panel, image, anchor="SW" if panel is axes[0] else "S")
        label = lettering.wrap(label, height, style.LARGE, "bold")
        axes[0].set_ylabel(label, size=style.LARGE, weight="bold")
    for panel, caption in zip(grid[1], captions, strict=True):
        panel.set_xlabel(caption, size=style.SMALL)
    side = " by ".join(map(str, pairs[0][2].shape[1::-1]))
    shown = "; ".join(" ".join(caption.split()) for caption, _, _ in pairs)
    figure.set_label(f"The network's input has {side} pixels. Shown: {shown}.")
    return figure


def _counted(counts: pd.Series) -> str:
    """Names and counts as a sentence."""
    return f"{', '.join(f'{style.spaced(name)} {count:,}' for name, count in counts.items())}."
