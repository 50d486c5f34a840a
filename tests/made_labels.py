"""Planted features for tests of fewer labels: classes that form clusters, and classes that do not."""

from __future__ import annotations

import numpy as np

from bcd_utils.experiments.fewer_labels.training import Shared

DIMENSIONS = 4


def clusters(lesions: int = 100, seed: int = 0) -> Shared:
    """Two classes, a cluster each: a gap parts them along one of four directions, and the others tell nothing.

    Few labels do not tell which direction it is; the unlabelled images do.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(lesions) % 2
    centres = random.uniform(-1.7, 1.7, (lesions, DIMENSIONS))
    centres[:, 0] = 2 * labels - 1 + 0.1 * centres[:, 0]
    return _with_copies(centres, labels, random)


def cloud(lesions: int = 100, seed: int = 0) -> Shared:
    """Two classes in one Gaussian cloud: where an image lies tells its class by a slope, and no gap parts them.

    What images look like without labels is the same whatever the slope: unlabelled ones can tell nothing of it.
    """
    random = np.random.default_rng(seed)
    centres = random.normal(size=(lesions, DIMENSIONS))
    labels = (random.random(lesions) < 1 / (1 + np.exp(-3 * centres[:, 0]))).astype(int)
    return _with_copies(centres, labels, random)


def _with_copies(centres: np.ndarray, labels: np.ndarray, random: np.random.Generator) -> Shared:
    values = np.repeat(centres, 2, axis=0) + 0.02 * random.normal(size=(2 * len(labels), centres.shape[1]))
    return Shared(values, np.repeat(labels, 2), np.repeat(np.arange(len(labels)), 2), 2)


def folds_of(shared: Shared, number: int = 3) -> list[np.ndarray]:
    """Rows that each fold tests: every third lesion."""
    return [np.flatnonzero(shared.groups % number == fold) for fold in range(number)]
