"""Intervals of areas under the ROC curve: DeLong's on the logit, and near 0 or 1, where it fails, Newcombe's.

Throughout, ``positive`` is bool (n,): which images are of the class in question; ``scores`` is float (n,),
higher for images that a model takes to be of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.evaluation.format import HAIR
from bcd_utils.evaluation.means import UNKNOWN, Interval, on_the_logit
from bcd_utils.evaluation.metrics import checked_scores

NEAR_THE_END = 0.05  # of 0 or 1; there DeLong's interval covers too seldom (docs/intervals.md)


class Area(NamedTuple):
    """An area under the ROC curve, and what each image adds to its error.

    Attributes
    ----------
    value : float or None
        0..1; None without positives or without negatives.
    influence : ndarray of float, shape (n,), or None
        Sums to 0; the sum of squares, of whole groups' sums, is the area's variance. None where one unit alone is
        positive, or negative.
    units : tuple of int
        Independent units among the positives and among the negatives.
    """

    value: Any  # float or None
    influence: np.ndarray | None
    units: tuple[int, int]


def area_of(positive: ArrayLike, scores: ArrayLike, groups: ArrayLike | None = None) -> Area:
    """The area with what `area_interval` needs.

    Without groups the influences give the variance of DeLong, DeLong and Clarke-Pearson (1988) exactly; with groups
    that of Obuchowski (1997), but for a factor near 1 of its cross terms.

    Examples
    --------
    >>> area = area_of([False, False, False, True, True], [0.1, 0.4, 0.6, 0.5, 0.9])
    >>> round(area.value, 4), (area.influence**2).sum().round(4).item()
    (0.8333, 0.0556)
    """
    positive, scores = checked_scores(positive, scores)
    above, below = components(positive, scores)
    sizes = m, n = len(above), len(below)
    if not min(sizes):
        return Area(None, None, sizes)
    value = float(above.sum() / (m * n))
    units = sizes
    if groups is not None:
        given = np.asarray(groups)
        units = len(set(given[positive])), len(set(given[~positive]))
    if min(units) < 2:
        return Area(value, None, units)
    influence = np.empty(len(positive))
    spread = [np.sqrt(number / (number - 1)) for number in units]
    influence[positive] = (above / n - value) / m * spread[0]
    influence[~positive] = (below / m - value) / n * spread[1]
    return Area(value, influence, units)


def area_interval(
    areas: Sequence[Area],
    weights: Sequence[float] | np.ndarray,
    confidence: float = 0.95,
    groups: ArrayLike | None = None,
) -> Interval:
    """An area, or a weighted mean of areas on the same images, with its interval.

    The normal interval of the logit, transformed back, never leaves 0..1 and is skewed as the area's distribution is
    (Qin and Hotilovac 2008). Within `NEAR_THE_END` of 0 or 1, and where one unit alone is positive or negative, stands
    Newcombe's method 5 (2006, Statistics in Medicine 25:559-573), of a mean the mean of the ends, as if all areas
    erred together.

    Parameters
    ----------
    areas : sequence of Area
        Of the same images.
    weights : sequence of float
        Of the areas in the mean; they sum to 1. An undefined area with weight 0 is left out.
    confidence : float, default 0.95
    groups : array_like, shape (n,), optional
        Vary whole.

    Returns
    -------
    dict of str to float or None
        ``value``, ``low`` and ``high``; None where an area is undefined.

    Examples
    --------
    >>> positive, scores = [False, False, False, True, True], [0.1, 0.4, 0.6, 0.5, 0.9]
    >>> found = area_interval([area_of(positive, scores)], [1])
    >>> 0 < found["low"] < found["value"] < found["high"] < 1
    True
    >>> area_interval([area_of([False] * 9 + [True] * 9, range(18))], [1])["high"]
    1.0
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    given = [(area, weight) for area, weight in zip(areas, weights, strict=True) if weight]
    values = [weight * area.value for area, weight in given if area.value is not None]
    if not given or len(values) < len(given):
        return dict(UNKNOWN)
    value = float(np.sum(values))
    added = [weight * area.influence for area, weight in given if area.influence is not None]
    error = 0.0
    if len(added) == len(given):
        error, quantile = error_of(np.sum(added, axis=0), groups, confidence)
    if error < HAIR or abs(value - 0.5) > 0.5 - NEAR_THE_END:
        ends = [newcombe_interval(area.value, area.units, confidence) for area, _ in given]
        low, high = np.average(ends, axis=0, weights=[weight for _, weight in given]).tolist()
    else:
        low, high = on_the_logit(value, quantile * error)
    return {"value": value, "low": low, "high": high}


