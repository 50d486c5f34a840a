"""One split of many: which images are in which set, and how its test set was scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.format import number
from bcd_utils.evaluation.metrics import confusion
from bcd_utils.reporting.explorers.base import Live, View, explorer
from bcd_utils.reporting.plots.results import confusion_matrices
from bcd_utils.study.run import Run
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.utils.parallel import Result

SCHEMES = {
    "plain": "by image",
    "grouped": "by group",
    "folds": "fold of the cross-validation",
    "strict_folds": "fold by strict group",
    "image_folds": "fold by image",
}
#: Ids that are listed at most.
MOST = 30


def explore_splits(
    run: Run,
    splits: Mapping[tuple[str, int], pd.Series],
    results: Mapping[tuple[str, int], Result],
    table: pd.DataFrame,
    ids: Sequence[str],
    labels: np.ndarray,
    classes: Sequence[str],
) -> View | Live:
    """Look into one split.

    Parameters
    ----------
    run : Run
    splits, results : mapping
        By scheme and number; see `draw_splits` and `train_splits`.
    table : pandas.DataFrame
        As `scores_by_split` gives it, in the order of the splits.
    ids : sequence of str, length n
    labels : ndarray of int, shape (n,)
    classes : sequence of str
    """
    keys = {f"{SCHEMES[scheme]}, {place + 1}": (scheme, place) for scheme, place in splits}
    scores = dict(zip(keys.values(), table.to_dict("records"), strict=True))

    def show(split: str) -> View:
        key = keys[split]
        sets, probabilities, row = splits[key].to_numpy(), results[key]["probabilities"], scores[key]
        test = np.flatnonzero(sets == "test")
        wrong = test[probabilities[test].argmax(axis=1) != labels[test]]
        named = ", ".join(str(ids[place]) for place in wrong[:MOST])
        facts = {
            "images": ", ".join(f"{(sets == name).sum()} {title}" for name, title in SET_TITLES.items()),
            "accuracy": f"{number(row['accuracy'])}, after {row['epochs']} epochs",
            "copies": f"{row['copied']} test images have a copy in the training or tuning set",
            "wrong": (named or "none") + (f" and {len(wrong) - MOST} more" if len(wrong) > MOST else ""),
        }
        matrices = {
            name: confusion(labels[rows], probabilities[rows], classes)
            for name, rows in (("train", sets == "train"), ("test", sets == "test"))
        }
        return View(facts, confusion_matrices(matrices, classes))

    return explorer(run, show, choices={"split": list(keys)})
