"""Self-training: what the probe is sure of among unlabelled images becomes a label (Yarowsky 1995; Scudder 1965)."""

from __future__ import annotations

from bcd_utils.models.candidates.scikit_learn import PENALTIES, logistic_regression
from bcd_utils.models.few_labels import probe
from bcd_utils.models.few_labels.base import FewLabels, Predict, best_setting, of_all_classes

THRESHOLDS = (0.75, 0.95)  # of the probability from which a prediction is taken for a label
ROUNDS = 5


def learn(given: FewLabels) -> tuple[Predict, str]:
    """Self-training of the probe with the penalty and then the threshold that the labelled images choose."""
    penalty = best_setting(given, probe.with_penalty, PENALTIES)
    threshold = best_setting(given, lambda part, least: with_threshold(part, penalty, least), THRESHOLDS)
    return with_threshold(given, penalty, threshold), f"C={penalty:g}, threshold={threshold:g}"


def with_threshold(given: FewLabels, penalty: float, threshold: float) -> Predict:
    """Self-training with given settings; the probe itself where every image has a label."""
    from sklearn.semi_supervised import SelfTrainingClassifier

    if not len(given.unlabelled):
        return probe.with_penalty(given, penalty)
    base = logistic_regression(given.seed).set_params(C=penalty)
    model = SelfTrainingClassifier(base, threshold=threshold, max_iter=ROUNDS)
    return of_all_classes(model.fit(given.values, given.labels), given.classes)
