"""Figures of the data audit: pairs of images to judge, how alike images are, and what leaks."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bcd_utils.audit.lesions import MOST_PAIRS, Sheet
from bcd_utils.reporting.plots import lettering, style
from bcd_utils.reporting.plots.data import image_grid
from bcd_utils.study.run import Run

COLUMNS, HEIGHT = 2, 240  # pixels


def pair_sheet(pairs: Sequence[tuple[np.ndarray, np.ndarray, pd.Series]]) -> Figure:
    """Pairs of images side by side, a dozen at most, with what the table says of them.

    Parameters
    ----------
    pairs : sequence of (image, image, row)
        Images uint8 (height, width, 3); a row of ``duplicate_pairs.csv``.
    """
    pairs = pairs[:MOST_PAIRS]
    captions = [caption(row, style.PAGE / COLUMNS - 0.12) for _, _, row in pairs]
    boards = [side_by_side(one, other) for one, other, _ in pairs]
    figure = image_grid(list(zip(captions, boards, strict=True)), COLUMNS)
    for panel, (_, _, row) in zip(figure.axes, pairs, strict=False):
        panel.xaxis.label.set_weight("bold" if row["contradictory"] else "normal")
    named = (f"{row['id_a']} and {row['id_b']}" for _, _, row in pairs)
    figure.set_label(f"{len(pairs)} pairs: {', '.join(named)}.")
    return figure


def sheet_in(run: Run) -> Sheet:
    """What draws the `pair_sheet` of a source's look-alikes into a run folder, and returns where."""

    def draw(called: str, pairs: Sequence[tuple[np.ndarray, np.ndarray, pd.Series]]) -> str:
        name = "look_alikes_" + re.sub(r"\W+", "_", called)
        run.save_figure(pair_sheet(pairs), name)
        return str(run.target / "figures" / f"{name}.png")  # whole: a notebook's folder is not its reader's

    return draw


def caption(row: pd.Series, width: float) -> str:
    """What the table says of a pair, in lines of at most ``width`` inches."""
    verdict = f"a person says {row['verdict']}" if row["verdict"] else f"same: {row['same']}"
    lines = [
        f"{row['id_a']}  |  {row['id_b']}",
        f"detail {row['detail']:.2f}, correlation {row['correlation']:.2f}"
        + (f", features {row['cosine']:.2f}" if style.known(row.get("cosine")) else ""),
        f"{row['kind']}, {verdict}" + (", labels differ" if row["contradictory"] else ""),
    ]
    weight = "bold" if row["contradictory"] else "normal"
    return "\n".join(lettering.wrap(line, width, style.SMALL, weight) for line in lines)


def side_by_side(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Two images, uint8 (height, width, 3), at one height, with a white strip between them."""
    import cv2

    def resized(image: np.ndarray) -> np.ndarray:
        width = max(1, round(image.shape[1] * HEIGHT / image.shape[0]))
        return cv2.resize(image, (width, HEIGHT), interpolation=cv2.INTER_AREA)

    return np.hstack([resized(one), np.full((HEIGHT, 8, 3), 255, np.uint8), resized(other)])


def best_matches(best: pd.DataFrame, threshold: float | None, classes: Sequence[str]) -> Figure:
    """How alike each image is to the image it is most like: one histogram a class.

    Parameters
    ----------
    best : DataFrame
        Columns ``label`` and ``detail`` (-1..1), one row an image.
    threshold : float or None
        From here on two images are called the same; None: none are by their look.
    classes : sequence of str
        From the top down.
    """
    import seaborn

    figure, grid = style.panels(
        0.7 + 0.85 * len(classes), len(classes), width=style.COLUMN, sharex=True, lines="y"
    )
    shares = []
    low = min(0.0, math.floor(10 * float(best["detail"].min())) / 10)
    bins = np.linspace(low, 1, round((1 - low) / 0.025) + 1)
    for panel, (name, look) in zip(grid[:, 0], style.class_looks(classes).items(), strict=True):
        values = best.loc[best["label"] == name, "detail"]
        looks = {"color": look.colour, "alpha": 1, "edgecolor": "white", "linewidth": 0.3}
        seaborn.histplot(x=values, bins=bins, ax=panel, **looks)
        if threshold is not None:
            panel.axvline(threshold, color="black", linestyle="--", linewidth=0.9)
        panel.yaxis.set_major_locator(MaxNLocator(3, integer=True))
        panel.set(xlabel="", ylabel="images")
        copies = (values >= (threshold or np.inf)).sum()
        share = f"{style.spaced(name)}: {copies:,} of {len(values):,} images have a copy"
        shares.append(share)
        panel.set_title(
            lettering.wrap(share, 2.9, style.SMALL, "bold"), size=style.SMALL, weight="bold", loc="left"
        )
    label = "detail correlation with the most similar other image"
    line = "no image is joined to another by it" if threshold is None else f"dashed: threshold {threshold:g}"
    panel.set(xlabel=f"{label}\n({line})", xlim=(low, 1))
    figure.set_label(f"Found: {'; '.join(shares)}.")
    return figure


def leaks(table: pd.DataFrame) -> Figure:
    """Share of the test images that have a copy in train or validation, from strict to generous.

    Parameters
    ----------
    table : DataFrame
        From `leakage.leak_counts`.
    """
    figure, [[panel]] = style.panels(0.8 + 0.26 * len(table), width=style.COLUMN)
    share = table["share"].fillna(0)
    panel.barh(range(len(table)), share, height=0.65, color=style.SET_COLOURS["test"])
    for place, row in enumerate(table.to_dict("records")):
        part = f"  ({row['share']:.0%})" if style.known(row["share"]) else ""
        style.note(panel, f"{int(row['test_images']):,}{part}", (share.iloc[place], place), (5, 0))
    names = [name.replace(">=", "≥") for name in table.index]
    panel.set_yticks(range(len(table)), [style.named(name, 1.2) for name in names])
    panel.set(xlabel="share of the test images with a copy\nin the training or tuning set")
    panel.set_xlim(0, max(0.05, float(share.max())))
    panel.xaxis.set_major_locator(MaxNLocator(4))
    panel.xaxis.set_major_formatter(style.percent)
    panel.invert_yaxis()
    said = (f"{name} {count:,.0f}" for name, count in zip(names, table["test_images"], strict=True))
    figure.set_label(f"Test images: {', '.join(said)}.")
    return figure
