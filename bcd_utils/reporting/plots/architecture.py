"""The network as a column of blocks, from the input down to the output."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from bcd_utils.reporting.plots import lettering, style
from bcd_utils.reporting.plots.diagrams import EDGE, arrow

FROZEN = {"facecolor": "#CFE3F1", "hatch": "////", "edgecolor": "#9CBFD8"}
TRAINABLE = {"facecolor": "#F6D9A0", "edgecolor": "#F6D9A0"}
WEIGHTLESS = {"facecolor": "#EFEFEF", "edgecolor": "#EFEFEF"}
LEFT, RIGHT = 0.8, 2.02  # inches, the ends of the blocks; left of them stands what they are part of
SHAPE, WEIGHTS = 2.1, 2.98  # where the columns right of them begin
MIDDLE, GAP, PAD = (LEFT + RIGHT) / 2, 0.11, 0.035
KEY, HEAD = 0.25, 0.2  # heights of the legend and of the headings


def architecture(layers: Sequence[dict]) -> Figure:
    """The network from input to output: each layer a block with its name and the shape of its output.

    Parameters
    ----------
    layers : sequence of dict
        Each with ``name`` (str), ``shape`` (str, as "7 x 7 x 2048"), ``parameters`` (int), ``trainable``
        (bool) and ``kind`` ("input", "backbone", "head" or "output").
    """
    names = [lettering.wrap(readable(layer["name"]), RIGHT - LEFT - 0.06, style.SMALL) for layer in layers]
    heights = [(name.count("\n") + 1) * lettering.line_height(style.SMALL) + 2 * PAD for name in names]
    top = EDGE + KEY + sum(heights) + (len(layers) - 1) * GAP
    figure, panel = style.canvas(top + HEAD, style.COLUMN)
    muted = {"size": style.SMALL, "color": style.MUTED, "va": "bottom"}
    for left, heading in ((LEFT, "layer"), (SHAPE, "its output"), (WEIGHTS, "weights")):
        panel.text(left, top + 0.04, heading, **muted)

    tops = []
    for layer, name, height in zip(layers, names, heights, strict=True):
        tops.append(top)
        look = WEIGHTLESS if not layer["parameters"] else TRAINABLE if layer["trainable"] else FROZEN
        frame = {"linewidth": 0.8, "edgecolor": style.MUTED, "fill": False, "zorder": 4}
        for options in (look | {"linewidth": 0}, frame):
            panel.add_patch(Rectangle((LEFT, top - height), RIGHT - LEFT, height, **options))
        plate = {"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1} if "hatch" in look else None
        lettering.write(panel, MIDDLE, top - PAD, name, style.SMALL, ha="center", bbox=plate)
        texts = {SHAPE: layer["shape"].replace(" x ", " × "), WEIGHTS: _short_count(layer["parameters"])}
        for left, text in texts.items():
            panel.text(left, top - height / 2, text, va="center", size=style.SMALL)
        top -= height + GAP
    bottoms = [top - height for top, height in zip(tops, heights, strict=True)]
    for bottom, below in zip(bottoms, tops[1:], strict=False):
        arrow(panel, (MIDDLE, bottom), (MIDDLE, below), mutation_scale=6, shrinkA=0, shrinkB=0)

    for kind, blocks in groupby(zip(layers, bottoms, tops, strict=True), key=lambda block: block[0]["kind"]):
        part = list(blocks)
        low, high = part[-1][1], part[0][2]
        bracket = LEFT - np.array([0.06, 0.11, 0.11, 0.06]), [low, low, high, high]
        panel.plot(*bracket, color=style.MUTED, lw=0.8)
        name = panel.text(LEFT - 0.16, (low + high) / 2, style.spaced(kind), ha="right", va="center")
        name.set(size=style.SMALL, weight="bold")
    labels = {"weights frozen": FROZEN, "weights trained": TRAINABLE, "no weights": WEIGHTLESS}
    handles = [Patch(label=label, **options) for label, options in labels.items()]
    key = {"loc": "lower center", "ncols": 3, "frameon": False, "columnspacing": 1, "handlelength": 1.5}
    panel.legend(handles=handles, **key, bbox_to_anchor=(0.5, 0.0), borderaxespad=0.1, borderpad=0.1)
    weights = {name: sum(layer["parameters"] for layer in layers if layer["trainable"] is trained)
               for name, trained in (("trained", True), ("frozen", False))}  # fmt: skip
    said = " and ".join(f"{_short_count(count)} weights are {name}" for name, count in weights.items())
    figure.set_label(
        f"{len(layers)} blocks: {', '.join(readable(layer['name']) for layer in layers)}; {said}."
    )
    return figure


def readable(name: str) -> str:
    """A layer's name as readers write it.

    Examples
    --------
    >>> readable("batch_normalization"), readable("dense_1")
    ('batch normalisation', 'dense 1')
    """
    return style.spaced(name).replace("normalization", "normalisation")


def _short_count(count: int) -> str:
    """A count in few characters.

    Examples
    --------
    >>> _short_count(23_587_712), _short_count(4098), _short_count(0)
    ('23.6 M', '4,098', '0')
    """
    if count >= 999_500:
        return f"{count / 1e6:.1f} M"
    return f"{count / 1e3:.0f} k" if count >= 1e4 else f"{count:,}"
