"""Intervals against exact distributions, published values and scikit-learn's weighted scores."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn import metrics as sklearn_metrics

from bcd_utils.evaluation import bootstrap
from bcd_utils.evaluation.bootstrap import (
    bootstrap_intervals,
    resample_weights,
    resampled_scores,
    wilson_interval,
)
from bcd_utils.evaluation.counts import weighted_auc
from bcd_utils.evaluation.metrics import score

CLASSES = ["benign", "malignant", "normal"]
quick = settings(max_examples=25, deadline=None, database=None)


def fair(images=60, seed=0, classes=3):
    """Labels and probabilities, with ties, of a fair classifier; every class occurs."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(images) % classes)
    rows = rng.integers(0, 5, size=(images, classes)) + 3.0 * np.eye(classes)[labels] + 1
    return labels, rows / rows.sum(axis=1, keepdims=True)


def right_or_wrong(labels, right):
    """Two-class probabilities: certain, and right where told."""
    return np.eye(2)[np.where(right, labels, 1 - np.asarray(labels))]


def test_accuracy_interval_is_the_binomial_one():
    # 45 of 50 right in both classes: resampled hits are Bin(50, .9) + Bin(50, .9) = Bin(100, .9)
    labels = np.repeat([0, 1], 50)
    right = np.tile(np.arange(50) < 45, 2)
    found = bootstrap_intervals(labels, right_or_wrong(labels, right), ["a", "b"])["accuracy"]
    assert found["value"] == 0.9
    assert found["low"] == pytest.approx(binom.ppf(0.025, 100, 0.9) / 100, abs=0.0101)
    assert found["high"] == pytest.approx(binom.ppf(0.975, 100, 0.9) / 100, abs=0.0101)


