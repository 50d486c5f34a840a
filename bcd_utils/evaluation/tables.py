"""Tables of scores on the test set, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.calibration_line import calibration_line
from bcd_utils.evaluation.format import in_columns, with_interval
from bcd_utils.evaluation.intervals import score_intervals
from bcd_utils.evaluation.means import Interval
from bcd_utils.evaluation.metric_registry import class_metrics, named
from bcd_utils.evaluation.predictions import labels_and_probabilities
from bcd_utils.study.settings import Study


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
