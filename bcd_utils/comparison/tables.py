"""The comparison's tables: who took part, scores beside costs, and what one change at a time does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.comparison.scores import Scored, difference
from bcd_utils.contenders.base import FAMILIES, Contender, Encoder
from bcd_utils.sweep import Result

COSTS = {
    "parameters": "weights (M)",
    "gflops": "GFLOPs",
    "training_seconds": "time to train (s)",
    "images_per_second": "images per s",
    "peak_mb": "memory (MB)",
}
NOT_AT_HAND = "weights not available"


def entrants_table(contenders: Mapping[str, Contender]) -> pd.DataFrame:
    """Who is compared, what each is given, and whether its weights are at hand."""
    rows = {
        name: {
            "contender": each.title,
            "family": FAMILIES.get(each.family, each.family),
            "is given": each.representation.title,
            "status": _status(each.representation.missing()),
        }
        for name, each in contenders.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def _status(missing: str) -> str:
    return f"{NOT_AT_HAND}: {missing}" if missing else "at hand"


def cost_table(
    contenders: Mapping[str, Contender],
    results: Mapping[str, Sequence[Result]],
    encoders: Mapping[str, Encoder],
    costs: Mapping[str, Mapping[str, Any]],
) -> pd.DataFrame:
    """What each contender costs.

    Parameters
    ----------
    contenders : mapping of name to Contender
        Those that were trained.
    results : mapping of name to sequence of result
        Plain trainings, fold after fold.
    encoders : mapping of representation name to Encoder
    costs : mapping of name to mapping
        See `costs.measure_costs`.

    Returns
    -------
    pandas.DataFrame
        Index: name. Columns ``parameters`` (weights), ``gflops`` (per image, two for each multiply-add),
        ``training_seconds`` (of one fold, from pixels), ``images_per_second``, ``peak_mb``, ``device_mb``; NaN
        where a count says nothing.
    """
    rows = {}
    for name, contender in contenders.items():
        encoder, result, cost = encoders[contender.representation.name], results[name][0], costs[name]
        rows[name] = {
            "parameters": _sum(encoder.parameters, result["parameters"]),
            "gflops": 2e-9 * _sum(encoder.multiply_adds, result["multiply_adds"]),
            **{key: cost[key] for key in ("training_seconds", "images_per_second", "peak_mb", "device_mb")},
        }
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def _sum(of_encoder: int | None, of_learner: np.ndarray) -> float:
    """Both counts together; NaN where one is unknown."""
    return np.nan if of_encoder is None or of_learner < 0 else of_encoder + int(of_learner)


def main_table(
    scores: pd.DataFrame,
    costs: pd.DataFrame,
    metrics: Mapping[str, str],
    titles: Mapping[str, str],
    absent: Mapping[str, str],
) -> pd.DataFrame:
    """Scores and costs of every contender as text, with those whose weights are not at hand last.

    Parameters
    ----------
    scores, costs : pandas.DataFrame
        As `scores.score_table` and `cost_table` give them.
    metrics : mapping of metric to its heading
    titles : mapping of name to str
    absent : mapping of name to str
        What is missing for contenders that could not run.
    """
    rows = {}
    for name, row in scores.iterrows():
        shown = {heading: with_ends(row, metric) for metric, heading in metrics.items()}
        cost = costs.loc[name] if name in costs.index else pd.Series(np.nan, index=list(COSTS))
        shown |= {heading: _cost_text(key, cost[key]) for key, heading in COSTS.items()}
        rows[titles[name]] = shown
    for name, missing in absent.items():
        first, *others = [*metrics.values(), *COSTS.values()]
        rows[titles[name]] = {first: f"{NOT_AT_HAND}: {missing}"} | dict.fromkeys(others, "")
    return pd.DataFrame.from_dict(rows, orient="index")


def with_ends(row: pd.Series, metric: str) -> str:
    """A score with its interval, if it has one; a dash where it is undefined.

    Examples
    --------
    >>> with_ends(pd.Series({"kappa": 0.5, "kappa_low": 0.41, "kappa_high": 0.587}), "kappa")
    '0.500 [0.41,\\xa00.59]'
    """
    value, low, high = (row.get(metric + end, np.nan) for end in ("", "_low", "_high"))
    if pd.isna(value):
        return "–"
    return f"{value:.3f}" if pd.isna(low) else f"{value:.3f} [{low:.2f},\N{NO-BREAK SPACE}{high:.2f}]"


def as_text(table: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """A table of numbers for reading.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``<column>_low`` and ``<column>_high`` where there are intervals.
    columns : mapping of column to heading
        Those to show, in order. Of a column that ends in ``_p``, values below 0.0001 are shown as that.
    """
    shown = {}
    if table.empty:
        return pd.DataFrame(columns=list(columns.values()))
    for column, heading in columns.items():
        if f"{column}_low" in table:
            shown[heading] = [with_ends(row, column) for _, row in table.iterrows()]
        elif column.endswith("_p"):
            shown[heading] = ["<0.0001" if value < 1e-4 else f"{value:.4f}" for value in table[column]]
        else:
            digits = 3 if (table[column].abs() < 1).all() and table[column].dtype == float else 0
            shown[heading] = [f"{value:.{digits}f}" for value in table[column]]
    return pd.DataFrame(shown, index=table.index)


def _cost_text(key: str, value: float) -> str:
    if np.isnan(value):
        return "–"
    if key == "parameters":
        return f"{value / 1e6:.2f}"
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def change_table(
    changed: Mapping[str, Scored],
    reference: Scored,
    titles: Mapping[str, str],
    metrics: Mapping[str, str],
    confidence: float,
) -> pd.DataFrame:
    """One change at a time against one reference on the same images: the score, and how far it moved.

    Returns
    -------
    pandas.DataFrame
        Index: titles. For each metric, its value and ``<heading>, change`` with the interval over groups.
    """  # fmt: skip
    rows = {}
    for name, each in changed.items():
        rows[titles[name]] = row = {}
        for metric, heading in metrics.items():
            gap = difference(each, reference, metric, confidence)
            row[heading] = f"{each.values[metric]:.3f}" if each.values[metric] is not None else "–"
            ends = (gap["value"], gap["low"], gap["high"])
            row[f"{heading}, change"] = (
                "–" if gap["low"] is None else "{:+.3f} [{:+.2f},\N{NO-BREAK SPACE}{:+.2f}]".format(*ends)
            )
    return pd.DataFrame.from_dict(rows, orient="index")


def curve_table(
    curves: Mapping[tuple[str, float], Scored],
    sizes: Mapping[float, float],
    titles: Mapping[str, str],
    metrics: Sequence[str],
    confidence: float,
) -> pd.DataFrame:
    """One row a contender and number of training images, with intervals.

    Parameters
    ----------
    curves : mapping of (name, fraction) to Scored
    sizes : mapping of fraction to float
        Training images of a fold, on average.
    """
    rows = []
    for (name, fraction), each in sorted(curves.items()):
        row = {"name": name, "contender": titles[name], "fraction": fraction, "images": sizes[fraction]}
        for metric in metrics:
            found = each.interval(metric, confidence)
            row |= {metric: found["value"], f"{metric}_low": found["low"], f"{metric}_high": found["high"]}
        rows.append(row)
    columns = ["name", "contender", "fraction", "images"]
    return pd.DataFrame(rows, columns=None if rows else columns)
