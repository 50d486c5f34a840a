"""Feature maps averaged over their positions."""

from __future__ import annotations

import numpy as np

from bcd_utils.streaming import one_by_one


def pooled(features: np.ndarray) -> np.ndarray:
    """Mean of each feature over the positions of the map, float32 (n, c), streaming over (n, h, w, c)."""
    means = np.empty((len(features), features.shape[-1]), np.float32)
    for place, row in enumerate(one_by_one(features)):
        means[place] = np.asarray(row, dtype=np.float32).mean(axis=(0, 1))
    return means
