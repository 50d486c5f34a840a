"""Intervals of shares and of means: images of one group count for as much as they tell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.evaluation.format import HAIR

Interval = dict[str, Any]  # value, low and high: float, or None where unknown
UNKNOWN: Interval = {"value": None, "low": None, "high": None}


def wilson_interval(successes: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927); it stays sound for few trials and near 0 or 1.

    Parameters
    ----------
    successes, trials : float
        0..trials; need not be whole, as effective numbers are not. Without trials, nothing is known and the
        interval is (0, 1).
    confidence : float, default 0.95
        Nominal coverage, between 0 and 1.

    Raises
    ------
    ValueError
        If ``successes`` is not within 0..trials or ``confidence`` not between 0 and 1.

    Examples
    --------
    >>> low, high = wilson_interval(20, 20)
    >>> round(low, 3), round(high, 3)
    (0.839, 1.0)
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0..{trials}, not {successes}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if trials == 0:
        return 0.0, 1.0
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(successes, trials, alpha=1 - confidence, method="wilson")
    return float(low), float(high)


def share_interval(
    values: ArrayLike,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
    lowest: float = 0.0,
    highest: float = 1.0,
) -> Interval:
    """Mean of values within bounds, with Wilson's interval for as many trials as the values amount to.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        Of each image, in ``lowest``..``highest``: 0 or 1 for an event, or any number between.
    groups : array_like, shape (n,), optional
        What each image belongs to, such as its patient; see `effective_number`.
    confidence : float, default 0.95
    lowest, highest : float

    Returns
    -------
    dict of str to float or None
        ``value``, ``low`` and ``high``; None without values, and no ends where all are of one group, which says
        nothing of others.

    Examples
    --------
    >>> {end: round(value, 3) for end, value in share_interval([1] * 20).items()}
    {'value': 1.0, 'low': 0.839, 'high': 1.0}
    >>> alone, pairs = share_interval([1, 1, 0, 0]), share_interval([1, 1, 0, 0], ["a", "a", "b", "b"])
    >>> pairs["low"] < alone["low"], share_interval([1, 1], ["a", "a"])["low"] is None
    (True, True)
    """
    shares = (np.asarray(values, dtype=float) - lowest) / (highest - lowest)
    if not shares.size:
        return dict(UNKNOWN)
    mean, width = float(shares.mean()), highest - lowest
    found = UNKNOWN | {"value": lowest + width * mean}
    number = effective_number(shares, groups, confidence)
    if number is None:
        return found
    low, high = wilson_interval(mean * number, number, confidence)
    return found | {"low": lowest + width * low, "high": lowest + width * high}


def on_the_logit(share: float, reach: float) -> tuple[float, float]:
    """Ends of share plus and minus reach on the logit, by the delta method: d logit(p) / dp = 1 / (p (1 - p)).

    Parameters
    ----------
    share : float
        Above 0 and below 1.
    reach : float

    Examples
    --------
    >>> [round(end, 3) for end in on_the_logit(0.9, 0.1)]
    [0.748, 0.965]
    """
    from scipy.special import expit, logit

    low, high = expit(logit(share) + np.array([-1, 1]) * reach / (share * (1 - share)))
    return float(low), float(high)


def mean_interval(values: ArrayLike, groups: ArrayLike | None = None, confidence: float = 0.95) -> Interval:
    """Mean of values without bounds, with Student's interval; whole groups vary (Liang and Zeger 1986).

    Parameters
    ----------
    values : array_like of float, shape (n,), n >= 1
    groups, confidence
        As in `share_interval`.

    Returns
    -------
    dict of str to float or None
        ``value``, ``low`` and ``high``; no ends for a single group, or where groups do not differ.

    Examples
    --------
    >>> {end: round(value, 2) for end, value in mean_interval([1.0, 1.0, 4.0, 4.0], ["a", "a", "b", "b"]).items()}
    {'value': 2.5, 'low': -16.56, 'high': 21.56}
    """
    from scipy.stats import t

    given = np.asarray(values, dtype=float)
    mean = float(given.mean())
    places = (
        np.arange(len(given)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    )
    sums = np.bincount(places, given - mean)
    if len(sums) < 2 or np.abs(sums).max() <= HAIR * np.abs(given).sum():
        return UNKNOWN | {"value": mean}
    error = np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / len(given)
    reach = float(t.ppf((1 + confidence) / 2, len(sums) - 1) * error)
    return {"value": mean, "low": mean - reach, "high": mean + reach}


def effective_number(
    values: np.ndarray, groups: ArrayLike | None = None, confidence: float = 0.95
) -> float | None:
    """How many independent trials tell as much of a share as these values do (Kish 1965; Korn and Graubard 1998).

    The number of values over the design effect, the variance of their mean with whole groups varying relative to
    that of as many independent trials; less for few groups, as Student's t is wider than the normal distribution.

    Parameters
    ----------
    values : ndarray of float, shape (n,), n >= 1
        In 0..1.
    groups : array_like, shape (n,), optional
        Without, each value stands alone.
    confidence : float

    Returns
    -------
    float or None
        Of values that all are the same, from which no variance follows, the number of groups. Never more than
        without groups. None where all values are of one group.

    Examples
    --------
    >>> round(effective_number(np.array([1.0, 1, 0, 0, 1, 0])), 9)
    6.0
    >>> effective_number(np.array([1.0, 1, 0, 0]), ["a", "a", "b", "b"]) < 2
    True
    """
    number, deviations = len(values), values - values.mean()
    alone = _trials(values, deviations)
    if groups is None:
        return alone
    names, places = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) == 1:
        return None
    if len(names) == number:
        return alone
    together = _trials(values, np.bincount(places, deviations))
    if not deviations.any():
        return together
    from scipy.stats import t

    upper = (1 + confidence) / 2
    few = (t.ppf(upper, number - 1) / t.ppf(upper, len(names) - 1)) ** 2
    return float(min(alone, together) * few)


def _trials(values: np.ndarray, deviations: np.ndarray) -> float:
    """Trials whose mean would vary as the units' sums of deviations show; the number of units if they do not vary."""
    number, mean, units = len(values), values.mean(), len(deviations)
    spread = units * (deviations**2).sum()
    if np.isclose(spread, 0):
        return float(units)
    return float(mean * (1 - mean) * number**3 * (units - 1) / ((number - 1) * spread))
