"""Feature maps averaged over their positions."""

from __future__ import annotations

import numpy as np


def pooled(features: np.ndarray) -> np.ndarray:
    """Mean of each feature over the positions of the map, float32 (n, c), streaming over (n, h, w, c)."""
    means = [np.asarray(row, dtype=np.float32).mean(axis=(0, 1)) for row in features]
    return np.array(means, dtype=np.float32).reshape(len(features), features.shape[-1])
