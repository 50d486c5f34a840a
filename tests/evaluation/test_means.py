"""Shares and means: published intervals, design effects by hand, and what single groups cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t, ttest_1samp

from bcd_utils.evaluation.means import effective_number, mean_interval, share_interval, wilson_interval

quick = settings(max_examples=25, deadline=None, database=None)


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
@given(st.floats(0.5, 500), st.floats(0, 1), st.floats(0.5, 0.99))
def test_wilson_interval_holds_the_proportion_and_mirrors(trials, share, confidence):
    successes = share * trials
    low, high = wilson_interval(successes, trials, confidence)
    assert -1e-12 <= low <= share + 1e-9 and share - 1e-9 <= high <= 1 + 1e-12 and low < high
    mirrored = wilson_interval(trials - successes, trials, confidence)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_a_share_of_images_is_wilsons():
    found = share_interval([1] * 15 + [0] * 133)
    assert (round(found["low"], 4), round(found["high"], 4)) == (0.0624, 0.1605)


def test_a_design_effect_by_hand():
    # Patients with 2 of 2, 0 of 2, 1 of 1 and 0 of 1 right: mean 1/2; deviations sum to 1, -1, 1/2, -1/2 of each.
    values, groups = np.array([1.0, 1, 0, 0, 1, 0]), list("aabbcd")
    variance = 4 / 3 * (1 + 1 + 1 / 4 + 1 / 4) / 6**2  # of the mean, with whole patients varying
    alone = 1 / 2 * 1 / 2 / 5  # of as many independent images, with the same correction
    few = (t.ppf(0.975, 5) / t.ppf(0.975, 3)) ** 2
    expected = 6 * alone / variance * few
    assert effective_number(values, groups) == pytest.approx(expected)
    found = share_interval(values, groups)
    assert (found["low"], found["high"]) == pytest.approx(wilson_interval(expected / 2, expected))


def test_patients_of_equal_images_count_as_patients():
    patients = np.random.default_rng(0).random(300) < 0.7
    number = effective_number(np.repeat(patients, 9).astype(float), np.repeat(np.arange(300), 9))
    assert number == pytest.approx(300, rel=0.02)
    alone = share_interval(patients)
    together = share_interval(np.repeat(patients, 9), np.repeat(np.arange(300), 9))
    width, narrow = (found["high"] - found["low"] for found in (together, alone))
    assert width == pytest.approx(narrow, rel=0.01)


def test_groups_of_one_image_change_nothing_and_their_order_does_not_matter():
    rng = np.random.default_rng(1)
    values, groups, order = rng.integers(0, 2, 40).astype(float), rng.integers(0, 12, 40), rng.permutation(40)
    assert share_interval(values, [f"p{place}" for place in range(40)]) == share_interval(values)
    assert share_interval(values[order], groups[order]) == pytest.approx(share_interval(values, groups))


def test_images_that_spread_within_patients_count_for_no_more_than_alone():
    values, groups = np.tile([1.0, 0.0], 20), np.repeat(np.arange(20), 2)  # of each patient one is right
    assert effective_number(values, groups) <= 40
    assert share_interval(values, groups)["low"] < share_interval(values)["low"]


def test_where_all_are_right_the_number_of_patients_counts():
    found = share_interval(np.ones(60), np.repeat(np.arange(20), 3))
    assert (found["value"], found["low"]) == (1.0, pytest.approx(wilson_interval(20, 20)[0]))


def test_of_nothing_and_of_one_group_there_is_no_interval():
    assert share_interval([]) == {"value": None, "low": None, "high": None}
    assert share_interval([1, 0, 1], ["a"] * 3) == {"value": 2 / 3, "low": None, "high": None}
    alone = share_interval([1])
    assert (alone["value"], alone["low"], alone["high"]) == (
        1.0,
        pytest.approx(wilson_interval(1, 1)[0]),
        1.0,
    )


def test_other_bounds_are_those_of_a_share_stretched():
    gaps = np.array([1.0, 0, 0, -1, 1, 0, 0, 0])
    share, gap = share_interval((gaps + 1) / 2), share_interval(gaps, lowest=-1.0)
    assert [2 * share[end] - 1 for end in share] == pytest.approx([gap[end] for end in gap])


def test_an_interval_of_a_share_between_0_and_1_is_near_students():
    values = np.random.default_rng(2).beta(4, 2, 200)  # as a heat map's energy inside lesions
    found, expected = share_interval(values), ttest_1samp(values, 0).confidence_interval()
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high), abs=0.003)


def test_a_mean_of_images_is_students_and_of_groups_that_of_their_sums():
    values = np.random.default_rng(3).normal(5, 2, 12)
    expected = ttest_1samp(values, 0).confidence_interval(0.9)
    found = mean_interval(values, confidence=0.9)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((values.mean(), *expected))
    pairs = values.reshape(6, 2).mean(axis=1)  # of equally many images each: the mean of the groups' means
    expected = ttest_1samp(pairs, 0).confidence_interval(0.9)
    found = mean_interval(values, np.repeat(list("abcdef"), 2), 0.9)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((values.mean(), *expected))


@pytest.mark.parametrize(
    ("values", "groups"), [([0.1] * 7, list("aabbbcc")), ([1.0, 3.0], list("aa")), ([2.5], None)]
)
def test_a_mean_without_spread_over_groups_has_no_interval(values, groups):
    assert mean_interval(values, groups) == {
        "value": pytest.approx(np.mean(values)),
        "low": None,
        "high": None,
    }
