"""Tables of scores on the test set, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from bcd_utils.evaluation.calibration_line import calibration_line
from bcd_utils.evaluation.conformal import COVERAGE, least_probability, prediction_sets
from bcd_utils.evaluation.format import in_columns, number, with_interval
from bcd_utils.evaluation.intervals import score_intervals
from bcd_utils.evaluation.means import Interval, share_interval
from bcd_utils.evaluation.metric_registry import class_metrics, named
from bcd_utils.evaluation.predictions import labels_and_probabilities
from bcd_utils.evaluation.selective import area_under, risk_coverage
from bcd_utils.study.settings import Study

KEPT = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)  # shares of the images at which the risk is shown


class Selective(NamedTuple):
    """What a model gains on the test set by not deciding where it is not sure.

    Attributes
    ----------
    curve : pandas.DataFrame
        `selective.risk_coverage` of the test set.
    risks : pandas.DataFrame
        Of the curve the fewest images that are each share of `KEPT`: ``images``, ``errors``, the least ``probability``,
        and ``risk`` with ``low`` and ``high``.
    sets : pandas.DataFrame
        Conformal sets in the test set, of all images and of each class: ``images``, ``coverage`` (share whose set holds
        the true class) with ``low`` and ``high``, ``size`` (mean number of classes) and ``single`` (share of sets of
        one class).
    record : dict
        ``wanted`` coverage, the ``least_probability`` (None: every class belongs to every set), how many
        ``tuning_images`` decided it, the ``area`` under the curve, and the rows of ``sets`` and ``risks``.
    """

    curve: pd.DataFrame
    risks: pd.DataFrame
    sets: pd.DataFrame
    record: dict[str, Any]


def class_table(
    labels: np.ndarray, classes: Sequence[str], intervals: Mapping[str, Interval]
) -> pd.DataFrame:
    """Each class against the rest, for reading.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    classes : sequence of str
    intervals : mapping of metric to dict
        As `intervals.score_intervals` gives them.

    Returns
    -------
    pandas.DataFrame of str
        Index ``class``; columns ``images``, and the metrics of single classes as "value [low, high]".
    """
    rows = {
        label: {"images": int((labels == column).sum())}
        | {metric.title: with_interval(intervals[f"{metric.name}_{label}"]) for metric in class_metrics()}
        for column, label in enumerate(classes)
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("class")


def interval_table(intervals: Mapping[str, Interval], classes: Sequence[str]) -> pd.DataFrame:
    """Every score with its interval and the method that made it.

    Returns
    -------
    pandas.DataFrame
        Index: the scores; columns ``value``, ``low``, ``high`` (float; NaN where there is none), ``method``.
    """
    table = pd.DataFrame(intervals).T.astype(float).round(4)
    return table.assign(method=[metric.interval for metric, _ in named(classes).values()])


def line_table(
    labels: np.ndarray, states: Mapping[str, np.ndarray], column: int, confidence: float = 0.95
) -> pd.DataFrame:
    """`calibration_line` of one class for several probabilities of the same images.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    states : mapping of name to ndarray of float, shape (n, k)
    column : int
        The class.

    Returns
    -------
    pandas.DataFrame of float
        Index: the states; columns ``slope``, ``intercept``, each with ``_low`` and ``_high``; NaN where undefined.
    """
    rows = {
        name: in_columns(calibration_line(labels == column, rows[:, column], confidence))
        for name, rows in states.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def intervals_of_test(
    predictions: pd.DataFrame, classes: Sequence[str], study: Study, groups: pd.Series | None
) -> dict[str, Interval]:
    """`intervals.score_intervals` of the test set, with the study's confidence, resamples and seed."""
    given = labels_and_probabilities(predictions, classes, "test")
    return score_intervals(*given, classes, study.bootstrap_samples, study.confidence, study.seed, groups)


def selective_prediction(
    by_set: Mapping[str, tuple[np.ndarray, np.ndarray]],
    classes: Sequence[str],
    confidence: float = 0.95,
    groups: pd.Series | None = None,
) -> Selective:
    """Risk against coverage, and conformal sets from the tuning set, on the test set.

    Parameters
    ----------
    by_set : mapping of set to (labels, probabilities)
        int (n,) and float (n, k) of "validation" and "test".
    classes : sequence of str, length k
    confidence : float
        Of Wilson's intervals.
    groups : pandas.Series, optional
        The patient of each test image, where they are known: whole patients vary.
    """
    labels, probabilities = by_set["test"]
    members = np.arange(len(labels)) if groups is None else groups.to_numpy()
    curve = risk_coverage(labels, probabilities)
    wrong, sure = probabilities.argmax(axis=1) != labels, probabilities.max(axis=1)
    risks = {}
    for share in KEPT:
        point = curve[curve["coverage"] >= share - 1e-9].iloc[0]
        kept = sure >= point["probability"]
        ends = share_interval(wrong[kept], members[kept], confidence)
        risks[share] = {
            "images": int(kept.sum()), "errors": int(wrong[kept].sum()), "probability": point["probability"],
            "risk": ends["value"], "low": ends["low"], "high": ends["high"],
        }  # fmt: skip
    tuning, least = len(by_set["validation"][0]), least_probability(*by_set["validation"])
    belongs = prediction_sets(probabilities, least)
    held, sizes, rows = belongs[np.arange(len(labels)), labels], belongs.sum(axis=1), {}
    for place, name in enumerate(["all", *classes]):
        of = labels == place - 1 if place else np.ones(len(labels), bool)
        ends = share_interval(held[of], members[of], confidence)
        rows[name] = {
            "images": int(of.sum()), "coverage": ends["value"], "low": ends["low"], "high": ends["high"],
            "size": float(sizes[of].mean()) if of.any() else None,
            "single": float((sizes[of] == 1).mean()) if of.any() else None,
        }  # fmt: skip
    record = {
        "wanted": COVERAGE, "least_probability": least, "tuning_images": tuning, "area": area_under(curve),
        "sets": rows, "risks": {f"{share:g}": row for share, row in risks.items()},
    }  # fmt: skip
    tables = (pd.DataFrame.from_dict(each, orient="index") for each in (risks, rows))
    shown, sets = (table.astype(dict.fromkeys(set(table) - {"images", "errors"}, float)) for table in tables)
    return Selective(curve, shown.rename_axis("kept"), sets.rename_axis("class"), record)


def sets_in_words(found: Selective) -> str:
    """What the conformal sets say, in Markdown."""
    record, (every, *_) = found.record, found.record["sets"].values()
    if record["least_probability"] is None:
        return (
            f"{record['tuning_images']} tuning images are too few to promise {record['wanted']:.0%}: every set holds "
            "every class."
        )
    return (
        f"A class belongs to the set from a probability of {number(record['least_probability'])} on, which "
        f"{record['tuning_images']} tuning images determine. On test images the sets hold the true class in "
        f"**{with_interval(every, name='coverage')}**, where {record['wanted']:.0%} was wanted; {every['single']:.0%} "
        "are of one class, and in the others the model does not know."
    )
