"""What to label next: lesions of which the model is least sure (Lewis and Gale 1994, SIGIR)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bcd_utils.models.few_labels.base import FewLabels, Predict


def choose(given: FewLabels, predict: Predict, number: int) -> np.ndarray:
    """Unlabelled lesions whose likeliest class has the lowest probability, on average over their images."""
    rows = given.unlabelled
    if not len(rows):
        return rows
    sureness = pd.Series(predict(given.values[rows]).max(axis=1)).groupby(given.groups[rows]).mean()
    return sureness.sort_values(kind="stable").index.to_numpy()[:number]