def test_sensitivity_interval_depends_on_its_own_class_only():
    labels = np.repeat([0, 1], [400, 40])
    right = np.concatenate([np.ones(400, bool), np.arange(40) < 28])
    found = bootstrap_intervals(labels, right_or_wrong(labels, right), ["a", "b"], samples=4000)
    assert found["sensitivity_a"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["sensitivity_b"]["low"] == pytest.approx(binom.ppf(0.025, 40, 0.7) / 40, abs=0.026)
    assert found["sensitivity_b"]["high"] == pytest.approx(binom.ppf(0.975, 40, 0.7) / 40, abs=0.026)


def test_group_interval_by_hand():
    # three right images of patient 7, one wrong of patient 9: accuracy is 1, 3/4, 0 with chance 1/4, 1/2, 1/4
    labels, groups = [0, 0, 1, 1], [7, 7, 7, 9]
    probabilities = right_or_wrong(labels, [True, True, True, False])
    wide = bootstrap_intervals(labels, probabilities, ["a", "b"], groups=groups)["accuracy"]
    assert wide == {"value": 0.75, "low": 0.0, "high": 1.0}
    narrow = bootstrap_intervals(labels, probabilities, ["a", "b"], confidence=0.4, groups=groups)["accuracy"]
    assert narrow == {"value": 0.75, "low": 0.75, "high": 0.75}


def test_groups_stay_whole():
    labels, groups = np.array([0, 1, 1, 0, 2]), ["p", "q", "p", "r", "q"]
    (weights,) = resample_weights(labels, groups, samples=200, seed=0)
    np.testing.assert_array_equal(weights[:, 0], weights[:, 2])
    np.testing.assert_array_equal(weights[:, 1], weights[:, 4])
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert weights[:, [0, 1, 3]].mean(axis=0) == pytest.approx([1, 1, 1], abs=0.2)


def test_dependent_images_widen_the_interval():
    labels, probabilities = fair(60)
    labels, probabilities = np.tile(labels, 9), np.tile(probabilities, (9, 1))
    width = {}
    for name, groups in {"images": None, "patients": np.tile(np.arange(60), 9)}.items():
        found = bootstrap_intervals(labels, probabilities, CLASSES, groups=groups)["accuracy"]
        width[name] = found["high"] - found["low"]
    assert 2.2 < width["patients"] / width["images"] < 4.2  # 9 copies: sqrt(9) times as wide


def test_resamples_without_a_class_are_left_out():
    labels, groups = [0, 0, 1, 1], ["p", "p", "q", "q"]
    probabilities = [[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.2, 0.8]]
    found = bootstrap_intervals(labels, probabilities, ["a", "b"], samples=50, groups=groups)
    assert found["roc_auc"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["sensitivity_a"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert found["accuracy"] == {"value": 0.75, "low": 0.5, "high": 1.0}


def test_stratified_resamples_keep_class_counts():
    labels = np.array([0] * 7 + [1] * 3 + [2])
    weights = np.concatenate(list(resample_weights(labels, None, samples=300, seed=1)))
    assert weights.shape == (300, 11)
    assert (weights >= 0).all() and (weights == weights.round()).all()
    np.testing.assert_array_equal(weights @ np.eye(3)[labels], np.tile([7, 3, 1], (300, 1)))
    assert weights.mean(axis=0) == pytest.approx(np.ones(11), abs=0.25)
    assert weights[:, 0].var() == pytest.approx(6 / 7, rel=0.3)  # Bin(7, 1/7)


def test_loss_of_a_resample_is_a_mean_over_the_images_drawn():
    # groups of 3 and 1 images, all equally well predicted: the loss is the same however many are drawn
    probabilities = [[0.7, 0.3], [0.7, 0.3], [0.3, 0.7], [0.3, 0.7]]
    found = bootstrap_intervals([0, 0, 1, 1], probabilities, ["a", "b"], samples=50, groups=[1, 1, 1, 2])
    assert found["loss"] == pytest.approx(dict.fromkeys(["value", "low", "high"], -np.log(0.7)))


@pytest.mark.parametrize("groups", [None, np.arange(60) // 2])
def test_block_size_does_not_change_the_resamples(monkeypatch, groups):
    labels, probabilities = fair()
    whole = np.concatenate(list(resample_weights(labels, groups, 50, seed=4)))
    expected = bootstrap_intervals(labels, probabilities, CLASSES, samples=50, seed=4, groups=groups)
    monkeypatch.setattr(bootstrap, "BLOCK", 60 * 7)
    blocks = list(resample_weights(labels, groups, 50, seed=4))
    assert [len(block) for block in blocks] == [7] * 7 + [1]
    np.testing.assert_array_equal(np.concatenate(blocks), whole)
    found = bootstrap_intervals(labels, probabilities, CLASSES, samples=50, seed=4, groups=groups)
    for name in expected:
        assert found[name] == pytest.approx(expected[name]), name


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


def test_every_interval_is_the_quantile_of_copied_resamples():
    labels, probabilities = fair(30, seed=2)
    found = bootstrap_intervals(labels, probabilities, CLASSES, samples=40, confidence=0.8, seed=9)
    copied = []
    for row in np.concatenate(list(resample_weights(labels, None, 40, seed=9))):
        drawn = np.repeat(np.arange(30), row.astype(int))
        copied.append(score(labels[drawn], probabilities[drawn], CLASSES))
    for name, interval in found.items():
        low, high = np.quantile([scores[name] for scores in copied], [0.1, 0.9])
        assert (interval["low"], interval["high"]) == pytest.approx((low, high)), name


@pytest.mark.parametrize("groups", [None, np.arange(30) // 6])
def test_resampled_scores_are_those_of_copied_resamples(monkeypatch, groups):
    monkeypatch.setattr(bootstrap, "BLOCK", 30 * 7)
    labels, probabilities = fair(30, seed=2)
    labels[:18] = 0  # some resamples of whole groups lack the other classes
    found = resampled_scores(labels, probabilities, CLASSES, 40, seed=9, groups=groups)
    assert list(found) == list(score(labels, probabilities, CLASSES))
    copied = []
    for row in np.concatenate(list(resample_weights(labels, groups, 40, seed=9))):
        drawn = np.repeat(np.arange(30), row.astype(int))
        copied.append(score(labels[drawn], probabilities[drawn], CLASSES))
    for name, values in found.items():
        expected = np.array([scores[name] for scores in copied], dtype=float)  # None becomes NaN
        np.testing.assert_allclose(values, expected, rtol=1e-12, err_msg=name)
    assert np.isnan(found["roc_auc"]).any() == (groups is not None)


def test_two_models_are_scored_on_the_same_resamples():
    labels, probabilities = fair()
    other = np.roll(probabilities, 1, axis=1)
    both = [resampled_scores(labels, rows, CLASSES, 50, seed=3) for rows in (probabilities, other)]
    right = [rows.argmax(axis=1) == labels for rows in (probabilities, other)]
    (weights,) = resample_weights(labels, None, 50, seed=3)
    np.testing.assert_allclose(
        both[0]["accuracy"] - both[1]["accuracy"], weights @ (right[0] * 1.0 - right[1]) / 60
    )


def test_undefined_scores_stay_none():
    probabilities = [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.7, 0.2], [0.5, 0.4, 0.1]]
    labels = [0, 0, 1, 1]
    scores = score(labels, probabilities, CLASSES)
    found = bootstrap_intervals(labels, probabilities, CLASSES, samples=50)
    assert list(found) == list(scores)
    assert scores["roc_auc_normal"] is None and scores["roc_auc_benign"] is not None
    for name, value in scores.items():
        assert found[name]["value"] == value
        assert (found[name]["low"] is None) == (found[name]["high"] is None) == (value is None), name


def test_seed_decides_and_confidence_widens():
    labels, probabilities = fair()
    first = bootstrap_intervals(labels, probabilities, CLASSES, samples=200, seed=1)
    assert bootstrap_intervals(labels, probabilities, CLASSES, samples=200, seed=1) == first
    assert bootstrap_intervals(labels, probabilities, CLASSES, samples=200, seed=2) != first
    wider = bootstrap_intervals(labels, probabilities, CLASSES, samples=200, seed=1, confidence=0.99)
    assert wider["loss"]["low"] < first["loss"]["low"] and wider["loss"]["high"] > first["loss"]["high"]


def test_small_label_types_do_not_overflow():
    labels, probabilities = fair(80, classes=20)
    names = [str(index) for index in range(20)]
    expected = bootstrap_intervals(labels, probabilities, names, samples=20)
    assert bootstrap_intervals(labels.astype(np.uint8), probabilities, names, samples=20) == expected


def test_fast_for_a_small_set_and_flat_in_memory_for_a_large_one():
    small, large = fair(117), fair(8000)
    bootstrap_intervals(*small, CLASSES, samples=1)  # imports
    start = time.process_time()
    bootstrap_intervals(*small, CLASSES)
    assert time.process_time() - start < 1
    tracemalloc.start()
    bootstrap_intervals(*large, CLASSES, samples=250)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6  # all weights of 2000 resamples would be 128 MB, a kernel matrix 512 MB


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "samples"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": 95}, "confidence"),
        ({"groups": [1, 2]}, "60 images but 2 groups"),
        ({"groups": [None] + [1] * 29 + [2] * 30}, "missing"),
        ({"groups": [float("nan"), "p"] + ["q"] * 58}, "missing"),
        ({"groups": [1] * 60}, "two groups"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_intervals(*fair(), CLASSES, **options)


def test_wrong_predictions_are_refused():
    with pytest.raises(ValueError, match="finite"):
        bootstrap_intervals([0, 1], [[np.nan, 1], [0, 1]], ["a", "b"])


@quick
@given(st.integers(6, 40), st.integers(0, 1000), st.booleans())
def test_intervals_are_ordered_and_lie_near_the_value(images, seed, grouped):
    labels, probabilities = fair(images, seed)
    groups = np.arange(images) // 2 if grouped else None
    found = bootstrap_intervals(labels, probabilities, CLASSES, samples=200, confidence=0.999, groups=groups)
    for name, interval in found.items():
        assert interval["low"] <= interval["high"], name
        if name in ("loss", "accuracy"):  # means, which resampling leaves unbiased
            assert interval["low"] - 1e-9 <= interval["value"] <= interval["high"] + 1e-9, name


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_published_by_newcombe_1998(successes, trials, low, high):
    found = wilson_interval(successes, trials)
    assert (round(found[0], 4), round(found[1], 4)) == (low, high)
    assert {type(limit) for limit in found} == {float}


def test_wilson_interval_without_trials_and_with_wrong_input():
    assert wilson_interval(0, 0) == (0.0, 1.0)
    for wrong in [(3, 2), (-1, 2), (1, 2, 0.0)]:
        with pytest.raises(ValueError):
            wilson_interval(*wrong)


@quick
@given(st.integers(1, 500), st.floats(0, 1), st.floats(0.5, 0.99))
def test_wilson_interval_holds_the_proportion_and_mirrors(trials, share, confidence):
    successes = round(share * trials)
    low, high = wilson_interval(successes, trials, confidence)
    assert 0 <= low <= successes / trials + 1e-12 and successes / trials - 1e-12 <= high <= 1
    assert wilson_interval(trials - successes, trials, confidence) == pytest.approx((1 - high, 1 - low))
