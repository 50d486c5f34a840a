"""Tests of two models on the same images.

Throughout, ``positive`` is bool (n,): which images are of the class in question; ``scores`` is float (n,),
higher for images that a model takes to be of it. For several classes, ask for one against the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.evaluation.areas import components
from bcd_utils.evaluation.metrics import checked_scores


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

    a, b = (components(*checked_scores(positive, scores)) for scores in (scores_a, scores_b))
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

    Only the discordant images count, those on which one model is right and the other wrong. The p-value is the mid-p
    one: of the binomial distribution, with half the chance of what was seen. It keeps its level as the exact one does,
    and is less timid (Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology 13:91).

    Parameters
    ----------
    labels, predictions_a, predictions_b : array_like of int, shape (n,)
        True classes, and the classes that the two models predict.

    Returns
    -------
    dict
        ``table``: counts [[both right, only a right], [only b right, both wrong]]; ``p``: two-sided, 1 where no image
        is discordant.

    Raises
    ------
    ValueError
        If shapes differ or there is no image.

    Examples
    --------
    >>> found = mcnemar_test([0] * 10, [0] * 9 + [1], [0] * 2 + [1] * 7 + [0])
    >>> found["table"], round(found["p"], 7)
    ([[2, 7], [1, 0]], 0.0390625)
    """
    from scipy.stats import binom

    labels, first, second = map(np.asarray, (labels, predictions_a, predictions_b))
    if labels.ndim != 1 or labels.size == 0 or not labels.shape == first.shape == second.shape:
        raise ValueError(
            "labels and both models' predictions must have the same shape (n,) with n >= 1, "
            f"not {labels.shape}, {first.shape} and {second.shape}"
        )
    a_wrong, b_wrong = first != labels, second != labels
    table = np.bincount(2 * a_wrong + b_wrong, minlength=4).reshape(2, 2).tolist()
    fewer, discordant = min(table[0][1], table[1][0]), table[0][1] + table[1][0]
    p = 2 * binom.cdf(fewer, discordant, 0.5) - binom.pmf(fewer, discordant, 0.5)
    return {"table": table, "p": float(min(1.0, p))}


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


def _mean_and_variance(positives: np.ndarray, negatives: np.ndarray) -> tuple[float | None, float | None]:
    """The area (or difference of areas) that components stand for, and its variance; None where undefined."""
    m, n = len(positives), len(negatives)
    mean = float(positives.sum() / (m * n)) if min(m, n) else None
    if min(m, n) < 2:
        return mean, None
    return mean, float((positives.var(ddof=1) / n + negatives.var(ddof=1) / m) / (m * n))
