"""Tables of each class on the test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.format import with_interval
from bcd_utils.evaluation.means import Interval
from bcd_utils.evaluation.metric_registry import class_metrics, named


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
