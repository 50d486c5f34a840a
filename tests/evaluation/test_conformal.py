"""Conformal sets hold the true class as often as was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from bcd_utils.evaluation.conformal import least_probability, prediction_sets


def drawn(generator, images):
    """Labels that come true as often as their probabilities say."""
    probabilities = generator.dirichlet([0.6, 0.5, 0.4], images)
    labels = (generator.random(images)[:, None] > probabilities.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return labels, probabilities


@pytest.mark.parametrize("distort", [lambda p: p, lambda p: p**4, lambda p: p[:, [1, 0, 2]]])
def test_coverage_on_simulated_images_whether_the_model_is_right_or_not(distort):
    generator, coverages = np.random.default_rng(0), []
    for _ in range(300):
        sets = []
        for images in (99, 200):
            labels, probabilities = drawn(generator, images)
            given = distort(probabilities)
            sets.append((labels, given / given.sum(axis=1, keepdims=True)))
        labels, probabilities = sets[1]
        belongs = prediction_sets(probabilities, least_probability(*sets[0], coverage=0.9))
        coverages.append(belongs[np.arange(200), labels].mean())
    # of 99 tuning images the 90th decides: a share of 90 / 100, which follows Beta(90, 10)
    assert np.mean(coverages) == pytest.approx(0.9, abs=0.006)
    assert np.std(coverages) == pytest.approx(np.sqrt(0.9 * 0.1 / 101 + 0.9 * 0.1 / 200), rel=0.15)


@pytest.mark.parametrize(
    ("images", "coverage", "expected"),
    [(9, 0.9, 0.1), (8, 0.9, None), (19, 0.9, 0.2), (29, 0.9, 0.3), (9, 0.5, 0.5), (0, 0.9, None)],
)
def test_the_rank_by_hand(images, coverage, expected):
    # of 9: ceil(10 x 0.9) = 9th highest of 0.9, 0.8 ... 0.1; of 19 with 0.05 steps: the 18th; of 29: the 27th
    true = {9: np.arange(1, 10) / 10, 19: np.arange(1, 20) / 10 + 0, 29: np.arange(1, 30) / 10}.get(images)
    true = np.arange(1, images + 1) / 10 if true is None else true
    given = np.stack([true, 1 - true], axis=1)
    found = least_probability(np.zeros(images, int), given, coverage)
    assert found == (None if expected is None else pytest.approx(expected))


def test_a_set_may_hold_all_several_or_no_class():
    rows = [[0.5, 0.3, 0.2], [0.34, 0.33, 0.33]]
    assert prediction_sets(rows, 0.3).tolist() == [[True, True, False], [True, True, True]]
    assert not prediction_sets(rows, 0.6).any() and prediction_sets(rows, None).all()


@pytest.mark.parametrize("coverage", [0, 1, 1.2])
def test_other_than_a_share_is_refused(coverage):
    with pytest.raises(ValueError, match="between 0 and 1"):
        least_probability([0], [[1.0, 0.0]], coverage)
