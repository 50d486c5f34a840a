"""Ways to share out a number."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np


@lru_cache(maxsize=10_000)  # a study tries thousands of class counts with the same few errors
def shares(errors: int, columns: int) -> np.ndarray:
    """All ways to share errors among columns; int (ways, columns)."""
    return sums([np.arange(errors + 1)] * columns, errors)


def sums(allowed: Sequence[np.ndarray], total: int) -> np.ndarray:
    """All ways to write ``total`` as a sum of one value out of each array; int (ways, len(allowed)).

    Examples
    --------
    >>> sums([np.arange(3), np.arange(2)], 2).tolist()
    [[1, 1], [2, 0]]
    """
    ways = np.zeros((1, 0), dtype=int)
    for index, values in enumerate(allowed[:-1]):
        later = sum(others.max(initial=0) for others in allowed[index + 1 :])
        left = total - ways.sum(axis=1)[:, None] - values
        way, value = np.nonzero((left >= 0) & (left <= later))
        ways = np.column_stack([ways[way], values[value]])
    last = total - ways.sum(axis=1)
    return np.column_stack([ways, last])[np.isin(last, allowed[-1])]
