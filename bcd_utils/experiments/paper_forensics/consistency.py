"""Whether a published row of scores could have come out of an experiment that was repeated many times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.matrices import Finding, ranges

JOINTLY = "jointly"
TEST = "test"


def row_of(reported: Reported, fitting: Iterable[Finding], recalls_of: Sequence[str]) -> dict[str, float]:
    """A publication's test row: the scores that it prints, and ``recall_<class>`` as its matrices imply them."""
    row = {name: float(value) for name, value in reported.reported[TEST].items()}
    implied = ranges(next(each for each in fitting if each.set == TEST))
    for label in recalls_of:
        row[f"recall_{label}"] = float(implied.loc[label, ["sensitivity_low", "sensitivity_high"]].mean())
    return row


def consistency(
    table: pd.DataFrame,
    reported: Mapping[str, float],
    metrics: Sequence[str],
    confidence: float = 0.95,
    decimals: int = 4,
) -> pd.DataFrame:
    """Place a published row within each arm's distribution over splits.

    For one metric, the row is inside an arm where it lies within the arm's central range. Jointly, a
    row is as extreme as its most extreme metric: the smallest of its tail shares, where a tail share is the
    share of splits at or beyond the value on the less populated side, times two. Counting the splits that
    are at least as extreme in this sense allows for several metrics being looked at, and for how they hang
    together (the minimum-p principle of Tippett 1931 with the resampled reference of Westfall and Young
    1993). The row is jointly inside an arm where more than 1 - ``confidence`` of the splits are.

    A row may be inside several arms, or inside one that was not tried: this says nothing of where a row comes from.
    A joint outlier of which no single metric is extreme is not found.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a split: column ``arm``, and the metrics (float, no missing value).
    reported : mapping of str to float
        The published row.
    metrics : sequence of str
        Which to compare.
    confidence : float, default 0.95
        Share of splits within the central range. With fewer than about 40 splits, 95% is all of them.
    decimals : int, default 4
        The splits are rounded as the publication is, so that equal counts are equal numbers.

    Returns
    -------
    pandas.DataFrame
        One row for each arm and metric, and one with metric "jointly". Columns ``arm``, ``metric``,
        ``splits`` (int), ``reported``, ``median``, ``low``, ``high`` (the central range), ``percentile``
        (0..100: splits below, plus half of those equal), ``as_extreme`` (0..1: share of splits at least as
        extreme as the row), ``place`` ("inside" or "outside"). NaN where a
        quantity does not exist jointly.

    Raises
    ------
    ValueError
        If a metric is missing from ``table`` or ``reported``, or not finite.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": "image", "accuracy": [0.78, 0.79, 0.80, 0.81, 0.82]})
    >>> result = consistency(table, {"accuracy": 0.94}, ["accuracy"])
    >>> result[["metric", "percentile", "as_extreme", "place"]].values.tolist()
    [['accuracy', 100.0, 0.0, 'outside'], ['jointly', nan, 0.0, 'outside']]
    """
    missing = [name for name in metrics if name not in table or name not in reported]
    if missing:
        raise ValueError(f"{', '.join(missing)} must be in the table and in the reported row")
    row = np.round([float(reported[name]) for name in metrics], decimals)
    if not (np.isfinite(row).all() and np.isfinite(table[list(metrics)].to_numpy(float)).all()):
        raise ValueError("every metric must be a finite number in each split and in the reported row")
    rows = []
    for kind, splits in table.groupby("arm", sort=False):
        values = splits[list(metrics)].to_numpy(float).round(decimals)
        tails, tails_of_row = _tail_shares(values, values), _tail_shares(values, row[None])
        lows, medians, highs = _central(values, confidence).round(decimals)
        common = {"arm": kind, "splits": len(values)}
        for index, name in enumerate(metrics):
            below, equal = (values[:, index] < row[index]).mean(), (values[:, index] == row[index]).mean()
            rows.append(
                common
                | {"metric": name, "reported": row[index], "median": medians[index]}
                | {"low": lows[index], "high": highs[index], "percentile": 100 * (below + equal / 2)}
                | {"as_extreme": (tails[:, index] <= tails_of_row[0, index]).mean()}
                | {"place": _place(lows[index] <= row[index] <= highs[index])}
            )
        jointly = float((tails.min(axis=1) <= tails_of_row.min()).mean())
        agrees = jointly > 1 - confidence
        rows.append(common | {"metric": JOINTLY, "as_extreme": jointly, "place": _place(agrees)})
    order = "arm metric splits reported median low high percentile as_extreme place".split()
    return pd.DataFrame(rows)[order]


def spread(
    table: pd.DataFrame, metrics: Sequence[str], confidence: float = 0.95, decimals: int = 4
) -> pd.DataFrame:
    """Each arm's distribution over splits, where there is no row to place in it; parameters as for `consistency`.

    Returns
    -------
    pandas.DataFrame
        One row for each arm and metric: ``arm``, ``metric``, ``splits``, ``median``, ``low`` and ``high``; NaN where a
        split left the metric undefined.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": "image", "accuracy": [0.78, 0.79, 0.80, 0.81, 0.82]})
    >>> spread(table, ["accuracy"]).values.tolist()
    [['image', 'accuracy', 5, 0.8, 0.78, 0.82]]
    """
    rows = []
    for kind, splits in table.groupby("arm", sort=False):
        central = _central(splits[list(metrics)].to_numpy(float), confidence).round(decimals)
        for name, (low, median, high) in zip(metrics, central.T, strict=True):
            row = {"arm": kind, "metric": name, "splits": len(splits)}
            rows.append(row | {"median": median, "low": low, "high": high})
    return pd.DataFrame(rows)


def _central(values: np.ndarray, confidence: float) -> np.ndarray:
    """Low end, median and high end of the central share of splits, for each column: float (3, metrics)."""
    # Unlike linear interpolation, this quantile does not cut off the extremes of a few splits.
    edges = [(1 - confidence) / 2, 0.5, (1 + confidence) / 2]
    return np.quantile(values, edges, axis=0, method="median_unbiased")


def _tail_shares(sample: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Two-sided tail share of each value (m, metrics) within its metric's sample (n, metrics)."""
    at_most = (sample[None] <= values[:, None]).mean(axis=1)
    at_least = (sample[None] >= values[:, None]).mean(axis=1)
    return np.minimum(1, 2 * np.minimum(at_most, at_least))


def _place(agrees: bool) -> str:
    return "inside" if agrees else "outside"
