"""Confidence intervals: how far a score could have come out otherwise with other images.

A resample is never copied out. It is a row of weights that says how often each image was drawn, and
every score of a whole block of resamples follows from that block of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.evaluation.counts import Predictions
from bcd_utils.evaluation.metric_registry import named
from bcd_utils.evaluation.metrics import checked_predictions, score

BLOCK = 1_000_000  # weights held at once: 8 MB, whatever the number of images or resamples


def bootstrap_intervals(
    labels: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    samples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
    groups: ArrayLike | None = None,
) -> dict[str, dict[str, float | None]]:
    """Interval of every score in `bcd_utils.evaluation.metrics.score`, made as `metric_registry` declares it.

    Parameters
    ----------
    labels, probabilities, classes
        As in `bcd_utils.evaluation.metrics.score`.
    samples : int, default 2000
        Number of resamples, >= 1.
    confidence : float, default 0.95
        Nominal coverage, between 0 and 1.
    seed : int, default 0
        Seed; the same seed gives the same intervals.
    groups : array_like, shape (n,), optional
        What each image belongs to, such as its patient. See Notes.

    Returns
    -------
    dict of str to dict
        For each score ``{"value": ..., "low": ..., "high": ...}``; all None where the score is undefined.

    Raises
    ------
    ValueError
        If an input is not as described, a group is missing, or there are fewer than two groups.

    Notes
    -----
    Without ``groups``, images are drawn within each class, so that every resample has the class counts of
    the data and no score becomes undefined. The interval then holds for this class mix.

    With ``groups``, whole groups are drawn, because images of one patient are not independent. A group
    may hold several classes, so the draw is not stratified and class counts vary; a resample in which a
    score is undefined is left out of that score's interval.

    A perfect score has no spread to resample: its interval has zero width and is too narrow. For a
    proportion such as accuracy or sensitivity, `wilson_interval` is right there too.

    Examples
    --------
    >>> labels = [0] * 10 + [1] * 10
    >>> right, wrong = [0.9, 0.1], [0.2, 0.8]
    >>> probabilities = [right] * 8 + [wrong] * 2 + [wrong] * 10
    >>> interval = bootstrap_intervals(labels, probabilities, ["benign", "malignant"])["accuracy"]
    >>> interval["value"], interval["low"] < 0.9 < interval["high"]
    (0.9, True)
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    resampled = resampled_scores(labels, probabilities, classes, samples, seed, groups)
    values = score(labels, probabilities, classes)
    intervals = {name: INTERVALS[value.metric.interval] for name, value in named(classes).items()}
    return {name: intervals[name](value, resampled[name], confidence) for name, value in values.items()}


def percentile_interval(
    value: float | None, resampled: np.ndarray, confidence: float
) -> dict[str, float | None]:
    """A value with the ends of its percentile bootstrap interval (Efron 1979).

    Parameters
    ----------
    value : float or None
        None where undefined.
    resampled : ndarray of float, shape (samples,)
        The value of each resample; NaN, where undefined, is left out.
    confidence : float
        Nominal coverage, between 0 and 1.

    Returns
    -------
    dict of str to float or None
        ``value``, ``low`` and ``high``; no ends where the value or all resamples are undefined.

    Examples
    --------
    >>> percentile_interval(0.5, np.array([0.25, 0.5, np.nan, 0.75]), 0.5)
    {'value': 0.5, 'low': 0.375, 'high': 0.625}
    """
    defined = resampled[~np.isnan(resampled)]
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(defined, tails).tolist() if value is not None and defined.size else (None, None)
    return {"value": value, "low": low, "high": high}


def mean_interval(
    values: ArrayLike, groups: ArrayLike, samples: int = 2000, confidence: float = 0.95, seed: int = 0
) -> dict[str, float | None]:
    """Mean, with its percentile bootstrap interval over whole groups; no interval for a single group.

    Examples
    --------
    >>> mean_interval([1.0, 1.0, 4.0, 4.0], ["a", "a", "b", "b"])
    {'value': 2.5, 'low': 1.0, 'high': 4.0}
    """
    values = np.asarray(values, dtype=float)

    def means(weights: np.ndarray) -> np.ndarray:
        return weights @ values / weights.sum(axis=1)

    return statistic_interval(values.mean(), means, groups, samples, confidence, seed)


def statistic_interval(
    value: float,
    statistic: Callable[[np.ndarray], np.ndarray],
    groups: ArrayLike,
    samples: int,
    confidence: float,
    seed: int,
) -> dict[str, float | None]:
    """A statistic with its percentile bootstrap interval over whole groups; no interval for a single group.

    Parameters
    ----------
    value : float
    statistic : callable
        Weights of images, float (block, n), to the statistic of each resample, float (block,).
    groups, samples, confidence, seed
        As in `bootstrap_intervals`.
    """
    groups = np.asarray(groups)
    images = np.zeros(len(groups), dtype=int)
    drawn = resample_weights(images, groups, samples, seed) if len(set(groups)) > 1 else ()
    resampled = np.concatenate([[], *map(statistic, drawn)])
    return percentile_interval(float(value), resampled, confidence)


