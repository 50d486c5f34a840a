"""Scores of one model on one set of images, and the interval of each, by one method for each kind of score.

Which method a score has, `metric_registry` declares: Wilson's for shares of images, DeLong's for areas under the ROC
curve, the bootstrap's (BCa) for F1, kappa and the like. Cross-validated scores have intervals over folds instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from bcd_utils.evaluation.areas import Area, area_interval, area_of
from bcd_utils.evaluation.bootstrap import bca_interval, group_numbers, resampled, without_each
from bcd_utils.evaluation.counts import Counts, Predictions, Summed, summands_of
from bcd_utils.evaluation.fold_intervals import fold_interval
from bcd_utils.evaluation.format import in_columns
from bcd_utils.evaluation.means import UNKNOWN, Interval, share_interval
from bcd_utils.evaluation.metric_registry import DELONG, WILSON, Named, named
from bcd_utils.evaluation.metrics import checked_predictions, scores_of


@dataclass(frozen=True, eq=False)
class Scored:
    """One model's predictions for a set of images, its scores and their intervals.

    Attributes
    ----------
    labels : ndarray of int, shape (n,)
    probabilities : ndarray of float, shape (n, k)
    classes : tuple of str
    groups : ndarray of int or None, shape (n,)
        What each image belongs to, such as its patient: groups vary whole. Without, each image stands alone.
    samples, seed : int
        Of the bootstrap.
    folds : tuple of ndarray of int
        The images that each fold tested, of one cross-validation; empty where one model predicted all.

    Raises
    ------
    ValueError
        If labels or probabilities are not as `metrics.score` asks for, or a group is missing.

    Examples
    --------
    >>> labels = [0] * 10 + [1] * 10
    >>> right, wrong = [0.9, 0.1], [0.2, 0.8]
    >>> scored = Scored.of(labels, [right] * 8 + [wrong] * 2 + [wrong] * 10, ["benign", "malignant"])
    >>> {end: round(value, 3) for end, value in scored.interval("accuracy", 0.95).items()}
    {'value': 0.9, 'low': 0.699, 'high': 0.972}
    """

    labels: np.ndarray
    probabilities: np.ndarray
    classes: tuple[str, ...]
    groups: np.ndarray | None = None
    samples: int = 2000
    seed: int = 0
    folds: tuple[np.ndarray, ...] = ()

    @classmethod
    def of(
        cls,
        labels: ArrayLike,
        probabilities: ArrayLike,
        classes: Sequence[str],
        groups: ArrayLike | None = None,
        samples: int = 2000,
        seed: int = 0,
        folds: Sequence[np.ndarray] = (),
    ) -> Scored:
        """Check what is given, and take it as arrays."""
        labels, probabilities = checked_predictions(labels, probabilities, classes)
        numbers = None if groups is None else group_numbers(groups, len(labels))
        return cls(labels, probabilities, tuple(classes), numbers, samples, seed, tuple(folds))

    @cached_property
    def metrics(self) -> dict[str, Named]:
        """What is scored, by name."""
        return named(self.classes)

    @cached_property
    def values(self) -> dict[str, float | None]:
        """Every score, None where undefined; see `metrics.score`."""
        return scores_of(Predictions(self.labels, self.probabilities), self.classes)

    @cached_property
    def by_fold(self) -> pd.DataFrame:
        """Every score of each fold, a row a fold; NaN where undefined."""
        tested = (Predictions(self.labels[rows], self.probabilities[rows]) for rows in self.folds)
        rows = [scores_of(given, self.classes) for given in tested]
        return pd.DataFrame(rows, columns=list(self.metrics)).astype(float)

    @property
    def tested_share(self) -> float:
        """Images that a fold tests, per image that it learns from."""
        tested = np.mean([len(rows) for rows in self.folds])
        return float(tested / (len(self.labels) - tested))

    def interval(self, name: str, confidence: float) -> Interval:
        """A score with its interval, ``value``, ``low`` and ``high``; None where undefined or unknown.

        Parameters
        ----------
        name : str
            Of the score.
        confidence : float
            Nominal coverage, between 0 and 1.
        """
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
        metric, value = self.metrics[name].metric, self.values[name]
        if value is None or self.one_group:
            return UNKNOWN | {"value": value}
        if self.folds:
            return mean_over_repeats([self], name, confidence)
        if metric.interval == WILSON:
            among, successes = self._trials(name)
            found = share_interval(
                successes[among], None if self.groups is None else self.groups[among], confidence
            )
            return found | {"value": value}
        if metric.interval == DELONG:
            return area_interval(self.areas, self.weights(name), confidence, self.groups) | {"value": value}
        without = [values[:, self.bootstrapped.index(name)] for values in self.without_each]
        return bca_interval(value, self.resampled[:, self.bootstrapped.index(name)], without, confidence)

    def row(self, metrics: Sequence[str], confidence: float) -> dict[str, float | None]:
        """Each metric as ``<metric>``, ``<metric>_low`` and ``<metric>_high``."""
        return in_columns({metric: self.interval(metric, confidence) for metric in metrics})

    @cached_property
    def areas(self) -> list[Area]:
        """Each class's area under the ROC curve, against the rest."""
        return [
            area_of(self.labels == column, scores, self.groups)
            for column, scores in enumerate(self.probabilities.T)
        ]

    @cached_property
    def resampled(self) -> np.ndarray:
        """Scores that no formula covers, of each resample, float (samples, scores); see `bootstrap.resampled`."""
        return resampled(self._statistic, self.labels, self.groups, self.samples, self.seed)

    @cached_property
    def without_each(self) -> list[np.ndarray]:
        """The same scores without each unit in turn; see `bootstrap.without_each`."""
        summands = summands_of(self.labels, self.probabilities)
        return [self._scores(Summed(sums)) for sums in without_each(summands, self.labels, self.groups)]

    @cached_property
    def bootstrapped(self) -> list[str]:
        """Scores that the confusion matrix or the loss determines: all but the areas."""
        return [name for name, value in self.metrics.items() if value.metric.interval != DELONG]

    def _statistic(self, weights: np.ndarray) -> np.ndarray:
        return self._scores(Predictions(self.labels, self.probabilities, weights))

    def _scores(self, given: Counts) -> np.ndarray:
        return np.stack([self.metrics[name].value(given) for name in self.bootstrapped], axis=-1)

    @cached_property
    def one_group(self) -> bool:
        """Whether all images are of one group, which says nothing of others."""
        return self.groups is not None and len(set(self.groups)) == 1

    def _units(self, among: np.ndarray) -> np.ndarray:
        return np.arange(len(among))[among] if self.groups is None else self.groups[among]

    def _trials(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Of a share: which images it is a share of, and which count, bool (n,) each."""
        metric, column = self.metrics[name]
        called = self.probabilities.argmax(axis=1)
        if column is None:
            return np.ones(len(self.labels), dtype=bool), called == self.labels
        return metric.among(self.labels == column, called == column)

    def weights(self, name: str) -> np.ndarray:
        """Of each class's area in a mean of areas; the one class alone where the score is of one."""
        size = len(self.classes)
        metric, column = self.metrics[name]
        if column is not None:
            return np.eye(size)[column]
        return (
            np.bincount(self.labels, minlength=size) / len(self.labels)
            if metric.weighted
            else np.full(size, 1 / size)
        )


def score_intervals(
    labels: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    samples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> dict[str, Interval]:
    """Every score of one model on one set of images, with its interval; see `Scored`.

    Examples
    --------
    >>> found = score_intervals([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["benign", "malignant"])
    >>> round(found["accuracy"]["value"], 3), found["kappa"]["value"]
    (0.667, 0.4)
    """
    scored = Scored.of(labels, probabilities, classes, groups, samples, seed)
    return {name: scored.interval(name, confidence) for name in scored.metrics}


def mean_over_repeats(repeats: Sequence[Scored], name: str, confidence: float) -> Interval:
    """A score of cross-validation, its mean where that was repeated, with its interval over all folds.

    Parameters
    ----------
    repeats : sequence of Scored
        Of the same images, each with its folds.
    """
    first, found = repeats[0], [scored.values[name] for scored in repeats]
    values = [value for value in found if value is not None]
    if len(values) < len(found):
        return dict(UNKNOWN)
    metric, by_fold = first.metrics[name].metric, np.concatenate([scored.by_fold[name] for scored in repeats])
    units = len(set(first._units(first._trials(name)[0]))) if metric.interval == WILSON else None
    bounds = (metric.lowest, metric.highest)
    return fold_interval(float(np.mean(values)), by_fold, first.tested_share, confidence, bounds, units)
