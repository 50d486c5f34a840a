"""Calibration slope and intercept of one class against the rest (Cox 1958; Van Calster et al. 2019, BMC Med 17:230)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.evaluation.counts import EPSILON
from bcd_utils.evaluation.means import UNKNOWN, Interval
from bcd_utils.evaluation.metrics import checked_scores


def calibration_line(
    positive: ArrayLike, probabilities: ArrayLike, confidence: float = 0.95
) -> dict[str, Interval]:
    """What a logistic regression on the logit of predicted probabilities finds: slope 1 and intercept 0 are perfect.

    Parameters
    ----------
    positive : array_like of bool, shape (n,)
    probabilities : array_like of float, shape (n,)
        Predicted, 0..1; taken no nearer than 1e-7 to 0 and 1.
    confidence : float, default 0.95
        Of Wald's intervals.

    Returns
    -------
    dict of str to dict
        ``slope``: below 1, the probabilities are too extreme. ``intercept``, at a slope of 1 (calibration in the
        large): above 0, they are too low on the whole. ``value``, ``low``, ``high`` each; None where all images are of
        one kind, or the probabilities part the kinds without error, so that no line is steep enough.

    Examples
    --------
    >>> labels = [True] * 9 + [False] * 1 + [True] * 1 + [False] * 9
    >>> found = calibration_line(labels, [0.99] * 10 + [0.01] * 10)
    >>> round(found["slope"]["value"], 2), abs(round(found["intercept"]["value"], 2))
    (0.48, 0.0)
    >>> calibration_line([True, False], [0.9, 0.1])["slope"]["value"] is None
    True
    """
    from scipy.special import logit

    positive, given = checked_scores(positive, probabilities)
    logits = logit(given.clip(EPSILON, 1 - EPSILON))
    here, there = logits[positive], logits[~positive]
    if not (len(here) and len(there) and here.min() < there.max() and there.min() < here.max()):
        return {"slope": UNKNOWN, "intercept": UNKNOWN}
    ones = np.ones((len(logits), 1))
    return {
        "slope": _last(positive, np.column_stack([ones, logits]), None, confidence),
        "intercept": _last(positive, ones, logits, confidence),
    }


def _last(
    positive: np.ndarray, columns: np.ndarray, offset: np.ndarray | None, confidence: float
) -> Interval:
    """The last coefficient of a logistic regression, with its interval."""
    import statsmodels.api as sm

    fitted = sm.GLM(positive.astype(float), columns, family=sm.families.Binomial(), offset=offset).fit()
    low, high = fitted.conf_int(alpha=1 - confidence)[-1]
    return {"value": float(fitted.params[-1]), "low": float(low), "high": float(high)}
