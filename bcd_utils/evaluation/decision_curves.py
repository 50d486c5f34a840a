"""Decision curves: what acting on a model's probabilities is worth beside acting always or never."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bcd_utils.evaluation.bootstrap import resample_weights
from bcd_utils.evaluation.format import HAIR
from bcd_utils.evaluation.metrics import checked_scores

THRESHOLD_PROBABILITIES = np.arange(1, 100) / 100
SHOWN_PROBABILITIES = (0.05, 0.1, 0.2, 0.3, 0.5)


def decision_curve(
    positive: ArrayLike,
    probabilities: ArrayLike,
    thresholds: ArrayLike = THRESHOLD_PROBABILITIES,
    samples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Net benefit of acting on a model's probabilities (Vickers and Elkin 2006).

    Whoever acts from a probability t on holds one missed positive to be as bad as (1 - t) / t needless
    actions. Net benefit counts both in the currency of true positives: TP / n - FP / n * t / (1 - t).

    Parameters
    ----------
    positive : array_like of bool, shape (n,)
    probabilities : array_like of float, shape (n,)
        Predicted probability of the class, 0..1.
    thresholds : array_like of float, shape (m,)
        Threshold probabilities, each above 0 and below 1; by default 0.01 to 0.99.
    samples : int, default 2000
        Bootstrap resamples within positives and negatives, for the interval at each threshold.
    confidence : float, default 0.95
        Nominal coverage at each threshold, between 0 and 1.
    seed : int, default 0

    Returns
    -------
    pandas.DataFrame
        Columns ``threshold``, ``model``, ``low``, ``high``, ``treat_all`` and ``treat_none`` (net benefits, at
        most the share of positives; ``treat_none`` is 0), m rows.

    Raises
    ------
    ValueError
        If shapes differ, there is no image, or a value is out of range.

    Examples
    --------
    >>> curve = decision_curve([True, True, False, False], [0.9, 0.4, 0.6, 0.1], [0.2, 0.5])
    >>> curve[["model", "treat_all"]].round(4).values.tolist()
    [[0.4375, 0.375], [0.0, 0.0]]
    """
    positive, probabilities = checked_scores(positive, probabilities)
    thresholds = np.asarray(thresholds, dtype=float)
    if not len(positive):
        raise ValueError("a decision curve needs at least one image")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError("probabilities must lie in [0, 1]")
    if thresholds.ndim != 1 or not ((thresholds > 0) & (thresholds < 1)).all():
        raise ValueError("thresholds must have shape (m,) and lie above 0 and below 1")

    worth = np.where(positive[:, None], 1, -thresholds / (1 - thresholds)) / len(positive)
    by_image = worth * (probabilities[:, None] >= thresholds)
    blocks = resample_weights(positive, None, samples, seed)
    drawn = np.concatenate([weights @ by_image for weights in blocks])
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    low, high = np.where(high - low > HAIR, [low, high], np.nan)  # all or nobody acted on: nothing can vary
    columns = {"threshold": thresholds, "model": by_image.sum(axis=0), "low": low, "high": high}
    return pd.DataFrame(columns | {"treat_all": worth.sum(axis=0), "treat_none": 0.0})


def decision_curves(
    labels: np.ndarray,
    states: Mapping[str, np.ndarray],
    classes: Sequence[str],
    positive: str,
    **options: Any,
) -> dict[str, pd.DataFrame]:
    """`decision_curve` of one class for several probabilities of the same images.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    states : mapping of name to ndarray of float, shape (n, k)
    classes : sequence of str, length k
    positive : str
        The class that is acted on.
    **options
        ``samples``, ``confidence`` and ``seed``.
    """
    column = classes.index(positive)
    return {
        name: decision_curve(labels == column, probabilities[:, column], **options)
        for name, probabilities in states.items()
    }


def decision_table(curves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Decision curves at a few thresholds; index ``probabilities`` (which curve) and ``threshold``."""
    shown = {name: curve[curve["threshold"].isin(SHOWN_PROBABILITIES)] for name, curve in curves.items()}
    table = pd.concat(shown, names=["probabilities", "row"]).droplevel("row")
    return table.set_index("threshold", append=True)
