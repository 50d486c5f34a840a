"""Thresholds of the network that the steps lead to: chosen on predictions out of fold, judged on other folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.fold_intervals import fold_interval
from bcd_utils.evaluation.format import as_text, in_columns
from bcd_utils.evaluation.means import UNKNOWN
from bcd_utils.evaluation.thresholds import (
    SENSITIVITY,
    SPECIFICITY,
    at_threshold,
    threshold_for_sensitivity,
    threshold_for_specificity,
)
from bcd_utils.experiments.recipe.results import Steps

CHOICES = {
    f"sensitivity {SENSITIVITY:.2f}": (threshold_for_sensitivity, SENSITIVITY),
    f"specificity {SPECIFICITY:.2f}": (threshold_for_specificity, SPECIFICITY),
}
RATES = ("sensitivity", "specificity")


def final_arm(steps: Steps) -> str:
    """The best single network of a run: tuned and mirrored, else tuned, else the last step."""
    return next((name for name in ("flips", "tuned") if name in steps.arms), steps.stairs[-1])


def thresholds_of(positive: np.ndarray, scores: np.ndarray) -> dict[str, float | None]:
    """The threshold for each wanted rate; None where these images cannot determine it."""
    return {name: choose(positive, scores, wanted) for name, (choose, wanted) in CHOICES.items()}


def out_of_fold_rates(
    positive: np.ndarray, scores: np.ndarray, tested: Sequence[np.ndarray], confidence: float
) -> pd.DataFrame:
    """What thresholds give that are chosen on the other folds' predictions, fold by fold.

    Parameters
    ----------
    positive : ndarray of bool, shape (n,)
    scores : ndarray of float, shape (n,)
        Out of fold.
    tested : sequence of ndarray of bool, shape (n,)
        The images of each fold.
    confidence : float

    Returns
    -------
    pandas.DataFrame
        Index: the wanted rates. ``threshold``, chosen on all images, and ``sensitivity`` and ``specificity`` of
        thresholds chosen without the fold, each with ``_low`` and ``_high``: intervals over folds.
    """
    share, rows = 1 / (len(tested) - 1), {}
    by_fold = [
        {
            wanted: at_threshold(positive[fold], scores[fold], threshold)
            for wanted, threshold in thresholds_of(positive[~fold], scores[~fold]).items()
        }
        for fold in tested
    ]
    for wanted, threshold in thresholds_of(positive, scores).items():
        found = {}
        for rate in RATES:
            each = [rates[wanted][rate] for rates in by_fold]
            images = sum(one["images"] for one in each if one["right"] is not None)
            value = sum(one["right"] or 0 for one in each) / images if images else None
            values = np.array([one["value"] for one in each], dtype=float)
            found[rate] = UNKNOWN if value is None else fold_interval(value, values, share, confidence)
        rows[wanted] = {"threshold": threshold, **in_columns(found)}
    return pd.DataFrame.from_dict(rows, orient="index").astype(float).rename_axis("wanted")


def thresholds_table(steps: Steps) -> pd.DataFrame:
    """`out_of_fold_rates` of `final_arm`, for the positive class against all others."""
    column = steps.images.classes.index(steps.positive)
    tested = [(split == "test").to_numpy() for split in steps.folds]
    scores = steps.probabilities(final_arm(steps))[:, column]
    return out_of_fold_rates(steps.images.labels == column, scores, tested, steps.study.confidence)


def shown_thresholds(table: pd.DataFrame) -> pd.DataFrame:
    """The same for reading."""
    return as_text(table, {name: name for name in ("threshold", *RATES)})
