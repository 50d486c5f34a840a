"""Self-training, and what to label next, each on a picture that can be followed by eye."""

from __future__ import annotations

import numpy as np
import pytest

from bcd_utils.models.few_labels import at_random, k_centre, least_confident, probe, self_training
from bcd_utils.models.few_labels.base import UNKNOWN, FewLabels


def on_a_line(places, labels, groups=None) -> FewLabels:
    groups = np.arange(len(places)) if groups is None else np.array(groups)
    return FewLabels(np.array(places, dtype=float)[:, None], np.array(labels), groups, 2, 0)


def rises(values: np.ndarray) -> np.ndarray:
    """A model that is the surer the farther from 0 an image lies."""
    second = 1 / (1 + np.exp(-values[:, 0]))
    return np.column_stack([1 - second, second])


def test_self_training_takes_for_a_label_what_it_is_sure_of():
    given = on_a_line([-9, 1, -1.5, -1, -0.5, 2, 3, 4], [0, 1] + [UNKNOWN] * 6)
    alone, further = (
        fit(np.array([[0.0]]))[0, 1]
        for fit in (probe.with_penalty(given, 1.0), self_training.with_threshold(given, 1.0, 0.6))
    )
    assert further > alone, "six more images on the right of the middle are taken for the right class"
    unsure = self_training.with_threshold(given, 1.0, 0.999999)(np.array([[0.0]]))[0, 1]
    assert unsure == alone, "where it is sure of nothing, it is the probe"


def test_self_training_with_every_label_is_the_probe():
    given = on_a_line([-2, -1, 1, 2], [0, 0, 1, 1])
    asked = np.array([[0.5]])
    assert (
        self_training.with_threshold(given, 1.0, 0.75)(asked) == probe.with_penalty(given, 1.0)(asked)
    ).all()


def test_the_least_confident_lesion_is_that_of_the_mean_over_its_images():
    given = on_a_line([0, 5, 2, 2.1, -4], [UNKNOWN] * 4 + [1], groups=[7, 7, 8, 8, 9])
    # mean of the likeliest class: lesion 7 (0.5 + 0.993) / 2, lesion 8 (0.881 + 0.891) / 2
    assert least_confident.choose(given, rises, 1).tolist() == [7]
    assert least_confident.choose(given, rises, 5).tolist() == [7, 8], (
        "no labelled one, and no more than there are"
    )


def test_k_centre_takes_the_farthest_and_then_the_farthest_from_both():
    given = on_a_line([0, 1, 6, 10, 9.9], [0] + [UNKNOWN] * 4)
    assert k_centre.choose(given, rises, 3).tolist() == [3, 2, 1]
    assert sorted(k_centre.choose(given, rises, 9)) == [1, 2, 3, 4]


def test_at_random_is_without_repeats_among_unlabelled_lesions_and_the_same_again():
    given = on_a_line(range(6), [0, 1] + [UNKNOWN] * 4, groups=[0, 1, 2, 2, 3, 4])
    first = at_random.choose(given, rises, 3)
    assert sorted(first) == [2, 3, 4] and (first == at_random.choose(given, rises, 3)).all()


@pytest.mark.parametrize("choose", [at_random.choose, least_confident.choose, k_centre.choose])
def test_where_all_is_labelled_nothing_is_left_to_choose(choose):
    assert len(choose(on_a_line([0, 1], [0, 1]), rises, 2)) == 0
