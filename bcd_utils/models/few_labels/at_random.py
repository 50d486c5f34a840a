"""What to label next: lesions at random."""

from __future__ import annotations

import numpy as np

from bcd_utils.models.few_labels.base import FewLabels, Predict


def choose(given: FewLabels, predict: Predict, number: int) -> np.ndarray:
    """Unlabelled lesions drawn with equal chances; what the model says plays no part."""
    random = np.random.default_rng([given.seed, len(given.labelled)])
    return random.permutation(np.unique(given.groups[given.unlabelled]))[:number]
