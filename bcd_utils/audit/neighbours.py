"""Images whose features, or thumbnails, are the closest: every image with every other, block by block."""

from __future__ import annotations

import numpy as np

from bcd_utils.utils.memmap import pooled

NOMINATING_COSINE = 0.8
BLOCK = 512  # images at once: memory grows with the images, not with their pairs

Pairs = np.ndarray


def feature_directions(features: np.ndarray) -> np.ndarray:
    """Features averaged over places, minus their mean over images, of length 1: products are cosines."""
    features = pooled(features) if features.ndim == 4 else features
    offsets = features - features.mean(axis=0)
    return offsets / np.maximum(np.linalg.norm(offsets, axis=1, keepdims=True), 1e-6)


def nearest_others(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place of the other row that each row's product is largest with, int (n,), and that product, float (n,)."""
    nearest, closeness = np.empty(len(rows), int), np.empty(len(rows))
    for start in range(0, len(rows), BLOCK):
        similarity = rows[start : start + BLOCK] @ rows.T
        own = np.arange(len(similarity))
        similarity[own, start + own] = -1
        nearest[start + own], closeness[start + own] = similarity.argmax(axis=1), similarity.max(axis=1)
    return nearest, closeness


def nearest_to_each_other(directions: np.ndarray) -> Pairs:
    """Pairs whose features are closer to each other than to those of any third image, and close enough."""
    nearest, closeness = nearest_others(directions)
    images = np.arange(len(directions))
    mutual = (nearest[nearest] == images) & (closeness >= NOMINATING_COSINE)
    return np.stack([images, nearest], axis=1)[mutual]


def closest_unlisted(directions: np.ndarray, listed: Pairs, groups: np.ndarray, count: int) -> Pairs:
    """The pairs (first < second) of largest cosine that are neither listed nor in one group, the closest first.

    Examples
    --------
    >>> directions = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]])
    >>> closest_unlisted(directions, np.array([[1, 2]]), np.array([0, 1, 2, 2]), count=1).tolist()
    [[0, 1]]
    """
    found, cosines = [np.empty((0, 2), int)], [np.empty(0)]
    for start in range(0, len(directions), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(directions)))
        similarity = directions[rows] @ directions.T
        similarity[groups[rows, None] == groups] = -np.inf
        similarity[np.arange(len(directions)) < rows[:, None]] = -np.inf
        first, second = listed[np.isin(listed[:, 0], rows)].T
        similarity[first - start, second] = -np.inf
        best = np.argsort(-similarity, axis=None, kind="stable")[:count]
        pairs = np.stack(np.unravel_index(best, similarity.shape), axis=1)
        cosines.append(similarity[tuple(pairs.T)])
        found.append(pairs + [start, 0])
    closeness = np.concatenate(cosines)
    order = np.argsort(-closeness, kind="stable")[:count]
    return np.concatenate(found)[order[np.isfinite(closeness[order])]]
