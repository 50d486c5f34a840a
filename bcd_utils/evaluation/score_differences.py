"""How much higher one score is than another, with its interval: on the same images, or on other ones."""

from __future__ import annotations

import numpy as np

from bcd_utils.evaluation.areas import error_of
from bcd_utils.evaluation.bootstrap import bca_interval
from bcd_utils.evaluation.fold_intervals import fold_interval
from bcd_utils.evaluation.format import HAIR
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.means import UNKNOWN, Interval
from bcd_utils.evaluation.metric_registry import DELONG


def difference(first: Scored, second: Scored, name: str, confidence: float) -> Interval:
    """How much higher one model scores than another on the same images, with its interval.

    Over folds where both were cross-validated on the same ones; else of areas after DeLong, and of all others from the
    bootstrap, images drawn for both at once.

    Examples
    --------
    >>> labels = [0] * 10 + [1] * 10
    >>> right, wrong = [0.9, 0.1], [0.2, 0.8]
    >>> better, worse = (Scored.of(labels, [right] * n + [wrong] * (20 - n), ["no", "yes"]) for n in (8, 3))
    >>> gap = difference(better, worse, "accuracy", 0.95)
    >>> round(gap["value"], 2), gap["low"] > 0
    (0.25, True)
    """
    metric, one, other = first.metrics[name].metric, first.values[name], second.values[name]
    gap = None if one is None or other is None else one - other
    if gap is None or first.one_group:
        return UNKNOWN | {"value": gap}
    if first.folds:
        by_fold = (first.by_fold[name] - second.by_fold[name]).to_numpy()
        width = metric.highest - metric.lowest
        return fold_interval(gap, by_fold, first.tested_share, confidence, (-width, width))
    if metric.interval == DELONG:
        return _area_difference(first, second, name, gap, confidence)
    place = first.bootstrapped.index(name)
    drawn = first.resampled[:, place] - second.resampled[:, place]
    strata = zip(first.without_each, second.without_each, strict=True)
    return bca_interval(gap, drawn, [left[:, place] - right[:, place] for left, right in strata], confidence)


def _area_difference(first: Scored, second: Scored, name: str, gap: float, confidence: float) -> Interval:
    unknown, influence = UNKNOWN | {"value": gap}, np.zeros(len(first.labels))
    for weight, one, other in zip(first.weights(name), first.areas, second.areas, strict=True):
        if not weight:
            continue
        if one.influence is None or other.influence is None:
            return unknown
        influence += weight * (one.influence - other.influence)
    error, quantile = error_of(influence, first.groups, confidence)
    if error < HAIR:
        return unknown
    return {"value": gap, "low": gap - quantile * error, "high": gap + quantile * error}


def independent_difference(one: Interval, other: Interval) -> Interval:
    """How much higher a score is on one set of images than on another, with Newcombe's interval (1998, method 10).

    From both intervals, as in Zou and Donner (2008, Statistics in Medicine 27:1693-1702): what either end adds is
    squared and summed.

    Examples
    --------
    >>> gap = independent_difference({"value": 0.8, "low": 0.7, "high": 0.9}, {"value": 0.5, "low": 0.4, "high": 0.6})
    >>> {end: round(value, 3) for end, value in gap.items()}
    {'value': 0.3, 'low': 0.159, 'high': 0.441}
    """
    if one["value"] is None or other["value"] is None:
        return dict(UNKNOWN)
    gap = one["value"] - other["value"]
    if None in (one["low"], one["high"], other["low"], other["high"]):
        return UNKNOWN | {"value": gap}
    below = np.hypot(one["value"] - one["low"], other["high"] - other["value"])
    above = np.hypot(one["high"] - one["value"], other["value"] - other["low"])
    return {"value": gap, "low": float(gap - below), "high": float(gap + above)}
