"""Who the reference and the best of the others work for, from the same out-of-fold predictions."""

from __future__ import annotations

import numpy as np

from bcd_utils.evaluation.subgroups import Subgroups, score_subgroups
from bcd_utils.experiments.comparison.run import NEVER_MEMBERS, FittedComparison


def subgroups_of_two(fitted: FittedComparison) -> dict[str, Subgroups]:
    """Subgroups of all images, by the reference and by the best single other on tuning images, if there is one."""
    never = ("ensemble", *NEVER_MEMBERS)
    others = [
        name for name in fitted.scored if name != fitted.reference and fitted.families[name] not in never
    ]
    names = filter(None, (fitted.reference, fitted.best_on_validation(others)))
    setup, classes = fitted.setup, np.asarray(fitted.setup.classes)
    return {
        name: score_subgroups(
            setup.images.table.assign(predicted=classes[fitted.scored[name].probabilities.argmax(axis=1)]),
            setup.images.dataset.positive,
            setup.study.confidence,
        )
        for name in names
    }
