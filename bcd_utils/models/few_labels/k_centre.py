"""What to label next: the lesions farthest from all labelled ones (k-centre greedy; Sener and Savarese 2018, ICLR)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bcd_utils.models.few_labels.base import FewLabels, Predict


def choose(given: FewLabels, predict: Predict, number: int) -> np.ndarray:
    """Unlabelled lesions, each the farthest from those labelled or chosen before; a lesion is its images' mean.

    What the model says plays no part (Gonzalez 1985, Theoretical Computer Science 38:293-306).
    """
    from sklearn.metrics import pairwise_distances

    centres = pd.DataFrame(given.values).groupby(given.groups).mean()
    labelled = centres.index.isin(given.groups[given.labelled])
    distances = pairwise_distances(centres.to_numpy())
    nearest = np.where(labelled, -1.0, distances[:, labelled].min(axis=1, initial=np.inf))
    chosen: list[int] = []
    for _ in range(min(number, (~labelled).sum())):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, distances[chosen[-1]])
        nearest[chosen] = -1.0
    return centres.index.to_numpy()[chosen]
