"""Who knows the labels: each must be bought, and what was not bought cannot be read."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bcd_utils.models.few_labels.base import UNKNOWN


class Oracle:
    """The labels of a pool of images.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    groups : ndarray of int, shape (n,)
        The lesion that each image shows: one price for all its images.

    Examples
    --------
    >>> oracle = Oracle(np.array([2, 2, 1]), np.array([7, 7, 8]))
    >>> oracle.buy([7])
    >>> oracle.known.tolist(), oracle.bought
    ([2, 2, -1], 1)
    """

    def __init__(self, labels: np.ndarray, groups: np.ndarray):
        self.__labels, self._groups = labels, groups
        self._paid = np.zeros(len(labels), dtype=bool)

    def buy(self, groups: Iterable[int]) -> None:
        """Pay for lesions; one that was bought before costs nothing more."""
        self._paid |= np.isin(self._groups, list(groups))

    @property
    def known(self) -> np.ndarray:
        """The labels that were bought, `UNKNOWN` for all other images; int (n,), a copy."""
        return np.where(self._paid, self.__labels, UNKNOWN)

    @property
    def bought(self) -> int:
        """Lesions that were paid for."""
        return len(set(self._groups[self._paid]))
