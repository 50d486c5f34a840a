"""The network as a row of blocks."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import groupby, pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from bcd_utils.reporting.plots import style
from bcd_utils.reporting.plots.diagrams import EDGE, arrow

FROZEN = {"facecolor": "#CFE3F1", "hatch": "////", "edgecolor": "#9CBFD8"}
TRAINABLE = {"facecolor": "#F6D9A0", "edgecolor": "#F6D9A0"}
WEIGHTLESS = {"facecolor": "#EFEFEF", "edgecolor": "#EFEFEF"}


def architecture(layers: Sequence[dict]) -> Figure:
    """The network from input to output as a row of upright blocks.

    Parameters
    ----------
    layers : sequence of dict
        Each with ``name`` (str), ``shape`` (str, as "7 x 7 x 2048"), ``parameters`` (int), ``trainable``
        (bool) and ``kind`` ("input", "backbone", "head" or "output"). About 6 to 14 fit.

    Notes
    -----
    A block is the taller the more pixels its feature maps have (on a logarithmic scale).
    """
    base, tallest = 0.85, 3.0
    slot, axis = (style.WIDTH - 2 * EDGE) / len(layers), base + tallest / 2
    width = min(0.78 * slot, 0.75)
    figure, panel = style.canvas(4.3)
    lefts = [EDGE + (index + 0.5) * slot - width / 2 for index in range(len(layers))]

    for left, layer in zip(lefts, layers, strict=True):
        tall = _block_height(layer["shape"], tallest)
        _block(panel, layer, (left, axis - tall / 2, width, tall))
        weights = _short_count(layer["parameters"])
        style.write(panel, left + width / 2, base - 0.08, weights, style.SMALL, ha="center")
    for left, following in pairwise(lefts):
        arrow(panel, (left + width, axis), (following, axis), mutation_scale=9, shrinkA=1, shrinkB=1)

    top = base + tallest + 0.14
    for kind, blocks in groupby(zip(layers, lefts, strict=True), key=lambda block: block[0]["kind"]):
        starts = [left for _, left in blocks]
        ends = starts[0], starts[-1] + width
        panel.plot([ends[0], *ends, ends[1]], [top - 0.06, top, top, top - 0.06], color=style.MUTED, lw=1)
        look = {"ha": "center", "size": style.MEDIUM, "weight": "bold"}
        panel.text(sum(ends) / 2, top + 0.07, style.spaced(kind), **look)

    look = {"ha": "center", "color": style.MUTED}
    style.write(panel, style.WIDTH / 2, base - 0.28, "number of weights", style.SMALL, **look)
    labels = {"weights frozen": FROZEN, "weights trained": TRAINABLE, "no weights": WEIGHTLESS}
    handles = [Patch(label=label, **options) for label, options in labels.items()]
    key = {"loc": "lower center", "ncols": 3, "frameon": False, "fontsize": style.MEDIUM}
    panel.legend(handles=handles, **key, bbox_to_anchor=(0.5, 0.0), borderaxespad=0.2)
    return figure


def _block(panel: Axes, layer: dict, box: tuple[float, float, float, float]) -> None:
    """One layer: a block with its name and the shape of its output written upwards."""
    left, bottom, width, height = box
    look = WEIGHTLESS if not layer["parameters"] else TRAINABLE if layer["trainable"] else FROZEN
    frame = {"linewidth": 1, "edgecolor": style.MUTED, "fill": False, "zorder": 4}
    for options in (look | {"linewidth": 0}, frame):
        panel.add_patch(Rectangle((left, bottom), width, height, **options))

    name = style.wrap(layer["name"], height - 0.2, style.SMALL, "bold")
    shape = layer["shape"].replace(" x ", " × ")
    lines = name.count("\n") + 2
    step = min(style.line_height(style.SMALL), width / lines)
    plate = {"facecolor": look["facecolor"], "edgecolor": "none", "pad": 1.2} if "hatch" in look else None
    texts = [(line, "bold") for line in name.split("\n")] + [(shape, "normal")]
    upright = {"rotation": 90, "ha": "center", "va": "center", "size": style.SMALL, "bbox": plate}
    for index, (line, weight) in enumerate(texts):
        x = left + width / 2 + (index - (lines - 1) / 2) * step
        panel.text(x, bottom + height / 2, line, weight=weight, **upright)


def _block_height(shape: str, tallest: float) -> float:
    """Height in inches: the tallest for 224 pixels a side or more, 60 % of it for a vector."""
    sizes = [int(number) for number in re.findall(r"\d+", shape)]
    side = sizes[0] if len(sizes) > 2 else 1
    return tallest * (0.6 + 0.4 * min(math.log2(max(side, 1)) / math.log2(224), 1))


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
