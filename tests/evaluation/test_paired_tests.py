"""Comparisons against direct definitions, jackknives, exact distributions and published values."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2

from bcd_utils.evaluation.paired_tests import delong_test, holm_adjusted, mcnemar_test

quick = settings(max_examples=40, deadline=None, database=None)


def images(positives, negatives, seed=0, models=1):
    """Which images are positive, and for each model their scores, with ties."""
    rng = np.random.default_rng(seed)
    positive = rng.permutation(np.arange(positives + negatives) < positives)
    shared = rng.integers(0, 6, len(positive)) + 2 * positive
    return positive, *(shared + rng.integers(0, 4, len(positive)) for _ in range(models))


def kernel(positive, scores):
    """Every positive against every negative: 1 if it scores above, one half if equal; (m, n)."""
    difference = np.subtract.outer(scores[positive], scores[~positive])
    return np.where(difference == 0, 0.5, difference > 0)


def covariance_by_definition(*kernels):
    """Equations 3 to 5 of DeLong et al. 1988, from the m n comparisons of each model."""
    m, n = kernels[0].shape
    of_positives = np.cov([matrix.mean(axis=1) for matrix in kernels])
    of_negatives = np.cov([matrix.mean(axis=0) for matrix in kernels])
    return of_positives / m + of_negatives / n


@quick
@given(st.integers(2, 15), st.integers(2, 15), st.integers(0, 10**6))
def test_test_of_two_models_is_that_of_all_pairs(positives, negatives, seed):
    positive, first, second = images(positives, negatives, seed, models=2)
    kernels = [kernel(positive, scores) for scores in (first, second)]
    covariance = covariance_by_definition(*kernels)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assume(variance > 1e-9)
    found = delong_test(positive, first, second)
    expected = kernels[0].mean() - kernels[1].mean()
    assert (found["auc_a"], found["auc_b"]) == pytest.approx([matrix.mean() for matrix in kernels])
    assert found["difference"] == pytest.approx(expected)
    assert found["standard_error"] == pytest.approx(variance**0.5)
    assert found["z"] == pytest.approx(expected / variance**0.5)
    assert found["p"] == pytest.approx(chi2.sf(expected**2 / variance, 1), abs=1e-12)
    swapped = delong_test(positive, second, first)
    assert (swapped["z"], swapped["p"]) == pytest.approx((-found["z"], found["p"]))


def test_the_pairing_counts():
    # two models that make nearly the same ranking differ reliably, though their intervals overlap widely
    positive, scores = images(40, 60)
    worse = np.where((np.arange(100) % 4 == 0) & positive, scores - 2, scores)
    found = delong_test(positive, scores, worse)
    better, less = (covariance_by_definition(kernel(positive, given)) for given in (scores, worse))
    assert found["p"] < 0.05 and found["difference"] < 2 * (better + less) ** 0.5
    assert found["standard_error"] < (better + less) ** 0.5 / 2


def test_models_that_rank_alike_do_not_differ():
    positive, scores = images(7, 9)
    found = delong_test(positive, scores, 3.0 * scores + 1)
    assert (found["difference"], found["z"], found["p"]) == (0.0, 0.0, 1.0)


def test_undefined_tests_are_none():
    assert set(delong_test([True, True], [1, 2], [2, 1]).values()) == {None}
    one = delong_test([True, False, False], [3, 2, 1], [1, 2, 3])
    assert (one["difference"], one["p"]) == (1.0, None)
    certain = delong_test([True, True, False, False], [3, 4, 1, 2], [1, 2, 3, 4])
    assert (certain["difference"], certain["standard_error"], certain["p"]) == (1.0, 0.0, None)
    # thirds, which binary fractions only come near to: each of 3 positives beats one more of 3 negatives
    positive, negatives = [True] * 3 + [False] * 3, [1, 2, 3]
    thirds = delong_test(positive, [1.5, 2.5, 3.5, *negatives], [0.5, 1.5, 2.5, *negatives])
    assert (thirds["difference"], thirds["standard_error"], thirds["p"]) == (pytest.approx(1 / 3), 0.0, None)


def test_p_values_are_uniform_where_models_are_equally_good():
    rng = np.random.default_rng(1)
    positive, repeats = np.arange(80) < 30, 500
    small = 0
    for _ in range(repeats):
        image = rng.normal(size=80) + positive
        found = delong_test(positive, image + rng.normal(size=80), image + rng.normal(size=80))
        small += found["p"] < 0.1
    assert binomtest(small, repeats, 0.1).pvalue > 1e-4


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([0.1], "same shape"),
        ([[0.1, 0.2]], "same shape"),
        ([0.1, np.nan], "finite"),
        ([0.1, np.inf], "finite"),
    ],
)
def test_wrong_scores_are_refused(scores, message):
    with pytest.raises(ValueError, match=message):
        delong_test([True, False], [0.1, 0.2], scores)


def right_on(counts):
    """Labels and two models' predictions with these counts of both right, only a, only b, both wrong."""
    kinds = np.repeat(range(4), counts)
    return np.zeros(len(kinds), int), np.isin(kinds, (2, 3)).astype(int), np.isin(kinds, (1, 3)).astype(int)