def resampled_scores(
    labels: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    samples: int,
    seed: int,
    groups: ArrayLike | None = None,
) -> dict[str, np.ndarray]:
    """Every score in `bcd_utils.evaluation.metrics.score` of each bootstrap resample.

    Parameters
    ----------
    labels, probabilities, classes, samples, seed, groups
        As in `bootstrap_intervals`. The resamples depend on ``labels``, ``samples``, ``seed`` and
        ``groups`` alone, so two models' scores on the same images can be compared resample by resample.

    Returns
    -------
    dict of str to ndarray of float, shape (samples,)
        The keys of `score`; NaN where a resample leaves a score undefined.

    Raises
    ------
    ValueError
        If an input is not as described, a group is missing, or there are fewer than two groups.

    Examples
    --------
    >>> scores = resampled_scores([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], ["a", "b"], 4, seed=0)
    >>> scores["sensitivity_a"].tolist(), scores["accuracy"].shape
    ([1.0, 1.0, 1.0, 1.0], (4,))
    """
    if samples < 1:
        raise ValueError(f"samples must be at least 1, not {samples}")
    labels, probabilities = checked_predictions(labels, probabilities, classes)
    blocks = []
    for weights in resample_weights(labels, groups, samples, seed):
        given = Predictions(labels, probabilities, weights)
        blocks.append({name: metric.value(given) for name, metric in named(classes).items()})
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def resample_weights(
    labels: np.ndarray, groups: ArrayLike | None, samples: int, seed: int
) -> Iterator[np.ndarray]:
    """How often each image occurs in each resample, in blocks of flat size.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Images are drawn with replacement within each label ...
    groups : array_like, shape (n,), or None
        ... unless groups are given, which are drawn whole and without regard to labels.
    samples, seed : int
        Number of resamples in all.

    Yields
    ------
    ndarray of float, shape (block, n)
        Whole numbers >= 0; the blocks add up to ``samples`` rows, which do not depend on the block size.

    Raises
    ------
    ValueError
        If ``groups`` has another shape than ``labels``, a missing value, or fewer than two groups.

    Examples
    --------
    >>> (weights,) = resample_weights(np.array([0, 0, 1, 1, 1]), None, samples=4, seed=0)
    >>> weights[:, :2].sum(axis=1).tolist(), weights[:, 2:].sum(axis=1).tolist()
    ([2.0, 2.0, 2.0, 2.0], [3.0, 3.0, 3.0, 3.0])
    """
    if groups is None:
        unit, stratum = np.arange(len(labels)), labels
    else:
        unit = _group_numbers(groups, len(labels))
        stratum = np.zeros(unit.max() + 1, dtype=int)
    members = [np.flatnonzero(stratum == value) for value in np.unique(stratum)]
    generators = np.random.default_rng(seed).spawn(len(members))
    size = max(1, BLOCK // len(labels))
    for start in range(0, samples, size):
        weights = np.empty((min(size, samples - start), len(stratum)))
        for columns, generator in zip(members, generators, strict=True):
            weights[:, columns] = _times_drawn(generator, len(weights), len(columns))
        yield weights[:, unit]


def wilson_interval(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927); it stays sound for few trials and near 0 or 1.

    Parameters
    ----------
    successes, trials : int
        0..trials; without trials, nothing is known and the interval is (0, 1).
    confidence : float, default 0.95
        Nominal coverage, between 0 and 1.

    Raises
    ------
    ValueError
        If ``successes`` is not within 0..trials or ``confidence`` not between 0 and 1.

    Examples
    --------
    >>> low, high = wilson_interval(20, 20)
    >>> round(low, 3), round(high, 3)
    (0.839, 1.0)
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"successes must lie in 0..{trials}, not {successes}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if trials == 0:
        return 0.0, 1.0
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(successes, trials, alpha=1 - confidence, method="wilson")
    return float(low), float(high)


def _times_drawn(generator: np.random.Generator, rows: int, size: int) -> np.ndarray:
    """Draw ``size`` of ``size`` things with replacement, ``rows`` times; int (rows, size) of counts."""
    drawn = generator.integers(size, size=(rows, size)) + size * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)


def _group_numbers(groups: ArrayLike, images: int) -> np.ndarray:
    """Number the groups 0, 1, ... in order of appearance; int (images,)."""
    import pandas as pd

    numbers, names = pd.factorize(pd.Series(groups))
    if len(numbers) != images:
        raise ValueError(f"there are {images} images but {len(numbers)} groups are given")
    if (numbers < 0).any():
        raise ValueError(f"groups must not be missing; {(numbers < 0).sum()} are")
    if len(names) < 2:
        raise ValueError("groups must name at least two groups, or there is nothing to resample")
    return numbers


#: How `metric_registry.Metric.interval` says that ends are made: of a value, its resamples and the confidence.
INTERVALS = {"percentile bootstrap": percentile_interval}
