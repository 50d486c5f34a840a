"""Label spreading: labels flow along a graph of near neighbours (Zhou et al. 2004, NeurIPS 16:321-328)."""

from __future__ import annotations

from itertools import product

import numpy as np

from bcd_utils.models.few_labels.base import FewLabels, Predict, best_setting, of_all_classes

NEIGHBOURS = (10, 30)
CLAMPING = (0.2, 0.9)  # share of what an image is told by its neighbours, against its own label
ROUNDS = 1000


def learn(given: FewLabels) -> tuple[Predict, str]:
    """Label spreading with the number of neighbours and the clamping that the labelled images choose."""
    neighbours, clamping = best_setting(given, spread, list(product(NEIGHBOURS, CLAMPING)))
    return spread(given, (neighbours, clamping)), f"neighbours={neighbours}, alpha={clamping:g}"


def spread(given: FewLabels, settings: tuple[int, float]) -> Predict:
    """Label spreading with given settings.

    Where no label reaches an image's neighbours, it is given the shares of the classes among the labelled ones.
    """
    from sklearn.semi_supervised import LabelSpreading

    neighbours, clamping = settings
    neighbours = min(neighbours, len(given.labels))
    model = LabelSpreading(kernel="knn", n_neighbors=neighbours, alpha=clamping, max_iter=ROUNDS)
    told = of_all_classes(model.fit(given.values, given.labels), given.classes)
    shares = np.bincount(given.labels[given.labelled], minlength=given.classes) / len(given.labelled)

    def predict(values: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # 0 / 0 where no label came
            found = told(values)
        return np.where(np.isnan(found), shares, found)

    return predict
