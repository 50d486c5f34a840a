"""Whether a published row of scores could have come out of an experiment that was repeated many times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SAME = 1e-9


class Place(NamedTuple):
    """Where a row lies among splits.

    Attributes
    ----------
    p : float
        Share of the rows, the row itself counted, that lie at least as far out; 1 / (n + 1) at least.
    farthest : int
        The column in which the row lies farthest from the others' mean, in standard deviations; -1 where all agree.
    """

    p: float
    farthest: int


def place_among(splits: np.ndarray, row: np.ndarray) -> Place:
    """Place a published row among the splits of one experiment, over all columns at once.

    Row and splits are pooled. Each column is put on the scale of its standard deviation in the pool, and a row's
    distance is Euclid's from the pool's mean. As the row is part of the pool from which centre and scale are taken,
    one that came out of the same experiment is no different from the other n: its rank among the n + 1 distances is
    uniform, whatever the distribution and however columns hang together, and rejecting at p <= 0.05 errs in 5% at most.

    That a row is not rejected says nothing of where it comes from: other experiments may contain it as well.

    Parameters
    ----------
    splits : ndarray of float, shape (n, m)
        Scores and counts; finite.
    row : ndarray of float, shape (m,)

    Raises
    ------
    ValueError
        If the shapes do not fit, or a number is not finite.

    Examples
    --------
    >>> splits = np.array([[0.78], [0.79], [0.80], [0.81]])
    >>> place_among(splits, np.array([0.94]))
    Place(p=0.2, farthest=0)
    >>> place_among(splits, np.array([0.80])).p
    1.0
    """
    splits, row = np.asarray(splits, float), np.asarray(row, float)
    if splits.ndim != 2 or row.shape != splits.shape[1:] or not len(splits):
        raise ValueError(f"splits {splits.shape} and row {row.shape} must be (n, m) and (m,), n >= 1")
    pool = np.vstack([splits, row])
    if not np.isfinite(pool).all():
        raise ValueError("every score must be a finite number in each split and in the row")
    spread = pool.std(axis=0)
    varies = np.flatnonzero(spread > SAME)
    if not len(varies):
        return Place(1.0, -1)
    scaled = (pool[:, varies] - pool[:, varies].mean(axis=0)) / spread[varies]
    distances = (scaled**2).sum(axis=1)
    p = float((distances >= distances[-1] - SAME).mean())
    return Place(p, int(varies[np.abs(scaled[-1]).argmax()]))