@pytest.mark.parametrize("counts", [(10, 2, 7, 1), (3, 0, 5, 0), (50, 23, 1, 0), (794, 86, 150, 570)])
def test_the_p_value_is_the_mid_p_of_the_binomial(counts):
    found = mcnemar_test(*right_on(counts))
    _, only_a, only_b, _ = counts
    assert found["table"] == [[counts[0], only_a], [only_b, counts[3]]]
    trials = only_a + only_b  # all that is rarer than what was seen, and half of what is as rare
    chances = [math.comb(trials, number) / 2**trials for number in range(trials + 1)]
    seen = chances[only_a]
    expected = sum(chance * (chance < seen) + chance / 2 * (chance == seen) for chance in chances)
    assert found["p"] == pytest.approx(expected)
    assert found["p"] < binomtest(only_a, trials).pvalue


def test_mid_p_of_the_audit_and_of_ties():
    assert mcnemar_test(*right_on((0, 20, 6, 0)))["p"] == pytest.approx(0.0059, abs=5e-5)
    tied = mcnemar_test(*right_on((0, 12, 12, 0)))["p"]
    assert tied == pytest.approx(1) and tied <= 1


def test_models_that_err_alike_do_not_differ():
    found = mcnemar_test(*right_on((8, 0, 0, 2)))
    assert found["p"] == 1.0
    assert json.loads(json.dumps(found)) == found


def test_a_different_wrong_class_is_no_difference():
    assert mcnemar_test([0, 1], [2, 1], [1, 1])["table"] == [[1, 0], [0, 1]]


@pytest.mark.parametrize("second", [[0], [[0, 1]], [0, 1, 1]])
def test_predictions_of_other_images_are_refused(second):
    with pytest.raises(ValueError, match="same shape"):
        mcnemar_test([0, 1], [0, 1], second)
    with pytest.raises(ValueError, match="same shape"):
        mcnemar_test([], [], [])


def test_holm_by_hand():
    # sorted 0.01, 0.02, 0.03, 0.9, times 4, 3, 2, 1, never falling, at most 1
    given_values = {"a": 0.02, "none": None, "b": 0.9, "c": 0.01, "d": 0.03}
    expected = {"a": 0.06, "none": None, "b": 0.9, "c": 0.04, "d": 0.06}
    assert holm_adjusted(given_values) == pytest.approx(expected)
    assert list(holm_adjusted(given_values)) == list(given_values)
    assert holm_adjusted({}) == {} and holm_adjusted({"a": None}) == {"a": None}
    with pytest.raises(ValueError, match="0..1"):
        holm_adjusted({"a": 1.2})


@quick
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_lies_between_raw_and_bonferroni(values):
    adjusted = holm_adjusted(dict(enumerate(map(float, values))))
    for index, value in enumerate(values):
        assert value <= adjusted[index] <= min(1, len(values) * value) + 1e-12
    smallest = int(np.argmin(values))
    assert adjusted[smallest] == pytest.approx(min(1, len(values) * values[smallest]))
