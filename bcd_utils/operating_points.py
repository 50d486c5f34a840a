"""Thresholds for one class against the rest: chosen on validation images, judged on test images.

Throughout, ``positive`` is bool (n,): which images are of the class; ``scores`` is float (n,), such as the
predicted probability of the class. An image is called positive if its score is at least the threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.intervals import resample_weights, wilson_interval
from bcd_utils.metrics import checked_scores

if TYPE_CHECKING:
    import pandas as pd

THRESHOLD_PROBABILITIES = np.arange(1, 100) / 100


def threshold_for_specificity(positive: ArrayLike, scores: ArrayLike, specificity: float) -> float | None:
    """The lowest threshold with at least this specificity, hence with the highest sensitivity there.

    Parameters
    ----------
    positive : array_like of bool, shape (n,)
        Of the validation images; of test images it would flatter the result.
    scores : array_like of float, shape (n,)
    specificity : float
        The wanted share (above 0, at most 1) of negatives that are not called positive.

    Returns
    -------
    float or None
        Just above the score of a negative; None if there is no negative.

    Raises
    ------
    ValueError
        If shapes differ, a score is not finite, or ``specificity`` is not in the range.

    Examples
    --------
    >>> round(threshold_for_specificity([False, False, False, True], [0.1, 0.2, 0.7, 0.6], 0.66), 6)
    0.2
    """
    positive, scores = checked_scores(positive, scores)
    rank = _rank_reaching(specificity, (~positive).sum())
    return None if rank is None else float(np.nextafter(np.sort(scores[~positive])[rank], np.inf))


def threshold_for_sensitivity(positive: ArrayLike, scores: ArrayLike, sensitivity: float) -> float | None:
    """The highest threshold with at least this sensitivity, hence with the highest specificity there.

    Parameters
    ----------
    positive : array_like of bool, shape (n,)
        Of the validation images; of test images it would flatter the result.
    scores : array_like of float, shape (n,)
    sensitivity : float
        The wanted share (above 0, at most 1) of positives that are called positive.

    Returns
    -------
    float or None
        The score of a positive; None if there is no positive.

    Raises
    ------
    ValueError
        If shapes differ, a score is not finite, or ``sensitivity`` is not in the range.

    Examples
    --------
    >>> threshold_for_sensitivity([True, True, True, False], [0.9, 0.4, 0.6, 0.5], 0.66)
    0.6
    """
    positive, scores = checked_scores(positive, scores)
    rank = _rank_reaching(sensitivity, positive.sum())
    return None if rank is None else float(np.sort(scores[positive])[::-1][rank])


def at_threshold(
    positive: ArrayLike, scores: ArrayLike, threshold: float | None, confidence: float = 0.95
) -> dict[str, dict[str, Any]]:
    """Sensitivity and specificity at a threshold, with Wilson intervals.

    Parameters
    ----------
    positive : array_like of bool, shape (n,)
    scores : array_like of float, shape (n,)
    threshold : float or None
        From other images than these; None if they could not determine one.
    confidence : float, default 0.95
        Nominal coverage, between 0 and 1. The intervals hold for this threshold; that other validation
        images would have given another one is not in them.

    Returns
    -------
    dict of str to dict
        For ``sensitivity`` and ``specificity``: ``right`` and ``images`` (int), ``value``, ``low`` and ``high``
        (0..1). None where undefined: without a threshold, or without images of that kind.

    Raises
    ------
    ValueError
        If shapes differ, a score is not finite, or ``confidence`` is not between 0 and 1.

    Examples
    --------
    >>> found = at_threshold([True, True, False, False], [0.9, 0.4, 0.6, 0.1], 0.4)
    >>> found["sensitivity"]["value"], found["specificity"]["value"], found["specificity"]["images"]
    (1.0, 0.5, 2)
    """
    positive, scores = checked_scores(positive, scores)
    found = {}
    for name, kind in {"sensitivity": positive, "specificity": ~positive}.items():
        found[name] = {"right": None, "images": int(kind.sum()), "value": None, "low": None, "high": None}
        if threshold is not None and kind.any():
            right = int(((scores >= threshold) == positive)[kind].sum())
            low, high = wilson_interval(right, int(kind.sum()), confidence)
            found[name] |= {"right": right, "value": right / int(kind.sum()), "low": low, "high": high}
    return found


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
    import pandas as pd

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
    of_image = worth * (probabilities[:, None] >= thresholds)
    blocks = resample_weights(positive, None, samples, seed)
    resampled = np.concatenate([weights @ of_image for weights in blocks])
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    columns = {"threshold": thresholds, "model": of_image.sum(axis=0), "low": low, "high": high}
    return pd.DataFrame(columns | {"treat_all": worth.sum(axis=0), "treat_none": 0.0})


def _rank_reaching(share: float, count: int) -> int | None:
    """Place, from 0, of the first of ``count`` images that together reach ``share`` of them."""
    if not 0 < share <= 1:
        raise ValueError(f"the wanted share must lie above 0 and at most 1, not {share}")
    return int((np.arange(1, count + 1) / count >= share).argmax()) if count else None
