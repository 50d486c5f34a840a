"""Intervals of cross-validated scores, which know that folds share most of their training images.

Out-of-fold predictions are not independent: the models behind them have learned from nearly the same images. Resampling
them as if they were covers too seldom (docs/intervals.md). Here the scores of single folds tell the spread, and Nadeau
and Bengio (2003, Machine Learning 52:239-281) how much of it does not average out; for repeated cross-validation after
Bouckaert and Frank (2004).
"""

from __future__ import annotations

import numpy as np

from bcd_utils.evaluation.format import HAIR
from bcd_utils.evaluation.means import UNKNOWN, Interval, on_the_logit, wilson_interval


def corrected_error(by_fold: np.ndarray, tested_share: float) -> float:
    """Standard error of the mean of fold scores, corrected for shared training images.

    Parameters
    ----------
    by_fold : ndarray of float, shape (folds,)
        The score of each fold, of all repeats; two at least.
    tested_share : float
        Images that a fold tests, per image that it learns from: 1 / (k - 1) of k folds.

    Returns
    -------
    float
        Square root of (1 / folds + tested_share) times the variance of the scores (Nadeau and Bengio, equation 9).

    Examples
    --------
    >>> round(corrected_error(np.array([0.7, 0.8, 0.75, 0.7, 0.8]), 0.25), 4)
    0.0335
    """
    return float(np.sqrt((1 / len(by_fold) + tested_share) * by_fold.var(ddof=1)))


def fold_interval(
    value: float | None,
    by_fold: np.ndarray,
    tested_share: float,
    confidence: float,
    bounds: tuple[float, float] = (0.0, 1.0),
    units: int | None = None,
) -> Interval:
    """A cross-validated score with its interval.

    Parameters
    ----------
    value : float or None
        Of all images, each predicted out of fold.
    by_fold, tested_share
        As in `corrected_error`; folds that leave the score undefined (NaN) are left out.
    confidence : float
    bounds : (float, float)
        Lowest and highest score; the interval is made on the logit between them, on the logarithm where there is
        no highest, and as it is where there is neither.
    units : int, optional
        Of a proportion, the groups that it is a share of. Its interval then is Wilson's, with as many trials as the
        error amounts to, and with all of the units where folds do not differ.

    Returns
    -------
    dict of str to float or None
        ``value``, ``low`` and ``high``; no ends with fewer than two folds, and none for scores other than proportions
        where folds do not differ.

    Examples
    --------
    >>> folds = np.array([0.7, 0.8, 0.75, 0.7, 0.8])
    >>> {end: round(number, 2) for end, number in fold_interval(0.75, folds, 0.25, 0.95, units=150).items()}
    {'value': 0.75, 'low': 0.65, 'high': 0.83}
    >>> perfect = 1.0, np.ones(5), 0.25, 0.95
    >>> fold_interval(*perfect)["low"], fold_interval(*perfect, units=20)["low"] > 0.8
    (None, True)
    """
    known = by_fold[~np.isnan(by_fold)]
    found = UNKNOWN | {"value": value}
    if value is None or len(known) < 2:
        return found
    from scipy.stats import norm, t

    upper, error = (1 + confidence) / 2, corrected_error(known, tested_share)
    quantile = t.ppf(upper, len(known) - 1)
    if units is not None:
        trials = float(units)
        if error > HAIR and 0 < value < 1:
            trials = min(trials, value * (1 - value) / error**2 * (norm.ppf(upper) / quantile) ** 2)
        low, high = wilson_interval(value * trials, trials, confidence)
        return found | {"low": low, "high": high}
    if error < HAIR or value in bounds:
        return found
    low, high = _back_and_forth(value, quantile * error, bounds)
    return found | {"low": low, "high": high}


def _back_and_forth(value: float, reach: float, bounds: tuple[float, float]) -> tuple[float, float]:
    """Ends of value plus and minus reach, by the delta method on a scale without ends."""
    lowest, highest = bounds
    if np.isinf(lowest):
        return value - reach, value + reach
    if np.isinf(highest):
        factor = float(np.exp(reach / (value - lowest)))
        return lowest + (value - lowest) / factor, lowest + (value - lowest) * factor
    width = highest - lowest
    low, high = on_the_logit((value - lowest) / width, reach / width)
    return lowest + width * low, lowest + width * high
