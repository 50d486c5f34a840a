"""Which lesions are labelled: drawn anew for each fold and draw, the smaller numbers part of the larger ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bcd_utils.utils.errors import StudyError


def draw(
    labels: np.ndarray, groups: np.ndarray, lesions: Sequence[int], seed: Sequence[int]
) -> list[np.ndarray]:
    """Groups that are labelled at each point: so many of each class, or all of a class that has fewer.

    A clinic collects proven cases a class in this way. It is the only step that reads labels of the pool, and it comes
    before all learning, which is told the lesions that were drawn and nothing else. A group with images of several
    classes counts for that of its first.

    Parameters
    ----------
    labels, groups : ndarray of int, shape (n,)
        Of the pool.
    lesions : sequence of int
        Labelled lesions a class, rising.
    seed : sequence of int

    Returns
    -------
    list of ndarray of int
        Rising; each holds the one before.

    Raises
    ------
    StudyError
        If a class has too few groups for the smallest number, or none has enough for the largest.

    Examples
    --------
    >>> labels, groups = np.array([0] * 6 + [1] * 3), np.arange(9)
    >>> [len(drawn) for drawn in draw(labels, groups, [2, 5], [0])]
    [4, 8]
    """
    of_class = pd.Series(labels).groupby(groups).first()
    sizes = of_class.value_counts()
    if sizes.min() < 2 or sizes.max() < max(lesions):
        raise StudyError(
            f"A fold has from {sizes.min()} to {sizes.max()} lesions a class to learn from; asked for are "
            f"{', '.join(map(str, lesions))}",
            "name fewer in fewer_labels.lesions, or use more images (every class needs 2 lesions a fold)",
        )
    random = np.random.default_rng(list(seed))
    orders = [random.permutation(members.index.to_numpy()) for _, members in of_class.groupby(of_class)]
    return [np.sort(np.concatenate([order[:number] for order in orders])) for number in lesions]
