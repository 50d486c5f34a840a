"""Differences of two models on the same images, and of one on others: by hand, and turned round."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t
from statsmodels.stats.proportion import proportion_confint

from bcd_utils.evaluation.bootstrap import resample_weights
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.score_differences import difference, independent_difference

CLASSES = ["benign", "malignant", "normal"]
UNKNOWN = {"value": None, "low": None, "high": None}


def probabilities(seed, images=40, skill=1.0):
    rng = np.random.default_rng(seed)
    exponent = np.exp(rng.normal(size=(images, 3)) + skill * np.eye(3)[np.arange(images) % 3])
    return exponent / exponent.sum(axis=1, keepdims=True)


def scored(seed, groups=None, folds=0, images=40):
    tested = np.array_split(np.arange(images), folds) if folds else []
    return Scored.of(np.arange(images) % 3, probabilities(seed, images), CLASSES, groups, 200, 3, tested)


def test_both_models_are_scored_on_the_same_resamples():
    first, second = scored(0), scored(1)
    right = [one.probabilities.argmax(axis=1) == one.labels for one in (first, second)]
    (weights,) = resample_weights(first.labels, None, 200, 3)
    drawn = [one.resampled[:, one.bootstrapped.index("accuracy")] for one in (first, second)]
    np.testing.assert_allclose(drawn[0] - drawn[1], weights @ (right[0] * 1.0 - right[1]) / 40)
    gap = difference(first, second, "accuracy", 0.95)
    assert (
        gap["value"] == pytest.approx(right[0].mean() - right[1].mean())
        and gap["low"] < gap["value"] < gap["high"]
    )


@settings(max_examples=15, deadline=None, database=None)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["accuracy", "f1_macro", "kappa", "roc_auc", "loss", "roc_auc_normal"]),
    st.sampled_from([0, 4]),
)
def test_a_difference_turns_round_with_its_models_and_with_oneself_has_no_interval(seed, metric, folds):
    first, second = scored(seed, folds=folds), scored(seed + 1, folds=folds)
    there, back = difference(first, second, metric, 0.95), difference(second, first, metric, 0.95)
    assert there["value"] == pytest.approx(first.values[metric] - second.values[metric])
    if there["low"] is not None:
        exact = {} if folds or "roc" in metric else {"abs": 0.02}  # resamples at a quantile's other side
        assert (there["low"], there["high"]) == pytest.approx((-back["high"], -back["low"]), **exact)
    assert difference(first, first, metric, 0.95) == {"value": 0, "low": None, "high": None}


def test_a_difference_of_areas_is_delongs_from_all_pairs():
    first, second, positive = scored(0), scored(1), np.arange(40) % 3 == 1
    kernels = [
        one.probabilities[positive, 1][:, None] > one.probabilities[~positive, 1] for one in (first, second)
    ]
    gap = kernels[0] * 1.0 - kernels[1]
    error = (
        gap.mean(axis=1).var(ddof=1) / positive.sum() + gap.mean(axis=0).var(ddof=1) / (~positive).sum()
    ) ** 0.5
    found = difference(first, second, "roc_auc_malignant", 0.9)
    reach = norm.ppf(0.95) * error
    assert found == pytest.approx(
        {"value": gap.mean(), "low": gap.mean() - reach, "high": gap.mean() + reach}
    )


def test_whole_patients_vary_in_differences_too():
    for metric in ("accuracy", "roc_auc", "f1_macro"):
        width = {}
        for name, groups in {"images": np.arange(160), "patients": np.tile(np.arange(40), 4)}.items():
            pair = [
                Scored.of(
                    np.tile(np.arange(40) % 3, 4), np.tile(probabilities(seed), (4, 1)), CLASSES, groups, 200
                )
                for seed in (0, 1)
            ]
            gap = difference(*pair, metric, 0.95)
            width[name] = gap["high"] - gap["low"]
        assert 1.5 < width["patients"] / width["images"] < 2.6, metric  # 4 copies: sqrt(4) times as wide


def test_over_folds_a_difference_is_symmetric_on_the_logit_of_its_range():
    first, second = scored(0, folds=5), scored(1, folds=5)
    found = difference(first, second, "accuracy", 0.95)
    right = [one.probabilities.argmax(axis=1) == one.labels for one in (first, second)]
    by_fold = (right[0] * 1.0 - right[1]).reshape(5, 8).mean(axis=1)
    error = ((1 / 5 + 1 / 4) * by_fold.var(ddof=1)) ** 0.5
    share = (by_fold.mean() + 1) / 2
    reach = t.ppf(0.975, 4) * error / 2 / (share * (1 - share))
    ends = [2 / (1 + np.exp(-np.log(share / (1 - share)) - side * reach)) - 1 for side in (-1, 1)]
    assert found == pytest.approx({"value": by_fold.mean(), "low": ends[0], "high": ends[1]})


def test_an_absent_class_does_not_hide_the_difference_of_the_others():
    labels = np.arange(40) % 2  # no normal image
    first, second = (Scored.of(labels, probabilities(seed), CLASSES, None, 50) for seed in (0, 1))
    for metric in ("roc_auc_malignant", "roc_auc_weighted"):
        assert difference(first, second, metric, 0.95)["low"] is not None
    assert (
        difference(first, second, "roc_auc", 0.95)
        == difference(first, second, "roc_auc_normal", 0.95)
        == UNKNOWN
    )


def test_one_positive_and_one_patient_tell_no_spread():
    labels = np.zeros(9, int)
    labels[0] = 1
    first, second = (Scored.of(labels, probabilities(seed, 9)[:, :2] / probabilities(seed, 9)[:, :2].sum(
        axis=1, keepdims=True), ["a", "b"], None, 50) for seed in (0, 1))  # fmt: skip
    assert difference(first, second, "roc_auc_b", 0.95)["low"] is None
    one = difference(scored(0, ["p"] * 40), scored(1, ["p"] * 40), "accuracy", 0.95)
    assert one["value"] is not None and one["low"] is one["high"] is None


def wilson(successes, trials):
    low, high = proportion_confint(successes, trials, method="wilson")
    return {"value": successes / trials, "low": low, "high": high}


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17:873-890, Table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ],
)
def test_independent_proportions_published_by_newcombe_1998(first, second, low, high):
    found = independent_difference(wilson(*first), wilson(*second))
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=5e-5)


def test_an_independent_difference_without_ends_or_values():
    known = {"value": 0.5, "low": 0.4, "high": 0.6}
    assert independent_difference(known, UNKNOWN) == independent_difference(UNKNOWN, known) == UNKNOWN
    assert independent_difference(known, UNKNOWN | {"value": 0.25}) == UNKNOWN | {"value": 0.25}
