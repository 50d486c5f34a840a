"""Look that all figures share: colours, lines, sizes, and the few things that several figures draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter

from bcd_utils.evaluation.format import Bounds, value_and_ends
from bcd_utils.reporting.plots import lettering
from bcd_utils.study.legibility import COLUMN as COLUMN
from bcd_utils.study.legibility import LARGEST, PAGE, SMALLEST
from bcd_utils.study.set_titles import SET_TITLES

matplotlib.rcdefaults()  # figures do not depend on a matplotlibrc in the current folder or at home
SMALL, MEDIUM, LARGE = SMALLEST, 8, LARGEST  # points
matplotlib.rcParams |= {
    "text.parse_math": False,  # a $ in the name of an image is a $
    "font.size": MEDIUM, "axes.titlesize": LARGE, "figure.titlesize": LARGE, "axes.labelsize": MEDIUM,
    "xtick.labelsize": SMALL, "ytick.labelsize": SMALL, "legend.fontsize": SMALL, "legend.title_fontsize": SMALL,
    "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5,
    "ytick.major.size": 2.5, "hatch.linewidth": 0.7, "lines.linewidth": 1.2,
}  # fmt: skip
MUTED, OUTLINE = "#595959", "#FFE14D"
# bins of grey levels: wide enough to lose the gaps that stretched contrast leaves
GREYS = {"binwidth": 8, "binrange": (0, 256), "element": "step"}
TALLEST = 8.5  # inches, a page less its caption


class Look(NamedTuple):
    """How a class is drawn; any two differ in line style and marker too, for prints without colour."""

    colour: str
    line: str | tuple
    marker: str

    @property
    def stroke(self) -> dict:
        """Options of ``Axes.plot`` for a curve of the class."""
        return {"color": self.colour, "linestyle": self.line, "linewidth": 1.3}

    @property
    def dots(self) -> dict:
        """Options of ``Axes.scatter`` for the class's images, many of which overlap."""
        return {"color": self.colour, "marker": self.marker, "alpha": 0.5, "linewidth": 0}


# Okabe and Ito's palette, the pale yellow last because it is the hardest to see on white
LOOKS = (
    Look("#0072B2", "-", "o"),
    Look("#D55E00", (0, (5, 1.5)), "s"),
    Look("#009E73", (0, (5, 1.5, 1, 1.5)), "^"),
    Look("#E69F00", (0, (1, 1)), "D"),
    Look("#CC79A7", (0, (9, 2)), "v"),
    Look("#56B4E9", (0, (3, 1, 1, 1, 1, 1)), "P"),
    Look("#000000", (0, (2, 2)), "X"),
    Look("#F0E442", (0, (9, 2, 1, 2)), "*"),
)
FIXED_LOOKS = dict(zip(("benign", "malignant", "normal"), LOOKS, strict=False))

SET_COLOURS = {"train": "#56B4E9", "validation": "#E69F00", "test": "#333333"}
SET_MARKERS = {"train": "o", "validation": "s", "test": "^"}


def class_looks(classes: Iterable[str]) -> dict[str, Look]:
    """Colour, line style and marker of each class; the order of ``classes`` does not matter.

    Benign, malignant and normal always look the same; other classes take the remaining looks in
    alphabetical order, and after eight classes the looks repeat.
    """
    classes = list(dict.fromkeys(classes))
    fixed = {name: FIXED_LOOKS[name] for name in classes if name in FIXED_LOOKS}
    free = cycle(look for look in LOOKS if look not in fixed.values())
    looks = fixed | dict(zip(sorted(set(classes) - fixed.keys()), free, strict=False))
    return {name: looks[name] for name in classes}


def class_colours(classes: Iterable[str]) -> dict[str, str]:
    """Colour of each class, as in `class_looks`.

    Examples
    --------
    >>> class_colours(["malignant", "cyst"])
    {'malignant': '#D55E00', 'cyst': '#0072B2'}
    """
    return {name: look.colour for name, look in class_looks(classes).items()}


def set_look(name: str) -> dict[str, str]:
    """Options ``color`` and ``marker`` of a set; all but train, validation and test share one look."""
    return {"color": SET_COLOURS.get(name, "#CC79A7"), "marker": SET_MARKERS.get(name, "v")}


def spaced(name: str) -> str:
    """A name as readers see it: a set's title, underscores as spaces."""
    return SET_TITLES.get(name) or str(name).replace("_", " ")


def named(name: str, width: float = 1.0, size: float = SMALL) -> str:
    """A name beside an axis, in lines of at most ``width`` inches."""
    return lettering.wrap(spaced(name), width, size)


