"""Areas of every way at every number of labels, what each gains, and how many labels are enough.

Folds tell how much depends on the patients, draws how much on which lesions happened to be labelled; both are kept
apart. Intervals are over folds, of means over draws: draws of one fold are tested on the same images, and more of them
do not tell more of other patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.evaluation.fold_intervals import fold_interval
from bcd_utils.evaluation.fold_tests import corrected_t_test
from bcd_utils.evaluation.format import in_columns
from bcd_utils.evaluation.means import Interval
from bcd_utils.evaluation.paired_tests import holm_adjusted
from bcd_utils.experiments.fewer_labels.declared import CHOICES, ELSEWHERE, ENOUGH, RIVALS, WAYS, rivals_of
from bcd_utils.experiments.fewer_labels.training import Trained


@dataclass(frozen=True, eq=False)
class Curves:
    """What came of all ways, to be scored.

    Attributes
    ----------
    trained : Trained
    full : ndarray of float, shape (n, k)
        Out-of-fold probabilities of the probe that has all labels.
    lesions : tuple of int
        Labelled lesions a class at each point.
    tested : sequence of ndarray of int
        Rows that each fold tests.
    positive : ndarray of bool, shape (n,)
        Images of the class whose area is measured, against the rest.
    place : int
        That class's column.
    groups : ndarray of int, shape (n,)
    confidence : float
    """

    trained: Trained
    full: np.ndarray
    lesions: tuple[int, ...]
    tested: Sequence[np.ndarray]
    positive: np.ndarray
    place: int
    groups: np.ndarray
    confidence: float

    @property
    def tested_share(self) -> float:
        """Images that a fold tests, per image of its pool."""
        return 1 / (len(self.tested) - 1)

    def _areas(self, probabilities: np.ndarray) -> np.ndarray:
        """Area of all images, then of those that each fold tests."""
        from sklearn.metrics import roc_auc_score

        rows = [np.concatenate(self.tested), *self.tested]
        return np.array(
            [roc_auc_score(self.positive[part], probabilities[part, self.place]) for part in rows]
        )

    @cached_property
    def areas(self) -> dict[str, np.ndarray]:
        """Of each way, float (draws, points, 1 + folds): of all images, then fold by fold."""
        return {
            way: np.array([[self._areas(point) for point in draw] for draw in probabilities])
            for way, probabilities in self.trained.probabilities.items()
        }

    @cached_property
    def full_area(self) -> np.ndarray:
        """With all labels, float (1 + folds,)."""
        return self._areas(self.full)

    def labelled(self, way: str) -> np.ndarray:
        """Lesions with a label at each point, mean over folds and draws, float (points,)."""
        bought = self.trained.bought[way]
        flat = bought.reshape(-1, *bought.shape[-2:])
        counts = [[len(set(self.groups[rows])) for rows in points] for points in flat]
        return np.mean(counts, axis=0)

    @property
    def pool(self) -> float:
        """Lesions that a fold can have labelled, mean over folds."""
        everything = np.arange(len(self.groups))
        return float(np.mean([len(set(self.groups[np.setdiff1d(everything, rows)])) for rows in self.tested]))

    def interval(self, areas: np.ndarray, bounds: tuple[float, float], confidence: float) -> Interval:
        """Of an area, or a difference of areas, as `areas` has it for one point (1 + folds,)."""
        return fold_interval(float(areas[0]), areas[1:], self.tested_share, confidence, bounds)


def curve_table(curves: Curves) -> pd.DataFrame:
    """The area of every way at every point, a row each; the last row has all labels.

    Returns
    -------
    pandas.DataFrame
        ``way``, ``point`` (labelled lesions a class; NaN of all), ``lesions`` (mean number with a label), ``auc`` (mean
        over draws) with ``_low`` and ``_high`` over folds; ``draws_sd``, ``draws_lowest``, ``draws_highest`` of the
        area over draws, ``folds_sd`` of the mean over folds.
    """
    rows = []
    for way, areas in curves.areas.items():
        for place, (point, lesions) in enumerate(zip(curves.lesions, curves.labelled(way), strict=True)):
            over_draws, mean = areas[:, place, 0], areas[:, place].mean(axis=0)
            rows.append({"way": way, "point": point, "lesions": lesions}
                | in_columns({"auc": curves.interval(mean, (0, 1), curves.confidence)})
                | {"draws_sd": over_draws.std(ddof=1), "draws_lowest": over_draws.min()}
                | {"draws_highest": over_draws.max(), "folds_sd": mean[1:].std(ddof=1)})  # fmt: skip
    full = curves.interval(curves.full_area, (0, 1), curves.confidence)
    rows.append(
        {"way": "full", "point": np.nan, "lesions": curves.pool, "folds_sd": curves.full_area[1:].std(ddof=1)}
        | in_columns({"auc": full})
    )
    return pd.DataFrame(rows)


def gain_table(curves: Curves) -> pd.DataFrame:
    """What each rival gains at each point over whom it is held against, draw by draw on the same folds.

    A family of tests for each question: whether unlabelled images help (all ways, all points), whether it matters what
    is labelled (all choices, all points but the first, which all share), and, where there are any, whether another
    source's images help.

    Returns
    -------
    pandas.DataFrame
        ``way``, ``against``, ``point``, ``gain`` (mean over draws) with ``_low`` and ``_high``, ``strict_low`` and
        ``strict_high`` at a confidence that holds for the whole family (Bonferroni), ``p`` of the corrected resampled
        t-test and ``holm_p`` within the family; ``draws_ahead``, the share of draws in which the rival is ahead.
    """
    parts = []
    for kind, first in ((WAYS, 0), (CHOICES, 1), (ELSEWHERE, 0)):
        rivals = [way for way in rivals_of(kind) if way in curves.areas]
        points = range(first, len(curves.lesions))
        strict = 1 - (1 - curves.confidence) / max(1, len(rivals) * len(points))
        rows: list[dict[str, Any]] = []
        for way in rivals:
            gaps = curves.areas[way] - curves.areas[RIVALS[way]]
            for place in points:
                mean = gaps[:, place].mean(axis=0)
                wide = curves.interval(mean, (-1, 1), strict)
                row = {"way": way, "against": RIVALS[way], "point": curves.lesions[place]}
                row |= in_columns({"gain": curves.interval(mean, (-1, 1), curves.confidence)})
                row |= {"strict_low": wide["low"], "strict_high": wide["high"]}
                row |= {"p": corrected_t_test(mean[0], mean[1:], curves.tested_share)}
                rows.append(row | {"draws_ahead": float((gaps[:, place, 0] > 0).mean())})
        adjusted = holm_adjusted({str(place): row["p"] for place, row in enumerate(rows)})
        parts += [row | {"holm_p": p} for row, p in zip(rows, adjusted.values(), strict=True)]
    numbers = dict.fromkeys(("strict_low", "strict_high", "gain_low", "gain_high", "p", "holm_p"), float)
    return pd.DataFrame(parts).astype(numbers)


def needed_table(curves: Curves) -> pd.DataFrame:
    """Labelled lesions from which each way has `ENOUGH` of the area that all labels give.

    Where the mean curve first reaches it, between points in proportion to the logarithm of the number. Its interval are
    the numbers at which "reached exactly" is not refuted: from where the upper end of the difference's interval first
    reaches 0 to where the lower end last does; a point at which folds do not differ stands for its own interval.

    Returns
    -------
    pandas.DataFrame
        Index: way. ``lesions`` with ``_low`` and ``_high``, over all classes together; an end at the first point says
        "or fewer".
    """
    rows = {}
    for way, areas in curves.areas.items():
        numbers = [*curves.labelled(way), curves.pool]
        means = [*areas.mean(axis=0), curves.full_area]
        target = ENOUGH * curves.full_area
        found = [curves.interval(mean - target, (-1, 1), curves.confidence) for mean in means]
        ends = {
            end: np.array([each["value"] if each[end] is None else each[end] for each in found])
            for end in ("value", "low", "high")
        }
        rows[way] = in_columns({
            "lesions": {
                "value": crossing(numbers, ends["value"]),
                "low": crossing(numbers, ends["high"]),
                "high": crossing(numbers, ends["low"], last=True),
            }
        })  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def crossing(numbers: Sequence[float], heights: np.ndarray, last: bool = False) -> float | None:
    """Where a curve over numbers first rises to 0, or where it last does; the first number if it begins there.

    None where it never does.

    Examples
    --------
    >>> round(crossing([10, 1000], np.array([-0.1, 0.1])), 6)
    100.0
    >>> crossing([10, 20, 40], np.array([0.1, -0.1, 0.1])), crossing([10, 20], np.array([-0.2, -0.1]))
    (10.0, None)
    """
    reached = heights >= 0
    rises = [
        place for place in range(len(heights)) if reached[place] and (not place or not reached[place - 1])
    ]
    if not rises or (last and not reached[-1]):
        return None
    place = rises[-1 if last else 0]
    if not place:
        return float(numbers[0])
    below, above = heights[place - 1], heights[place]
    near = np.log(numbers[place - 1 : place + 1])
    return float(np.exp(near[0] + (near[1] - near[0]) * below / (below - above)))
