"""Label spreading: labels flow between images that are alike (Zhou et al. 2004, NeurIPS 16:321-328)."""

from __future__ import annotations

from itertools import product

import numpy as np

from bcd_utils.models.few_labels.base import FewLabels, Predict, best_setting, of_all_classes

#: How fast likeness falls with distance: exp(-sharpness * squared distance / total variance). Unlike a number of
#: nearest neighbours it leaves no ties to rounding, which exact copies of an image would make.
SHARPNESS = (1.0, 5.0, 20.0)
CLAMPING = (0.2, 0.9)  # share of what an image is told by others, against its own label
ROUNDS = 1000


def learn(given: FewLabels) -> tuple[Predict, str]:
    """Label spreading with the sharpness and the clamping that the labelled images choose."""
    sharpness, clamping = best_setting(given, spread, list(product(SHARPNESS, CLAMPING)))
    return spread(given, (sharpness, clamping)), f"sharpness={sharpness:g}, alpha={clamping:g}"


def spread(given: FewLabels, settings: tuple[float, float]) -> Predict:
    """Label spreading with given settings.

    An image that is like no other is given the shares of the classes among the labelled ones.
    """
    from sklearn.semi_supervised import LabelSpreading

    sharpness, clamping = settings
    gamma = sharpness / given.values.var(axis=0).sum()
    model = LabelSpreading(kernel="rbf", gamma=gamma, alpha=clamping, max_iter=ROUNDS)
    told = of_all_classes(model.fit(given.values, given.labels), given.classes)
    shares = np.bincount(given.labels[given.labelled], minlength=given.classes) / len(given.labelled)

    def predict(values: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):  # 0 / 0 where all likeness vanishes
            found = told(values)
        return np.where(np.isnan(found), shares, found)

    return predict
