"""Things that belong together because links join them, directly or through others."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def linked(count: int, first: ArrayLike, second: ArrayLike) -> np.ndarray:
    """Which of ``count`` things are joined through any chain of links.

    Parameters
    ----------
    count : int
    first, second : array_like of int, shape (links,)
        The two ends of each link, 0..count-1.

    Returns
    -------
    ndarray of int, shape (count,)
        The same number for things that are joined.

    Examples
    --------
    >>> linked(4, [0, 1], [1, 3]).tolist()
    [0, 0, 1, 0]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(first)), (first, second)), shape=(count, count))
    return connected_components(links, directed=False)[1]
