"""Settings are chosen among the few labels that there are."""

from __future__ import annotations

import numpy as np
import pytest

from bcd_utils.models.few_labels.base import UNKNOWN, FewLabels, best_setting, of_all_classes


def given(labels, groups=None, seed=0) -> FewLabels:
    labels = np.array(labels)
    groups = np.arange(len(labels)) if groups is None else np.array(groups)
    return FewLabels(np.arange(len(labels), dtype=float)[:, None], labels, groups, 2, seed)


def test_only_labelled_images_are_held_out_and_lesions_stay_whole():
    asked = []

    def learn(part, setting):
        def predict(values):
            asked.append((set(part.values[:, 0]), set(values[:, 0]), len(part.unlabelled)))
            return np.full((len(values), 2), 0.5)

        return predict

    labels = [0, 0, 0, 0, 1, 1, 1, 1, UNKNOWN, UNKNOWN]
    pairs = [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert best_setting(given(labels, pairs), learn, ["only"]) == "only"
    assert len(asked) == 2, "as many inner folds as a class has lesions"
    for seen, held, unlabelled in asked:
        assert not seen & held and seen | held == set(range(10)) and unlabelled == 2
        assert {value + 1 - 2 * (value % 2) for value in held} == held, "both images of a lesion"


def test_the_setting_that_is_right_on_held_out_labels_is_chosen():
    def learn(part, right):
        return lambda values: np.where((values >= 4) == right, [0.1, 0.9], [0.9, 0.1])

    assert best_setting(given([0] * 4 + [1] * 4), learn, [False, True]) is True
    assert best_setting(given([1] * 4 + [0] * 4), learn, [False, True]) is False


def test_a_class_that_a_model_does_not_know_has_probability_0():
    class Model:
        classes_ = np.array([0, 2])

        def predict_proba(self, values):
            return np.full((len(values), 2), 0.5)

    assert of_all_classes(Model(), 3)(np.zeros((1, 1))).tolist() == [[0.5, 0, 0.5]]


@pytest.mark.parametrize("rows", [[0], [1, 2]])
def test_without_takes_rows_away_whole(rows):
    left = given([0, 1, UNKNOWN]).without(np.array(rows))
    assert set(left.values[:, 0]) == {0, 1, 2} - set(rows) and len(left.labels) == len(
        left.groups
    ) == 3 - len(rows)