def error_of(influence: np.ndarray, groups: ArrayLike | None, confidence: float) -> tuple[float, float]:
    """Standard error from influences, whole groups summed, and how many of them an interval reaches."""
    from scipy.stats import norm, t

    upper = (1 + confidence) / 2
    if groups is None:
        return float(np.sqrt((influence**2).sum())), float(norm.ppf(upper))
    names, places = np.unique(np.asarray(groups), return_inverse=True)
    error = np.sqrt((np.bincount(places, influence) ** 2).sum())
    return float(error), float(
        norm.ppf(upper) if len(names) == len(influence) else t.ppf(upper, len(names) - 1)
    )


def newcombe_interval(area: float, units: tuple[int, int], confidence: float = 0.95) -> tuple[float, float]:
    """Newcombe's method 5: the areas from which this one is not further than chance brings it.

    The variance is Hanley and McNeil's (1982) for exponential scores, at the area in question, with both numbers of
    units in its bracket replaced by their mean.

    Parameters
    ----------
    area : float
        0..1.
    units : tuple of int
        Positives and negatives, >= 1 each.

    Examples
    --------
    >>> [round(end, 3) for end in newcombe_interval(1.0, (20, 97))], newcombe_interval(0.0, (3, 3))[0]
    ([0.94, 1.0], 0.0)
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    m, n = units
    more, reach = (m + n) / 2 - 1, norm.ppf((1 + confidence) / 2)

    def beyond(end: float) -> float:
        variance = end * (1 - end) / (m * n) * (1 + more * ((1 - end) / (2 - end) + end / (1 + end)))
        return abs(area - end) - reach * np.sqrt(variance)

    hair = 1e-12
    low = brentq(beyond, hair, area - hair) if area > hair and beyond(hair) > 0 else 0.0
    high = brentq(beyond, area + hair, 1 - hair) if area < 1 - hair and beyond(1 - hair) > 0 else 1.0
    return float(low), float(high)


def components(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Over how many negatives each positive ranks, and under how many positives each negative; ties are 1/2.

    These are DeLong's structural components V10 and V01 before they are divided by the number of
    negatives and of positives, from mid-ranks as in Sun and Xu (2014). Whole and half numbers are exact, so
    that models that rank alike differ by exactly 0.
    """
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    above_negatives = ranks[positive] - rankdata(scores[positive])
    below_positives = positive.sum() - (ranks[~positive] - rankdata(scores[~positive]))
    return above_negatives, below_positives


def area_from_counts(
    area: float, positives: int, negatives: int, confidence: float = 0.95
) -> tuple[float | None, float | None]:
    """The interval of an area of which nothing else is known than how many images it is of.

    Variance of Hanley and McNeil (1982, Radiology 143:29-36, equations 1 and 2), on the
    logit; None for an area of 0 or 1, which has none.

    Examples
    --------
    >>> [round(end, 3) for end in area_from_counts(0.961, 35, 70)]
    [0.878, 0.988]
    """
    if not 0 < area < 1:
        return None, None
    of_positives, of_negatives = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
    variance = (area * (1 - area) + (positives - 1) * of_positives + (negatives - 1) * of_negatives) / (
        positives * negatives
    )
    return on_the_logit(area, NormalDist().inv_cdf((1 + confidence) / 2) * variance**0.5)