def new_figure(height: float, width: float = PAGE) -> Figure:
    """An empty figure of a size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def canvas(height: float, width: float = PAGE) -> tuple[Figure, Axes]:
    """A figure for drawing freely: one invisible panel whose units are inches from the lower left corner."""
    figure = new_figure(height, width)
    figure.get_layout_engine().set(w_pad=0, h_pad=0)
    panel = figure.add_subplot(xlim=(0, width), ylim=(0, height))
    panel.set_axis_off()
    return figure, panel


def panels(
    height: float, rows: int = 1, columns: int = 1, width: float = PAGE, lines: str = "", **options: Any
) -> tuple[Figure, np.ndarray]:
    """A figure of a size in inches, and its panels without top and right spines, shape (rows, columns).

    Parameters
    ----------
    lines : {"", "x", "y", "both"}
        Axes whose ticks pale lines lead through.
    **options
        As for ``Figure.subplots``.
    """
    figure = new_figure(height, width)
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    for panel in grid.flat:
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_axisbelow(True)
        if lines:
            panel.grid(axis=lines, color="#E6E6E6", linewidth=0.5)
    return figure, grid


def row_heights(rows: Sequence[Sequence[np.ndarray]], cell: float, others: float) -> list[float]:
    """Heights of rows of images, in inches: as wide as their cells, and less where a page would not hold them.

    Parameters
    ----------
    rows : sequence of sequence of ndarray
        The images.
    cell : float
        Width of a cell.
    others : float
        Height of all that stands between the rows.
    """
    tall = [aspect(row) for row in rows]
    width = min(cell, (TALLEST - others) / sum(tall))
    return [width * ratio for ratio in tall]


def blank(panels: Iterable[Axes]) -> None:
    """Hide what panels have around them, those that are left over in a grid."""
    for panel in panels:
        panel.set_axis_off()


def picture(panel: Axes, image: np.ndarray, anchor: str = "S", **options) -> None:
    """Show an image without ticks and frame, and keep later drawing from moving the view.

    An image that does not fill its panel touches the side named by ``anchor``, where its caption is.
    """
    panel.imshow(image, **options)
    panel.set(xticks=[], yticks=[], autoscale_on=False, anchor=anchor)
    panel.spines[:].set_visible(False)


def lesion(panel: Axes, image: np.ndarray, mask: np.ndarray, anchor: str = "N") -> None:
    """`picture` with the outline of a lesion, yellow with a dark edge; none for an empty mask.

    Parameters
    ----------
    mask : ndarray, bool, shape (height, width)
    """
    import cv2

    picture(panel, image, anchor)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    edge = [patheffects.Stroke(linewidth=1.9, foreground="#1A1A1A"), patheffects.Normal()]
    for contour in contours:
        closed = np.concatenate([contour, contour[:1]])[:, 0]
        panel.plot(*closed.T, color=OUTLINE, linewidth=1, path_effects=edge)


def logarithmic(panel: Axes) -> None:
    """Logarithmic x axis with plain numbers, and ticks between the powers of ten where there is room for them."""
    panel.set_xscale("log")
    low, high = panel.get_xlim()
    panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 50 * low else (1,)))
    panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_formatter(NullFormatter())


def percent(share: float, _: int = 0) -> str:
    """A share as an axis writes it: with decimals only where it has some.

    Examples
    --------
    >>> percent(0.2), percent(0.025)
    ('20%', '2.5%')
    """
    return f"{100 * share:.3g}%"


def heading(panel: Axes, text: str) -> None:
    """Title of a panel."""
    panel.set_title(text, size=LARGE, weight="bold")


def note(panel: Axes, text: str, at: tuple[Any, Any], offset: tuple[float, float], **options: Any) -> None:
    """Write at a place, moved by an offset in points; not cut off at the panel's edge."""
    options = {"va": "center", "size": SMALL} | options
    panel.annotate(text, at, offset, textcoords="offset points", annotation_clip=False, **options)


def score(panel: Axes, bounds: Bounds, place: float, name: str = "value", **look: Any) -> None:
    """Draw a score's marker on its interval with caps, at a height; what is undefined is left out.

    Parameters
    ----------
    bounds, name
        As in `format.with_interval`.
    **look
        Options of ``Axes.plot`` for the marker; the interval takes ``color``.
    """
    value, low, high = value_and_ends(bounds, name)
    if known(low) and known(high):
        caps = {"marker": "|", "markersize": 6, "linewidth": 1.2, "zorder": 2}
        panel.plot([low, high], [place, place], color=look["color"], **caps)
    if known(value):
        panel.plot(value, place, **{"markersize": 5, "linestyle": "none", "zorder": 3} | look)


def strip(panel: Axes, values: Sequence[float], place: float, heap: float = 0.16, **look) -> None:
    """Draw a distribution as dots, heaped up to ``heap`` around a height, the same at every drawing.

    Parameters
    ----------
    **look
        Options of ``seaborn.stripplot``; ``size`` is a dot's width in points.
    """
    import seaborn  # brings pyplot along, so only when something is drawn

    state = np.random.get_state()  # seaborn takes its jitter from NumPy's global generator
    np.random.seed(0)
    options = {"orient": "h", "native_scale": True, "jitter": heap, "zorder": 2}
    seaborn.stripplot(x=values, y=np.full(len(values), place), ax=panel, **options | look)
    np.random.set_state(state)


def span(panel: Axes, values: Sequence[float], place: float, percent: float, colour: str) -> None:
    """Draw the central part of a distribution as a line, with a thick mark at its median."""
    import seaborn

    options = {"orient": "h", "native_scale": True, "estimator": "median", "errorbar": ("pi", percent)}
    options |= {"color": colour, "marker": "|", "markersize": 8, "markeredgewidth": 1.8, "capsize": 0.08}
    line = {"linewidth": 1.1, "color": colour}
    seaborn.pointplot(x=values, y=np.full(len(values), place), ax=panel, err_kws=line, **options)


def key(figure: Figure, handles: Sequence, ncols: int | None = None, **options) -> None:
    """The legend in one row below the panels."""
    options = {"loc": "outside lower center", "frameon": False} | options
    figure.legend(handles=handles, ncols=ncols or len(handles), **options)


def sign(label: str, **look) -> Line2D:
    """What a legend shows of a marker or a line."""
    return Line2D([], [], label=label, **{"linestyle": "none"} | look)


def known(value: float | None) -> bool:
    """Whether a score is defined (neither None nor NaN)."""
    return value is not None and not np.isnan(value)


def aspect(images: Sequence[np.ndarray]) -> float:
    """Height by width of the tallest image of a row; still taller ones are to be shown narrower."""
    return float(np.clip(max(image.shape[0] / image.shape[1] for image in images), 0.3, 1.1))
