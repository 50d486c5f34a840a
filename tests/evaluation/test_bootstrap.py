"""Resamples against copies, the jackknife against leaving out, and BCa's ends against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from scipy.stats import norm
from sklearn import metrics as sklearn_metrics

from bcd_utils.evaluation import bootstrap
from bcd_utils.evaluation.bootstrap import bca_interval, resample_weights, resampled, without_each
from bcd_utils.evaluation.counts import Predictions, weighted_auc
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.metrics import scores_of

UNKNOWN = {"low": None, "high": None}


def fair(images=60, seed=0, classes=3):
    """Labels and probabilities, with ties, of a fair classifier; every class occurs."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(images) % classes)
    rows = rng.integers(0, 5, size=(images, classes)) + 3.0 * np.eye(classes)[labels] + 1
    return labels, rows / rows.sum(axis=1, keepdims=True)


# -- resamples --------------------------------------------------------------------------------------


def test_groups_stay_whole():
    labels, groups = np.array([0, 1, 1, 0, 2]), ["p", "q", "p", "r", "q"]
    (weights,) = resample_weights(labels, groups, samples=200, seed=0)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
    np.testing.assert_array_equal(weights[:, 1], weights[:, 4])
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert weights[:, [0, 1, 3]].mean(axis=0) == pytest.approx([1, 1, 1], abs=0.2)


def test_stratified_resamples_keep_class_counts():
    labels = np.array([0] * 7 + [1] * 3 + [2])
    weights = np.concatenate(list(resample_weights(labels, None, samples=300, seed=1)))
    assert weights.shape == (300, 11)
    assert (weights >= 0).all() and (weights == weights.round()).all()
    np.testing.assert_array_equal(weights @ np.eye(3)[labels], np.tile([7, 3, 1], (300, 1)))
    assert weights.mean(axis=0) == pytest.approx(np.ones(11), abs=0.25)
    assert weights[:, 0].var() == pytest.approx(6 / 7, rel=0.3)  # Bin(7, 1/7)


