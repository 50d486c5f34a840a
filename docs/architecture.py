"""Draw ``architecture.png``: the rooms of the package, and the way of the data. Run: python docs/architecture.py"""

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.patches import FancyBboxPatch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from test_rooms import ROOMS as ORDER  # noqa: E402 - the one list of their order

#: What a room holds, and its colour (Okabe and Ito) if it makes what the data become.
HOLDS = [
    ("pipeline", "runs the notebooks", None),
    ("prediction", "a run on further images", None),
    ("experiments", "the study, repeated", None),
    ("reporting", "statements, plots, pages", "#E69F00"),
    ("models", "networks and learning", "#0072B2"),
    ("evaluation", "metrics, intervals", "#D55E00"),
    ("explain", "where networks look", "#009E73"),
    ("audit", "copies, leaks, masks", None),
    ("datasets", "manifest, splits", "#CC79A7"),
    ("images", "pixels and arrays", "#56B4E9"),
    ("study", "settings, run folder", None),
    ("utils", "files, caches, errors", None),
]
#: From the top floor down.
ROOMS = sorted(HOLDS, key=lambda room: -ORDER.index(room[0]))
#: What the data become, the number of the notebook that writes it, and the room that does the work.
STEPS = [
    ("raw images", "", None),
    ("manifest", "01", "datasets"),
    ("splits", "02", "datasets"),
    ("arrays", "02", "images"),
    ("features", "03", "models"),
    ("model", "03", "models"),
    ("predictions", "03", "models"),
    ("metrics", "04", "evaluation"),
    ("heat maps", "05", "explain"),
    ("report", "", "reporting"),
]
GREY, INK, MUTED = "#BBBBBB", "#222222", "#505050"
WIDTH, HEIGHT = 5.4, 8.2  # inches: 12 points are 12 pixels where the picture is 390 pixels wide


def box(axes, left, top, width, height, colour):
    """A white box with a coloured edge, thick on the left."""
    frame = FancyBboxPatch(
        (left, top - height), width, height, boxstyle="round,pad=0,rounding_size=0.05", facecolor="white",
        edgecolor=colour, linewidth=1.4,
    )  # fmt: skip
    axes.add_patch(frame)
    axes.plot(
        [left + 0.06] * 2, [top - height + 0.05, top - 0.05], color=colour, linewidth=6, solid_capstyle="butt"
    )


def arrow(axes, start, end, colour=INK):
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.4, "shrinkA": 0}
    )


def draw():
    """The picture, as a figure."""
    figure = plt.figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.axis("off")
    heading = {"fontsize": 13, "fontweight": "bold", "color": INK, "va": "center"}
    axes.text(0.1, HEIGHT - 0.2, "Rooms", **heading)
    axes.text(0.1, HEIGHT - 0.43, "imports go down, never up", fontsize=11, color=MUTED, va="center")
    axes.text(3.2, HEIGHT - 0.2, "The data's way", **heading)
    axes.text(3.2, HEIGHT - 0.43, "never backwards", fontsize=11, color=MUTED, va="center")
    top, bottom = HEIGHT - 0.7, 0.08

    floor = (top - bottom) / len(ROOMS)
    for level, (name, holds, colour) in enumerate(ROOMS):
        y = top - level * floor
        box(axes, 0.32, y, 2.55, floor - 0.08, colour or GREY)
        axes.text(0.5, y - 0.17, name, fontsize=12, fontweight="bold", color=INK, va="center")
        axes.text(0.5, y - 0.40, holds, fontsize=11, color=MUTED, va="center")
    arrow(axes, (0.17, top), (0.17, bottom))

    colours = {name: colour for name, _, colour in ROOMS}
    step = (top - bottom) / len(STEPS)
    for rank, (name, notebook, room) in enumerate(STEPS):
        y = top - rank * step
        box(axes, 3.2, y, 2.1, step - 0.16, colours.get(room) or GREY)
        maker = ", ".join(filter(None, [room, notebook and f"notebook {notebook}"]))
        axes.text(3.38, y - (0.16 if maker else 0.26), name, fontsize=12, color=INK, va="center")
        axes.text(3.38, y - 0.37, maker, fontsize=10.5, color=MUTED, va="center")
        if rank:
            arrow(axes, (4.25, y + 0.16), (4.25, y))
    return figure


if __name__ == "__main__":
    draw().savefig(Path(__file__).with_suffix(".png"), dpi=200, metadata={"Software": None})
