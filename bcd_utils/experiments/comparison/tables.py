"""The comparison's tables: who took part, scores beside costs, and what one change at a time does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.evaluation.format import number, with_interval
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.score_differences import difference
from bcd_utils.models.candidates.base import FAMILIES, Candidate, Encoder
from bcd_utils.utils.parallel import Result

COSTS = {
    "parameters": "weights (M)",
    "gflops": "GFLOPs",
    "training_seconds": "time to train (s)",
    "images_per_second": "images per s",
    "peak_mb": "memory (MB)",
}
NOT_AT_HAND = "weights not available"


def entrants_table(candidates: Mapping[str, Candidate]) -> pd.DataFrame:
    """Who is compared, what each is given, and whether its weights are at hand."""
    rows = {
        name: {
            "candidate": each.title,
            "family": FAMILIES.get(each.family, each.family),
            "is given": each.representation.title,
            "status": f"{NOT_AT_HAND}: {missing}"
            if (missing := each.representation.missing())
            else "at hand",
        }
        for name, each in candidates.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def cost_table(
    candidates: Mapping[str, Candidate],
    results: Mapping[str, Sequence[Result]],
    encoders: Mapping[str, Encoder],
    costs: Mapping[str, Mapping[str, Any]],
) -> pd.DataFrame:
    """What each candidate costs.

    Parameters
    ----------
    candidates : mapping of name to Candidate
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
    for name, candidate in candidates.items():
        encoder, result, cost = encoders[candidate.representation.name], results[name][0], costs[name]
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
    """Scores and costs of every candidate as text, with those whose weights are not at hand last.

    Parameters
    ----------
    scores, costs : pandas.DataFrame
        As `cross_validation.score_table` and `cost_table` give them.
    metrics : mapping of metric to its heading
    titles : mapping of name to str
    absent : mapping of name to str
        What is missing for candidates that could not run.
    """
    rows = {}
    for name, row in scores.iterrows():
        shown = {heading: with_interval(row, name=metric) for metric, heading in metrics.items()}
        cost = costs.reindex(index=[name], columns=list(COSTS)).iloc[0]
        shown |= {heading: _cost_text(key, cost[key]) for key, heading in COSTS.items()}
        rows[titles[name]] = shown
    for name, missing in absent.items():
        first, *others = [*metrics.values(), *COSTS.values()]
        rows[titles[name]] = {first: f"{NOT_AT_HAND}: {missing}"} | dict.fromkeys(others, "")
    return pd.DataFrame.from_dict(rows, orient="index")


def _cost_text(key: str, value: float) -> str:
    value = value / 1e6 if key == "parameters" else value
    return number(value, 2 if value < 10 or key == "parameters" else 0)


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
    rows: dict[str, dict[str, str]] = {titles[name]: {} for name in changed}
    for row, scored in zip(rows.values(), changed.values(), strict=True):
        for metric, heading in metrics.items():
            gap = difference(scored, reference, metric, confidence)
            row |= {
                heading: number(scored.values[metric]),
                f"{heading}, change": with_interval(gap, sign="+"),
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def curve_table(
    curves: Mapping[tuple[str, float], Scored],
    sizes: Mapping[float, float],
    titles: Mapping[str, str],
    metrics: Sequence[str],
    confidence: float,
) -> pd.DataFrame:
    """One row a candidate and number of training images, with intervals.

    Parameters
    ----------
    curves : mapping of (name, fraction) to Scored
    sizes : mapping of fraction to float
        Training images of a fold, on average.
    """
    rows = []
    for (name, fraction), scored in sorted(curves.items(), key=itemgetter(0)):
        row = {"name": name, "contender": titles[name], "fraction": fraction, "images": sizes[fraction]}
        rows.append(row | scored.row(metrics, confidence))
    columns = ["name", "contender", "fraction", "images"]
    return pd.DataFrame(rows, columns=None if rows else columns)