@pytest.mark.parametrize("groups", [None, np.arange(60) // 2])
def test_block_size_does_not_change_the_resamples(monkeypatch, groups):
    labels, _ = fair()
    whole = np.concatenate(list(resample_weights(labels, groups, 50, seed=4)))
    remain = without_each(np.eye(60), labels, groups)
    monkeypatch.setattr(bootstrap, "BLOCK", 60 * 7)
    blocks = list(resample_weights(labels, groups, 50, seed=4))
    assert [len(block) for block in blocks] == [7] * 7 + [1]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    for found, expected in zip(without_each(np.eye(60), labels, groups), remain, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_seed_decides():
    labels, _ = fair()
    first, again, other = (next(resample_weights(labels, None, 20, seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_a_statistic_of_resamples_is_that_of_copied_images():
    labels, probabilities = fair(30, seed=2)
    groups = np.arange(30) // 6
    labels[:18] = 0  # some resamples of whole groups lack the other classes

    def f1(weights):
        return Predictions(labels, probabilities, weights).f1

    found = resampled(f1, labels, groups, 40, 9)
    for row, values in zip(np.concatenate([*resample_weights(labels, groups, 40, 9)]), found, strict=True):
        drawn = np.repeat(np.arange(30), row.astype(int))
        expected = Predictions(labels[drawn], probabilities[drawn]).f1
        np.testing.assert_allclose(values, expected, rtol=1e-12)
    assert np.isnan(found).any()


def test_the_loss_of_a_resample_is_a_mean_over_the_images_drawn():
    # groups of 3 and 1 images, all equally well predicted: the loss is the same however many are drawn
    labels, probabilities = np.array([0, 0, 1, 1]), np.array([[0.7, 0.3]] * 2 + [[0.3, 0.7]] * 2)
    losses = resampled(lambda w: Predictions(labels, probabilities, w).loss, labels, [1, 1, 1, 2], 50, 0)
    assert losses == pytest.approx(-np.log(0.7))
    assert bca_interval(-np.log(0.7), losses, [np.full(2, -np.log(0.7))], 0.95) == UNKNOWN | {
        "value": -np.log(0.7)
    }


def test_auc_of_each_resample_is_scikit_learns():
    labels, probabilities = fair(40)
    weights = np.random.default_rng(5).integers(0, 4, size=(20, 40)).astype(float)
    for index in range(3):
        positive, scores = labels == index, probabilities[:, index]
        assert len(np.unique(scores)) < 40  # ties are part of the case
        expected = [sklearn_metrics.roc_auc_score(positive, scores, sample_weight=row) for row in weights]
        np.testing.assert_allclose(weighted_auc(positive, scores, weights), expected)


def test_weighted_auc_by_hand():
    # the positive of weight 2 ties with a negative of weight 3 and beats one of weight 1: (1.5 + 1) / 4
    positive, scores = np.array([True, False, False]), np.array([0.5, 0.5, 0.1])
    found = weighted_auc(positive, scores, np.array([[2.0, 3.0, 1.0], [0.0, 1.0, 1.0]]))
    assert found[0] == 2.5 / 4
    assert np.isnan(found[1])


@pytest.mark.parametrize(
    ("samples", "groups", "message"),
    [
        (0, None, "samples"),
        (9, [1, 2], "60 images but 2 groups"),
        (9, [None] + [1] * 29 + [2] * 30, "missing"),
        (9, [float("nan"), "p"] + ["q"] * 58, "missing"),
        (9, [1] * 60, "two groups"),
    ],
)
def test_wrong_options_are_refused(samples, groups, message):
    with pytest.raises(ValueError, match=message):
        list(resample_weights(fair()[0], groups, samples, 0))


# -- the jackknife ----------------------------------------------------------------------------------


def test_each_image_is_left_out_once_by_class_or_with_its_whole_group():
    labels = np.array([0, 1, 1, 0, 2])
    found = without_each(np.eye(5), labels, None)
    whole = np.ones((5, 5)) - np.eye(5)
    for rows, members in zip(found, ([0, 3], [1, 2], [4]), strict=True):
        np.testing.assert_array_equal(rows, whole[members])
    (rows,) = without_each(np.eye(5), labels, ["p", "q", "p", "r", "q"])
    np.testing.assert_array_equal(rows, [[0, 1, 0, 1, 1], [1, 0, 1, 1, 0], [1, 1, 1, 0, 1]])


@pytest.mark.parametrize("groups", [None, np.arange(60) // 4])
def test_scores_without_each_are_those_of_the_images_that_remain(groups):
    labels, probabilities = fair()
    scored = Scored.of(labels, probabilities, ["a", "b", "c"], groups)
    found = np.concatenate(scored.without_each)
    remain = np.concatenate(without_each(np.eye(60), labels, groups)).astype(bool)
    for row, kept in zip(found, remain, strict=True):
        values = scores_of(Predictions(labels[kept], probabilities[kept]), ["a", "b", "c"])
        np.testing.assert_allclose(row, [values[name] for name in scored.bootstrapped], rtol=1e-12)


# -- BCa --------------------------------------------------------------------------------------------


def kappa(labels, called):
    return sklearn_metrics.cohen_kappa_score(labels, called)


def scipys(samples, statistic, drawn, confidence):
    """BCa of SciPy, for the same resamples."""
    before = scipy.stats.bootstrap(samples, statistic, n_resamples=2, vectorized=False, method="percentile")
    before.bootstrap_distribution = drawn
    options = {"vectorized": False, "confidence_level": confidence, "method": "BCa"}
    found = scipy.stats.bootstrap(samples, statistic, n_resamples=0, bootstrap_result=before, **options)
    return found.confidence_interval


def test_the_ends_are_scipys_over_groups():
    # SciPy draws rows: here whole groups of three images, by their numbers
    labels, probabilities = fair(60, seed=3)
    called, groups = probabilities.argmax(axis=1), np.arange(60) // 3

    def of_groups(drawn):
        images = np.concatenate([np.flatnonzero(groups == group) for group in drawn.astype(int)])
        return kappa(labels[images], called[images])

    def weighted(weights):
        return np.array([kappa_of(labels, called, row) for row in weights])

    drawn = resampled(weighted, labels, groups, 100, 0)
    found = bca_interval(kappa(labels, called), drawn, left_out(weighted, labels, groups), 0.8)
    expected = scipys((np.arange(20.0),), of_groups, drawn, 0.8)
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected))


def left_out(statistic, labels, groups):
    return [statistic(rows) for rows in without_each(np.eye(len(labels)), labels, groups)]


def kappa_of(labels, called, weights):
    return sklearn_metrics.cohen_kappa_score(labels, called, sample_weight=weights)


def test_the_ends_are_scipys_within_classes():
    labels, probabilities = fair(50, seed=4, classes=2)
    called = probabilities.argmax(axis=1)
    parts = [called[labels == label].astype(float) for label in (0, 1)]

    def of_classes(first, second):
        return kappa(np.repeat([0, 1], [len(first), len(second)]), np.concatenate([first, second]))

    def weighted(weights):
        return np.array([kappa_of(labels, called, row) for row in weights])

    drawn = resampled(weighted, labels, None, 100, 0)
    found = bca_interval(kappa(labels, called), drawn, left_out(weighted, labels, None), 0.95)
    assert (found["low"], found["high"]) == pytest.approx(tuple(scipys(parts, of_classes, drawn, 0.95)))


def test_without_bias_and_skewness_the_ends_are_quantiles():
    drawn = np.arange(-50, 51) / 100
    found = bca_interval(0.0, drawn, [np.array([-1.0, 0, 1])], 0.9)
    assert found == pytest.approx({"value": 0.0, "low": -0.45, "high": 0.45}, abs=1e-12)


def test_ends_move_with_the_share_of_resamples_below_the_value():
    drawn = np.arange(1000) / 1000
    found = bca_interval(0.6, drawn, [np.array([-1.0, 0, 1])], 0.9)
    low, high = norm.cdf(2 * norm.ppf(0.6005) + norm.ppf([0.05, 0.95]))  # 600 below, one equal
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=1e-3)


def test_undefined_resamples_and_images_are_left_out():
    drawn, without = np.random.default_rng(0).normal(size=500), np.random.default_rng(1).normal(size=20)
    with_gaps = np.append(drawn, [np.nan] * 9)
    expected = bca_interval(0.1, drawn, [without], 0.95)
    assert bca_interval(0.1, with_gaps, [np.append(without, np.nan)], 0.95) == expected


@pytest.mark.parametrize(
    ("value", "drawn"), [(1.0, [1.0] * 9), (None, [0.4, 0.6]), (0.5, [np.nan] * 3), (0.5, [])]
)
def test_what_resamples_cannot_tell_is_none(value, drawn):
    assert bca_interval(value, np.array(drawn, float), [np.ones(9)], 0.95) == UNKNOWN | {"value": value}


def test_a_value_that_no_resample_reaches_still_has_ordered_ends():
    found = bca_interval(0.9, np.linspace(0.1, 0.8, 50), [np.array([0.8, 0.9, 0.9])], 0.95)
    assert found["low"] is None or found["low"] < found["high"]
