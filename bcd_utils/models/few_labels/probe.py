"""The floor: a linear probe on the labelled images alone (Alain and Bengio 2016, arXiv:1610.01644)."""

from __future__ import annotations

from bcd_utils.models.candidates.scikit_learn import PENALTIES, logistic_regression
from bcd_utils.models.few_labels.base import FewLabels, Predict, best_setting, of_all_classes


def learn(given: FewLabels) -> tuple[Predict, str]:
    """The probe with the penalty that the labelled images choose."""
    penalty = best_setting(given, with_penalty, PENALTIES)
    return with_penalty(given, penalty), f"C={penalty:g}"


def with_penalty(given: FewLabels, penalty: float) -> Predict:
    """The probe with one of `PENALTIES`."""
    rows, model = given.labelled, logistic_regression(given.seed).set_params(C=penalty)
    return of_all_classes(model.fit(given.values[rows], given.labels[rows]), given.classes)
