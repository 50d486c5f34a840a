"""How far an image is from those that a network was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from sklearn.neighbors import NearestNeighbors

NEAREST = 3
MOST = 99.0  # percentile from which on an image counts as unlike what the network has seen


class Distances(NamedTuple):
    """Of n images.

    Attributes
    ----------
    distance : ndarray of float, shape (n,)
        To the nearest training image, as `domain_shift.distance_to_nearest` measures it.
    percentile : ndarray of float, shape (n,), values 0..100
        Percent of the training images that are no farther from the nearest one outside their own group.
    nearest : list of list of str
        Ids of the nearest training images, the nearest first.
    """

    distance: np.ndarray
    percentile: np.ndarray
    nearest: list[list[str]]


@dataclass(frozen=True, eq=False)
class Seen:
    """The training images, as distances are measured from them.

    Attributes
    ----------
    ids : ndarray of str, shape (m,)
    varies : ndarray of bool, shape (c,)
        Features that are not the same in all training images; the others are left out.
    units : ndarray of float
        Those features' standard deviations, times the root of their number.
    index : NearestNeighbors
    own : ndarray of float, shape (m,)
        Each one's distance to the nearest outside its own group, sorted; infinite where there is no other group.
    """

    ids: np.ndarray
    varies: np.ndarray
    units: np.ndarray
    index: NearestNeighbors
    own: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray, ids: np.ndarray, groups: np.ndarray) -> Seen:
        """From averaged features, float (m, c), of training images.

        Examples
        --------
        >>> seen = Seen.of(np.array([[0.0], [1.0], [3.0]]), np.array(["a", "b", "c"]), np.array(["x", "x", "y"]))
        >>> (seen.own * np.std([0, 1, 3])).round(9).tolist()  # b and a are of one group
        [2.0, 2.0, 3.0]
        """
        from sklearn.metrics import pairwise_distances_chunked
        from sklearn.neighbors import NearestNeighbors

        features = np.asarray(features, dtype=float)
        spread = features.std(axis=0)
        varies = spread > 0
        units = spread[varies] * np.sqrt(max(varies.sum(), 1))
        scaled = features[:, varies] / units

        def outside(distances: np.ndarray, start: int) -> np.ndarray:
            own = groups[start : start + len(distances), None] == groups
            nearest: np.ndarray = np.where(own, np.inf, distances).min(axis=1)
            return nearest

        own = np.sort(np.concatenate([*pairwise_distances_chunked(scaled, reduce_func=outside)]))
        index = NearestNeighbors(n_neighbors=min(NEAREST, len(scaled))).fit(scaled)
        return cls(np.asarray(ids), varies, units, index, own)

    def distances(self, features: np.ndarray) -> Distances:
        """Of images with these averaged features, float (n, c)."""
        scaled = np.asarray(features, dtype=float)[:, self.varies] / self.units
        distances, rows = self.index.kneighbors(scaled)
        percentile = 100 * np.searchsorted(self.own, distances[:, 0], side="right") / len(self.own)
        return Distances(distances[:, 0], percentile, self.ids[rows].tolist())
