"""Thresholds for one class against the rest: chosen on validation images, judged on test images.

Throughout, ``positive`` is bool (n,): which images are of the class; ``scores`` is float (n,), such as the
predicted probability of the class. An image is called positive if its score is at least the threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bcd_utils.evaluation.format import number
from bcd_utils.evaluation.means import wilson_interval
from bcd_utils.evaluation.metrics import checked_scores

SPECIFICITY, SENSITIVITY = 0.90, 0.95  # that are wanted


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
    >>> rates = at_threshold([True, True, False, False], [0.9, 0.4, 0.6, 0.1], 0.4)
    >>> rates["sensitivity"]["value"], rates["specificity"]["value"], rates["specificity"]["images"]
    (1.0, 0.5, 2)
    """
    positive, scores = checked_scores(positive, scores)
    rates: dict[str, dict[str, Any]] = {}
    for name, kind in {"sensitivity": positive, "specificity": ~positive}.items():
        images = int(kind.sum())
        rates[name] = {"right": None, "images": images, "value": None, "low": None, "high": None}
        if threshold is not None and images:
            right = int(((scores >= threshold) == positive)[kind].sum())
            low, high = wilson_interval(right, images, confidence)
            rates[name] |= {"right": right, "value": right / images, "low": low, "high": high}
    return rates


def at_fixed_rates(
    by_set: Mapping[str, tuple[np.ndarray, np.ndarray]],
    classes: Sequence[str],
    positive: str,
    confidence: float = 0.95,
) -> dict[str, dict[str, Any]]:
    """What a wanted specificity, or sensitivity, of one class costs.

    Parameters
    ----------
    by_set : mapping of set to (labels, probabilities)
        int (n,) and float (n, k) of "validation", where the thresholds are chosen, and of "test".
    classes : sequence of str, length k
    positive : str
        The class that is set against all others.
    confidence : float, default 0.95

    Returns
    -------
    dict of str to dict
        For "specificity 0.90" and "sensitivity 0.95": ``threshold`` (None without validation images of the kind),
        and for ``validation`` and ``test`` what `at_threshold` gives.
    """
    column = classes.index(positive)
    sets = {name: (labels == column, given[:, column]) for name, (labels, given) in by_set.items()}
    thresholds = {
        f"specificity {SPECIFICITY:.2f}": threshold_for_specificity(*sets["validation"], SPECIFICITY),
        f"sensitivity {SENSITIVITY:.2f}": threshold_for_sensitivity(*sets["validation"], SENSITIVITY),
    }
    return {
        wanted: {"threshold": threshold}
        | {name: at_threshold(*sets[name], threshold, confidence) for name in ("validation", "test")}
        for wanted, threshold in thresholds.items()
    }


def rates_table(points: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """`at_fixed_rates` as a table: a row for each wanted rate, set and measure.

    Returns
    -------
    pandas.DataFrame
        Index ``wanted``, ``set``, ``measure``; columns ``threshold``, ``right`` and ``images`` (counts), ``value``,
        ``low`` and ``high``.
    """
    rows = {
        (wanted, name, measure): {"threshold": point["threshold"]} | numbers
        for wanted, point in points.items()
        for name in ("validation", "test")
        for measure, numbers in point[name].items()
    }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(["wanted", "set", "measure"])
    kinds = {"right": "Int64", "images": int} | dict.fromkeys(["threshold", "value", "low", "high"], float)
    return table.astype(kinds)


def rates_in_words(points: Mapping[str, Mapping[str, Any]], positive: str) -> str:
    """What `at_fixed_rates` means on the test images, in Markdown."""
    images = sum(numbers["images"] for numbers in next(iter(points.values()))["test"].values())
    lines = [f"**{positive}** against the rest, on {images} test images:\n"]
    for wanted, point in points.items():
        hits, spared = point["test"]["sensitivity"], point["test"]["specificity"]
        lines.append(
            f"- threshold for {wanted}: none, the tuning images lack such a class"
            if point["threshold"] is None
            else f"- threshold for {wanted} ({number(point['threshold'])}): finds {hits['right'] or 0} of "
            f"{hits['images']}, leaves {spared['right'] or 0} of {spared['images']} others alone"
        )
    return "\n".join(lines)


def _rank_reaching(share: float, count: int) -> int | None:
    """Place, from 0, of the first of ``count`` images that together reach ``share`` of them."""
    if not 0 < share <= 1:
        raise ValueError(f"the wanted share must lie above 0 and at most 1, not {share}")
    return int((np.arange(1, count + 1) / count >= share).argmax()) if count else None
