"""Tests of two models on the same images, and the analytic interval of an area under the ROC curve.

Throughout, ``positive`` is bool (n,): which images are of the class in question; ``scores`` is float (n,),
higher for images that a model takes to be of it. For several classes, ask for one against the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.evaluation.metrics import checked_scores

FEW_DISCORDANT = 25  # below it, the chi-squared distribution is a poor stand-in for the binomial


def delong_interval(
    positive: ArrayLike, scores: ArrayLike, confidence: float = 0.95
) -> dict[str, float | None]:
    """Area under the ROC curve with the interval of DeLong, DeLong and Clarke-Pearson (1988).

    Parameters
    ----------
    positive : array_like of bool, shape (n,)
    scores : array_like of float, shape (n,)
    confidence : float, default 0.95
        Nominal coverage, between 0 and 1.

    Returns
    -------
    dict of str to float or None
        ``value`` (0..1), ``variance`` (of the area), ``low`` and ``high`` (0..1). All are None without
        positives or without negatives. Variance and ends are None with one positive or one negative, which
        tell nothing about spread; the ends also at an area of exactly 0 or 1, where the estimated variance
        is 0 and would claim certainty.

    Raises
    ------
    ValueError
        If shapes differ, a score is not finite or ``confidence`` is not between 0 and 1.

    Notes
    -----
    The normal interval is taken on the logit of the area and transformed back. It never leaves 0..1, needs
    no clipping, and near 1 it is skewed as the area's distribution is, which keeps its coverage nearer to
    the nominal one than that of the plain interval (Qin and Hotilovac 2008).

    Examples
    --------
    >>> area = delong_interval([False, False, False, True, True], [0.1, 0.4, 0.6, 0.5, 0.9])
    >>> round(area["value"], 4), round(area["variance"], 4)
    (0.8333, 0.0556)
    >>> 0 < area["low"] < area["value"] < area["high"] < 1
    True
    """
    from scipy.special import expit, logit
    from scipy.stats import norm

    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    area, variance = _mean_and_variance(*_components(positive, scores))
    low = high = None
    if area and variance:
        # the delta method: d logit(A) / dA = 1 / (A (1 - A))
        reach = norm.ppf((1 + confidence) / 2) * np.sqrt(variance) / (area * (1 - area))
        low, high = expit(logit(area) + np.array([-reach, reach])).tolist()
    return {"value": area, "variance": variance, "low": low, "high": high}


def delong_intervals(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str], confidence: float = 0.95
) -> dict[str, dict[str, float | None]]:
    """`delong_interval` of each class against the rest; labels int (n,), probabilities float (n, k)."""
    return {
        label: delong_interval(labels == column, probabilities[:, column], confidence)
        for column, label in enumerate(classes)
    }


def delong_test(positive: ArrayLike, scores_a: ArrayLike, scores_b: ArrayLike) -> dict[str, float | None]:
    """Whether two models' areas under the ROC curve differ on the same images (DeLong et al. 1988).

    Parameters
    ----------
    positive : array_like of bool, shape (n,)
    scores_a, scores_b : array_like of float, shape (n,)
        The two models' scores of the same images, in the same order.

    Returns
    -------
    dict of str to float or None
        ``auc_a`` and ``auc_b`` (0..1), ``difference`` (a - b), its ``standard_error``, ``z`` and the
        two-sided ``p``. Two models that rank all pairs alike have z = 0 and p = 1. None where undefined:
        all without positives or negatives; the test with only one of them, or where the areas differ but
        the estimated spread is 0.

    Raises
    ------
    ValueError
        If shapes differ or a score is not finite.

    Examples
    --------
    >>> positive = [False, False, False, True, True, True]
    >>> found = delong_test(positive, [1, 2, 4, 3, 5, 6], [1, 4, 5, 2, 3, 6])
    >>> round(found["difference"], 4), round(found["p"], 3)
    (0.3333, 0.221)
    """
    from scipy.stats import norm

    a, b = (_components(positive, scores) for scores in (scores_a, scores_b))
    # the variance of differences of components is var(a) + var(b) - 2 cov(a, b)
    difference, variance = _mean_and_variance(a[0] - b[0], a[1] - b[1])
    areas = {"auc_a": _mean_and_variance(*a)[0], "auc_b": _mean_and_variance(*b)[0], "difference": difference}
    spread = z = p = None
    if difference is not None and variance is not None:
        spread = float(np.sqrt(variance))
        if variance > 0 or difference == 0:
            z = difference / spread if variance > 0 else 0.0
            p = float(2 * norm.sf(abs(z)))
    return areas | {"standard_error": spread, "z": z, "p": p}


def mcnemar_test(labels: ArrayLike, predictions_a: ArrayLike, predictions_b: ArrayLike) -> dict[str, Any]:
    """Whether two models err equally often on the same images (McNemar 1947).

    Only the discordant images count, those on which one model is right and the other wrong.

    Parameters
    ----------
    labels, predictions_a, predictions_b : array_like of int, shape (n,)
        True classes, and the classes that the two models predict.

    Returns
    -------
    dict
        ``table``: counts [[both right, only a right], [only b right, both wrong]]; ``exact``: whether the
        p-value is the binomial one (fewer than 25 discordant images) or that of chi-squared with Edwards'
        continuity correction; ``statistic``: the smaller of the discordant counts if exact, else
        chi-squared; ``p``: two-sided.

    Raises
    ------
    ValueError
        If shapes differ or there is no image.

    Examples
    --------
    >>> found = mcnemar_test([0] * 10, [0] * 9 + [1], [0] * 2 + [1] * 7 + [0])
    >>> found["table"], found["exact"], found["p"]
    ([[2, 7], [1, 0]], True, 0.0703125)
    """
    from statsmodels.stats.contingency_tables import mcnemar

    labels, first, second = map(np.asarray, (labels, predictions_a, predictions_b))
    if labels.ndim != 1 or labels.size == 0 or not labels.shape == first.shape == second.shape:
        raise ValueError(
            "labels and both models' predictions must have the same shape (n,) with n >= 1, "
            f"not {labels.shape}, {first.shape} and {second.shape}"
        )
    a_wrong, b_wrong = first != labels, second != labels
    table = np.bincount(2 * a_wrong + b_wrong, minlength=4).reshape(2, 2).tolist()
    exact = table[0][1] + table[1][0] < FEW_DISCORDANT
    result = mcnemar(table, exact=exact, correction=True)
    return {"table": table, "exact": exact, "statistic": float(result.statistic), "p": float(result.pvalue)}


def holm_adjusted(p_values: Mapping[str, float | None]) -> dict[str, float | None]:
    """P-values of several comparisons, raised so that none is small by mere number of tries (Holm 1979).

    Parameters
    ----------
    p_values : mapping of str to float or None
        The p-value (0..1) of each comparison; None where a test was undefined.

    Returns
    -------
    dict of str to float or None
        Adjusted p-values (0..1) in the same order. Undefined ones stay None and do not count as tries.

    Raises
    ------
    ValueError
        If a p-value does not lie in 0..1.

    Examples
    --------
    >>> holm_adjusted({"a": 0.01, "b": 0.04, "c": 0.03, "d": None})
    {'a': 0.03, 'b': 0.06, 'c': 0.06, 'd': None}
    """
    defined = {name: value for name, value in p_values.items() if value is not None}
    if not all(0 <= value <= 1 for value in defined.values()):
        raise ValueError(f"p-values must lie in 0..1, not {defined}")
    # statsmodels gives the same, but collects all of a process's garbage at each call: half a second with TensorFlow.
    rising = sorted(defined, key=defined.__getitem__)
    times = np.arange(len(rising), 0, -1)
    adjusted = np.maximum.accumulate([defined[name] for name in rising] * times).clip(max=1)
    return {name: None for name in p_values} | dict(zip(rising, adjusted.tolist(), strict=True))


def _components(positive: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Over how many negatives each positive ranks, and under how many positives each negative; ties are 1/2.

    These are DeLong's structural components V10 and V01 before they are divided by the number of
    negatives and of positives, from mid-ranks as in Sun and Xu (2014). Whole and half numbers are exact, so
    that models that rank alike differ by exactly 0.
    """
    from scipy.stats import rankdata

    positive, scores = checked_scores(positive, scores)
    ranks = rankdata(scores)
    above_negatives = ranks[positive] - rankdata(scores[positive])
    below_positives = positive.sum() - (ranks[~positive] - rankdata(scores[~positive]))
    return above_negatives, below_positives


def _mean_and_variance(positives: np.ndarray, negatives: np.ndarray) -> tuple[float | None, float | None]:
    """The area (or difference of areas) that components stand for, and its variance; None where undefined."""
    m, n = len(positives), len(negatives)
    mean = float(positives.sum() / (m * n)) if min(m, n) else None
    if min(m, n) < 2:
        return mean, None
    return mean, float((positives.var(ddof=1) / n + negatives.var(ddof=1) / m) / (m * n))
