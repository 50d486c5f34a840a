"""The bootstrap: how far a score could have come out otherwise with other images.

A resample is never copied out. It is a row of weights that says how often each image was drawn, and
every score of a whole block of resamples follows from that block of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.evaluation.format import HAIR
from bcd_utils.evaluation.means import Interval

BLOCK = 1_000_000  # weights held at once: 8 MB, whatever the number of images or resamples


def bca_interval(
    value: float | None, resampled: np.ndarray, left_out: Sequence[np.ndarray], confidence: float
) -> Interval:
    """A value with the ends of its bias-corrected and accelerated bootstrap interval (Efron 1987).

    Parameters
    ----------
    value : float or None
        None where undefined.
    resampled : ndarray of float, shape (samples,)
        The value of each resample; NaN, where undefined, is left out.
    left_out : sequence of ndarray of float
        The value without each unit in turn, a stratum an array; NaN is left out.
    confidence : float
        Nominal coverage, between 0 and 1.

    Returns
    -------
    dict of str to float or None
        ``value``, ``low`` and ``high``; no ends where the value is undefined or no resample differs from it, as at a
        perfect score: nothing is then known of its spread.

    Examples
    --------
    >>> drawn = np.random.default_rng(0).integers(0, 10, (2000, 10)).mean(axis=1)
    >>> without = [(45 - np.arange(10)) / 9]
    >>> {end: round(number, 1) for end, number in bca_interval(4.5, drawn, without, 0.95).items()}
    {'value': 4.5, 'low': 2.7, 'high': 6.3}
    >>> bca_interval(1.0, np.ones(100), [np.ones(10)], 0.95)
    {'value': 1.0, 'low': None, 'high': None}
    """
    from scipy.stats import norm

    defined, unknown = resampled[~np.isnan(resampled)], {"value": value, "low": None, "high": None}
    if value is None or not defined.size or np.ptp(defined) < HAIR:
        return unknown
    below = ((defined < value).mean() + (defined <= value).mean()) / 2
    bias = norm.ppf(np.clip(below, 1 / (2 * len(defined)), 1 - 1 / (2 * len(defined))))
    tails = bias + norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2])
    ends = norm.cdf(bias + tails / (1 - _acceleration(left_out) * tails))
    low, high = np.quantile(defined, ends).tolist()
    return {"value": value, "low": low, "high": high} if high - low > HAIR else unknown


def _acceleration(left_out: Sequence[np.ndarray]) -> float:
    """How the spread changes with the value: from the skewness of what each unit adds (Efron 1987, several strata)."""
    added = []
    for values in left_out:
        known = values[~np.isnan(values)]
        if len(known) > 1:
            added.append((len(known) - 1) * (known.mean() - known) / len(known))
    pooled = np.concatenate([np.zeros(1), *added])
    spread = (pooled**2).sum()
    return float((pooled**3).sum() / (6 * spread**1.5)) if spread > 0 else 0.0


def resampled(
    statistic: Callable[[np.ndarray], np.ndarray],
    labels: np.ndarray,
    groups: ArrayLike | None,
    samples: int,
    seed: int,
) -> np.ndarray:
    """A statistic of each resample; see `resample_weights`.

    Parameters
    ----------
    statistic : callable
        Weights of images, float (block, n), to float (block, ...).

    Returns
    -------
    ndarray of float, shape (samples, ...)
    """
    return np.concatenate([*map(statistic, resample_weights(labels, groups, samples, seed))])


def without_each(summands: np.ndarray, labels: np.ndarray, groups: ArrayLike | None) -> list[np.ndarray]:
    """Sums over all images but those of each unit in turn, by stratum: the jackknife that `bca_interval` asks for.

    Parameters
    ----------
    summands : ndarray of float, shape (n, s)
        What each image adds to each sum.
    labels, groups
        As in `resample_weights`.

    Returns
    -------
    list of ndarray of float, shape (units of the stratum, s)

    Examples
    --------
    >>> without_each(np.array([[1.0], [2.0], [4.0]]), np.array([0, 1, 0]), ["p", "q", "q"])[0].tolist()
    [[6.0], [1.0]]
    """
    unit, stratum = _units(labels, groups)
    own = np.zeros((len(stratum), summands.shape[1]))
    np.add.at(own, unit, summands)
    rest = summands.sum(axis=0) - own
    return [rest[stratum == value] for value in np.unique(stratum)]


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

    Notes
    -----
    Without ``groups`` every resample has the class counts of the data, and no score becomes undefined. Groups may hold
    several classes: class counts then vary, and a resample may leave a score undefined.

    Yields
    ------
    ndarray of float, shape (block, n)
        Whole numbers >= 0; the blocks add up to ``samples`` rows, which do not depend on the block size.

    Raises
    ------
    ValueError
        If ``samples`` is below 1, or ``groups`` has another shape than ``labels``, a missing value, or fewer than two
        groups.

    Examples
    --------
    >>> (weights,) = resample_weights(np.array([0, 0, 1, 1, 1]), None, samples=4, seed=0)
    >>> weights[:, :2].sum(axis=1).tolist(), weights[:, 2:].sum(axis=1).tolist()
    ([2.0, 2.0, 2.0, 2.0], [3.0, 3.0, 3.0, 3.0])
    """
    if samples < 1:
        raise ValueError(f"samples must be at least 1, not {samples}")
    unit, stratum = _units(labels, groups)
    members = [np.flatnonzero(stratum == value) for value in np.unique(stratum)]
    generators = np.random.default_rng(seed).spawn(len(members))
    size = max(1, BLOCK // len(labels))
    for start in range(0, samples, size):
        weights = np.empty((min(size, samples - start), len(stratum)))
        for columns, generator in zip(members, generators, strict=True):
            weights[:, columns] = _times_drawn(generator, len(weights), len(columns))
        yield weights[:, unit]


def _times_drawn(generator: np.random.Generator, rows: int, size: int) -> np.ndarray:
    """Draw ``size`` of ``size`` things with replacement, ``rows`` times; int (rows, size) of counts."""
    drawn = generator.integers(size, size=(rows, size)) + size * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)


def _units(labels: np.ndarray, groups: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    """What is drawn: the unit of each image, int (n,), and the stratum of each unit."""
    if groups is None:
        return np.arange(len(labels)), labels
    unit = group_numbers(groups, len(labels))
    if not unit.any():
        raise ValueError("groups must name at least two groups, or there is nothing to resample")
    return unit, np.zeros(unit.max() + 1, dtype=int)


def group_numbers(groups: ArrayLike, images: int) -> np.ndarray:
    """Number the groups 0, 1, ... in order of appearance; int (images,).

    Raises
    ------
    ValueError
        If there are more or fewer than the images, or one is missing.
    """
    import pandas as pd

    numbers, _ = pd.factorize(pd.Series(groups))
    if len(numbers) != images:
        raise ValueError(f"there are {images} images but {len(numbers)} groups are given")
    if (numbers < 0).any():
        raise ValueError(f"groups must not be missing; {(numbers < 0).sum()} are")
    return numbers
