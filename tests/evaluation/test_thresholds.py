"""Operating points against exhaustive search, scikit-learn and hand-worked net benefits."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import confusion_matrix, recall_score

from bcd_utils.evaluation.decision_curves import decision_curve
from bcd_utils.evaluation.means import wilson_interval
from bcd_utils.evaluation.thresholds import at_threshold, threshold_for_sensitivity, threshold_for_specificity

quick = settings(max_examples=60, deadline=None, database=None)
some_images = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=25)
shares = st.one_of(st.sampled_from([0.07, 0.29, 0.5, 0.9, 0.95, 1.0]), st.floats(0.01, 1))


def arrays(images):
    positive, eighths = map(np.array, zip(*images, strict=True))
    return positive, eighths / 8


def images(count=80, seed=0):
    rng = np.random.default_rng(seed)
    positive = np.arange(count) < count // 4
    return positive, (rng.random(count) + positive).clip(0, 1.6) / 2


@quick
@given(some_images, shares)
def test_no_lower_threshold_has_the_specificity(validation, wanted):
    positive, scores = arrays(validation)
    threshold = threshold_for_specificity(positive, scores, wanted)
    if positive.all():
        assert threshold is None
        return
    negatives = scores[~positive]
    assert np.mean(negatives < threshold) >= wanted
    for lower in [-1.0, *scores[scores < threshold]]:
        assert np.mean(negatives < lower) < wanted


@quick
@given(some_images, shares)
def test_no_higher_threshold_has_the_sensitivity(validation, wanted):
    positive, scores = arrays(validation)
    threshold = threshold_for_sensitivity(positive, scores, wanted)
    if not positive.any():
        assert threshold is None
        return
    positives = scores[positive]
    assert np.mean(positives >= threshold) >= wanted
    for higher in [np.nextafter(threshold, 2), *scores[scores > threshold], 2.0]:
        assert np.mean(positives >= higher) < wanted


def test_thresholds_by_hand():
    # ten negatives at 0.0, 0.1, ... 0.9: nine of them must lie below the threshold
    positive, scores = np.array([False] * 10 + [True] * 4), [*np.arange(10) / 10, 0.2, 0.5, 0.85, 0.95]
    assert threshold_for_specificity(positive, scores, 0.9) == np.nextafter(0.8, 1)
    assert threshold_for_specificity(positive, scores, 0.91) == np.nextafter(0.9, 1)
    assert threshold_for_sensitivity(positive, scores, 0.75) == 0.5
    assert threshold_for_sensitivity(positive, scores, 0.76) == 0.2


def test_at_threshold_is_scikit_learns_recall_of_both_kinds_with_wilson_intervals():
    positive, scores = images()
    found = at_threshold(positive, scores, 0.5, confidence=0.9)
    called = scores >= 0.5
    for name, kind, label in (("sensitivity", positive, True), ("specificity", ~positive, False)):
        assert found[name]["value"] == pytest.approx(recall_score(positive, called, pos_label=label))
        assert found[name]["images"] == kind.sum()
        expected = wilson_interval(found[name]["right"], int(kind.sum()), 0.9)
        assert (found[name]["low"], found[name]["high"]) == expected
    assert json.loads(json.dumps(found)) == found


def test_the_threshold_itself_counts_as_positive():
    found = at_threshold([True, False], [0.5, 0.5], 0.5)
    assert (found["sensitivity"]["value"], found["specificity"]["value"]) == (1.0, 0.0)
    above = at_threshold([True, False], [0.5, 0.5], np.nextafter(0.5, 1))
    assert (above["sensitivity"]["value"], above["specificity"]["value"]) == (0.0, 1.0)


def test_what_is_undefined_is_none():
    unknown = {"right": None, "value": None, "low": None, "high": None}
    assert at_threshold([True, False], [0.1, 0.2], None) == {
        "sensitivity": unknown | {"images": 1},
        "specificity": unknown | {"images": 1},
    }
    found = at_threshold([False, False], [0.1, 0.2], 0.15)
    assert found["sensitivity"] == unknown | {"images": 0}
    assert found["specificity"]["value"] == 0.5


def test_net_benefit_by_hand():
    # at 0.25 a needless action costs a third: 2 of 10 true positives, 3 false ones
    positive = np.array([True] * 3 + [False] * 7)
    probabilities = [0.9, 0.25, 0.1, 0.5, 0.3, 0.8, 0.2, 0.1, 0.0, 0.0]
    (row,) = decision_curve(positive, probabilities, [0.25]).to_dict("records")
    assert row["model"] == pytest.approx(0.2 - 0.3 / 3)
    assert row["treat_all"] == pytest.approx(0.3 - 0.7 / 3)
    assert row["treat_none"] == 0


def test_net_benefit_is_that_of_each_confusion_matrix():
    positive, probabilities = images()
    curve = decision_curve(positive, probabilities, samples=10)
    assert len(curve) == 99
    for row in curve.itertuples():
        _, false_positive, _, true_positive = confusion_matrix(
            positive, probabilities >= row.threshold, labels=[False, True]
        ).ravel()
        expected = (true_positive - false_positive * row.threshold / (1 - row.threshold)) / len(positive)
        assert row.model == pytest.approx(expected)


def test_treating_all_is_worth_nothing_at_the_prevalence():
    positive, probabilities = images()
    curve = decision_curve(positive, probabilities, [1e-9, positive.mean()], samples=10)
    assert curve["treat_all"].tolist() == pytest.approx([positive.mean(), 0])


def test_a_perfect_model_is_worth_the_prevalence_and_has_no_spread():
    positive = np.array([True, False, False, False])
    curve = decision_curve(positive, positive.astype(float), samples=50)
    assert curve["model"].to_numpy() == pytest.approx(np.full(99, 0.25))
    assert curve[["low", "high"]].isna().all(axis=None)


def test_interval_is_that_of_copied_resamples():
    # all true positives are certain, so only false ones vary: X of Bin(60, 15 / 60), worth -1 / 80 at 0.5
    positive = np.arange(80) < 20
    probabilities = np.where(positive | (np.arange(80) < 35), 1.0, 0.0)
    (row,) = decision_curve(positive, probabilities, [0.5], samples=20_000).to_dict("records")
    ends = binom.ppf([0.975, 0.025], 60, 0.25)
    assert [row["low"], row["high"]] == pytest.approx((20 - ends) / 80, abs=1.01 / 80)
    assert row["model"] == pytest.approx(5 / 80)


@pytest.mark.parametrize("positive", [[True, True], [False, False], [True]])
def test_a_decision_curve_needs_no_image_of_each_kind(positive):
    curve = decision_curve(positive, [0.5] * len(positive), samples=5)
    assert curve.drop(columns=["low", "high"]).notna().all(axis=None)
    assert curve[["low", "high"]].isna().all(axis=None), "all are treated alike, so nothing varies"


def test_wrong_input_is_refused():
    positive, scores = [True, False], [0.2, 0.8]
    for wanted in (0, 1.1, np.nan):
        for choose in (threshold_for_specificity, threshold_for_sensitivity):
            with pytest.raises(ValueError, match="wanted share"):
                choose(positive, scores, wanted)
    for use in (decision_curve, lambda *given: at_threshold(*given, 0.5)):
        with pytest.raises(ValueError, match="same shape"):
            use(positive, [0.2])
        with pytest.raises(ValueError, match="finite"):
            use(positive, [0.2, np.nan])
    with pytest.raises(ValueError, match="probabilities"):
        decision_curve(positive, [0.2, 1.8])
    with pytest.raises(ValueError, match="thresholds"):
        decision_curve(positive, scores, [0.5, 1.0])
    with pytest.raises(ValueError, match="confidence"):
        decision_curve(positive, scores, confidence=95)
    with pytest.raises(ValueError, match="at least one image"):
        decision_curve([], [])
