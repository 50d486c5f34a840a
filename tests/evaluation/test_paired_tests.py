"""Comparisons against direct definitions, jackknives, exact distributions and published values."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2, norm
from sklearn.metrics import roc_auc_score

from bcd_utils.evaluation.paired_tests import delong_interval, delong_test, holm_adjusted, mcnemar_test

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
def test_area_and_variance_are_those_of_all_pairs(positives, negatives, seed):
    positive, scores = images(positives, negatives, seed)
    found = delong_interval(positive, scores)
    assert found["value"] == pytest.approx(kernel(positive, scores).mean())
    assert found["variance"] == pytest.approx(covariance_by_definition(kernel(positive, scores)), abs=1e-15)


def test_variance_is_the_two_sample_jackknife_of_scikit_learns_area():
    positive, scores = images(9, 14)
    dropped = np.array(
        [roc_auc_score(np.delete(positive, i), np.delete(scores, i)) for i in range(len(positive))]
    )
    parts = [(kind.sum() - 1) / kind.sum() * dropped[kind] for kind in (positive, ~positive)]
    expected = sum(((part - part.mean()) ** 2).sum() * len(part) / (len(part) - 1) for part in parts)
    assert delong_interval(positive, scores)["variance"] == pytest.approx(expected)


def test_area_of_the_ct_ratings_published_by_hanley_and_mcneil_1982():
    ratings = np.arange(1, 6)
    normal, abnormal = np.repeat(ratings, [33, 6, 6, 11, 2]), np.repeat(ratings, [3, 2, 2, 11, 33])
    found = delong_interval(np.repeat([False, True], [58, 51]), np.concatenate([normal, abnormal]))
    assert round(found["value"], 3) == 0.893
    # their standard error, 0.032, is for exponential scores; that of DeLong's method lies close to it
    assert found["variance"] ** 0.5 == pytest.approx(0.032, abs=0.002)


def test_interval_is_symmetric_on_the_logit_scale():
    positive, scores = images(20, 30)
    found = delong_interval(positive, scores, confidence=0.9)
    area, error = found["value"], found["variance"] ** 0.5
    odds = area / (1 - area)
    factor = np.exp(1.6448536 * error / (area * (1 - area)))
    assert found["low"] == pytest.approx(odds / factor / (1 + odds / factor))
    assert found["high"] == pytest.approx(odds * factor / (1 + odds * factor))


def test_interval_holds_the_true_area_as_often_as_it_says():
    rng = np.random.default_rng(0)
    area, positive, repeats = 0.9, np.arange(100) < 30, 600
    held = 0
    for _ in range(repeats):
        scores = rng.normal(size=100) + positive * norm.ppf(area) * 2**0.5
        found = delong_interval(positive, scores)
        held += found["low"] <= area <= found["high"]
    assert binomtest(held, repeats, 0.95).pvalue > 1e-4


def test_what_an_area_cannot_tell_is_none():
    nothing = dict.fromkeys(["value", "variance", "low", "high"])
    assert delong_interval([True, True], [0.1, 0.2]) == nothing
    assert delong_interval([False], [0.1]) == nothing
    assert delong_interval([], []) == nothing
    assert delong_interval([True, False, False], [0.5, 0.1, 0.9]) == nothing | {"value": 0.5}
    perfect = delong_interval([True, True, False, False], [0.8, 0.9, 0.1, 0.2])
    assert perfect == nothing | {"value": 1.0, "variance": 0.0}


@quick
@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 10**6), st.floats(0.5, 0.99))
def test_interval_holds_the_area_and_mirrors(positives, negatives, seed, confidence):
    positive, scores = images(positives, negatives, seed)
    found = delong_interval(positive, scores, confidence)
    assume(found["low"] is not None)
    assert 0 <= found["low"] < found["value"] < found["high"] <= 1
    mirrored = delong_interval(positive, -scores, confidence)
    assert (1 - mirrored["high"], 1 - mirrored["low"]) == pytest.approx((found["low"], found["high"]))


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
    better, less = delong_interval(positive, scores), delong_interval(positive, worse)
    assert found["p"] < 0.05 and better["low"] < less["high"]
    assert found["standard_error"] < (better["variance"] + less["variance"]) ** 0.5 / 2


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
        delong_interval([True, False], scores)
    with pytest.raises(ValueError, match=message):
        delong_test([True, False], [0.1, 0.2], scores)


def test_wrong_confidence_is_refused():
    with pytest.raises(ValueError, match="confidence"):
        delong_interval([True, False], [0.1, 0.2], confidence=95)


def right_on(counts):
    """Labels and two models' predictions with these counts of both right, only a, only b, both wrong."""
    kinds = np.repeat(range(4), counts)
    return np.zeros(len(kinds), int), np.isin(kinds, (2, 3)).astype(int), np.isin(kinds, (1, 3)).astype(int)


@pytest.mark.parametrize("counts", [(10, 2, 7, 1), (0, 12, 12, 0), (3, 0, 5, 0), (50, 23, 1, 0)])
def test_few_discordant_images_are_tested_exactly(counts):
    found = mcnemar_test(*right_on(counts))
    _, only_a, only_b, _ = counts
    assert found["table"] == [[counts[0], only_a], [only_b, counts[3]]]
    assert found["exact"] and found["statistic"] == min(only_a, only_b)
    assert found["p"] == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)


def test_many_discordant_images_are_tested_with_chi_squared():
    found = mcnemar_test(*right_on((794, 86, 150, 570)))
    assert not found["exact"]
    assert found["statistic"] == pytest.approx((150 - 86 - 1) ** 2 / (150 + 86))
    assert found["p"] == pytest.approx(chi2.sf(found["statistic"], 1))
    assert mcnemar_test(*right_on((0, 12, 12, 0)))["exact"]
    assert not mcnemar_test(*right_on((0, 12, 13, 0)))["exact"]


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
