"""Two ways to an interval, side by side: tables of each class on the test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.bootstrap import wilson_interval
from bcd_utils.evaluation.counts import Predictions

Intervals = Mapping[str, Mapping[str, float | None]]


def recall_table(
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    intervals: Intervals,
    confidence: float,
) -> pd.DataFrame:
    """Recall of each class with its Wilson interval and its bootstrap interval.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    probabilities : ndarray of float, shape (n, k)
    classes : sequence of str, length k
    intervals : mapping of metric to mapping
        As `bootstrap.bootstrap_intervals` gives them.
    confidence : float
        Of the Wilson intervals.

    Returns
    -------
    pandas.DataFrame
        Index ``class``; columns ``images`` (int), ``recall``, ``Wilson low``, ``Wilson high``, ``bootstrap low``
        and ``bootstrap high``; NaN where undefined.
    """
    given = Predictions(labels, probabilities)
    images = given.actual.astype(int)
    counts = zip(given.hits.astype(int).tolist(), images.tolist(), strict=True)
    low, high = np.transpose([wilson_interval(*count, confidence) for count in counts])
    columns = {"images": images, "recall": given.recall, "Wilson low": low, "Wilson high": high}
    table = pd.DataFrame(columns, index=pd.Index(classes, name="class"))
    return table.join(_bootstrap("sensitivity", classes, intervals))


def area_table(delong: Intervals, intervals: Intervals) -> pd.DataFrame:
    """Area under the ROC curve of each class with DeLong's interval and its bootstrap interval.

    Parameters
    ----------
    delong : mapping of class to mapping
        As `paired_tests.delong_intervals` gives them.
    intervals : mapping of metric to mapping
        As `bootstrap.bootstrap_intervals` gives them.

    Returns
    -------
    pandas.DataFrame of float
        Index ``class``; columns ``area``, ``DeLong low``, ``DeLong high``, ``bootstrap low``, ``bootstrap high``;
        NaN where undefined.
    """
    table = pd.DataFrame(delong).T[["value", "low", "high"]].astype(float).rename_axis("class")
    table.columns = ["area", "DeLong low", "DeLong high"]
    return table.join(_bootstrap("roc_auc", list(delong), intervals))


def _bootstrap(metric: str, classes: Sequence[str], intervals: Intervals) -> pd.DataFrame:
    """Columns ``bootstrap low`` and ``bootstrap high`` of a metric of each class."""
    ends = {label: intervals[f"{metric}_{label}"] for label in classes}
    return pd.DataFrame(ends).T[["low", "high"]].astype(float).add_prefix("bootstrap ")
