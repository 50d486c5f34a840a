"""A threshold to move, and what it finds and what it spares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bcd_utils.evaluation.format import with_interval
from bcd_utils.evaluation.thresholds import at_threshold
from bcd_utils.reporting.explorers.base import Live, View, explorer
from bcd_utils.reporting.plots import style
from bcd_utils.study.run import Run

STEPS = [step / 100 for step in range(101)]


def explore_threshold(
    run: Run,
    by_set: Mapping[str, tuple[np.ndarray, np.ndarray]],
    classes: Sequence[str],
    positive: str,
) -> View | Live:
    """Move the threshold on the probability of one class against the rest.

    Parameters
    ----------
    run : Run
    by_set : mapping of set to (labels, probabilities)
        int (n,) and float (n, k).
    classes : sequence of str, length k
    positive : str
        The class that is shown first.
    """

    def show(threshold: float, **chosen: str) -> View:
        label, name = chosen["class"], chosen["set"]
        labels, probabilities = by_set[name]
        column = list(classes).index(label)
        truth, scores = labels == column, probabilities[:, column]
        rates = at_threshold(truth, scores, threshold, run.study.confidence)
        called = scores >= threshold
        found, spared = truth[called].sum(), (~truth[~called]).sum()
        facts = {
            "called " + label: f"{called.sum()} of {len(truth)} {name} images, at {threshold:g} or more",
            "sensitivity": f"{with_interval(rates['sensitivity'])}: finds {found} of {truth.sum()}",
            "specificity": f"{with_interval(rates['specificity'])}: spares {spared} of {(~truth).sum()}",
            "intervals": f"Wilson's, {run.study.confidence:.0%}; for a threshold chosen elsewhere than on these images",
        }
        return View(facts, _drawn(truth, scores, threshold, label))

    sets = [name for name in ("validation", "test", "train") if len(by_set[name][0])]
    others = [label for label in classes if label != positive]
    choices: dict[str, Sequence[Any]] = {"threshold": STEPS, "class": [positive, *others], "set": sets}
    return explorer(run, show, choices=choices, first={"threshold": 0.5})


def _drawn(truth: np.ndarray, scores: np.ndarray, threshold: float, label: str) -> Figure:
    """How the probabilities lie on both sides of a threshold, and the four counts."""
    figure, [[heaps, counts]] = style.panels(2.3, columns=2, width=6.2, width_ratios=[3, 2])
    bins = np.linspace(0, 1, 21)
    looks = style.class_looks([label, "others"])
    for name, rows in ((label, truth), ("others", ~truth)):
        heaps.hist(scores[rows], bins, color=looks[name].colour, alpha=0.6, label=style.spaced(name))
    heaps.axvline(threshold, color="black", linestyle="--", linewidth=1)
    heaps.set(xlabel=f"probability of {style.spaced(label)}", ylabel="images", xlim=(0, 1))
    heaps.margins(y=0.3)
    heaps.legend(frameon=False, loc="upper center", ncols=2)
    called = scores >= threshold
    table = np.array(
        [
            [(truth & called).sum(), (truth & ~called).sum()],
            [(~truth & called).sum(), (~truth & ~called).sum()],
        ]
    )
    counts.imshow(table / np.maximum(table.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        dark = count > 0.55 * max(table[row].sum(), 1)
        counts.text(
            column,
            row,
            f"{count:,}",
            ha="center",
            va="center",
            size=style.LARGE,
            color="white" if dark else "black",
        )
    short = style.named(label, 0.7)
    counts.set_xticks([0, 1], [f"called\n{short}", "not"])
    counts.set_yticks([0, 1], [short, "others"])
    counts.spines[:].set_visible(False)
    counts.tick_params(length=0)
    return figure
