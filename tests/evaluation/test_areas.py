"""Areas against all pairs, jackknives, Obuchowski's sums in plain loops, and published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from sklearn.metrics import roc_auc_score

from bcd_utils.evaluation.areas import NEAR_THE_END, area_interval, area_of, newcombe_interval

quick = settings(max_examples=40, deadline=None, database=None)
NOTHING = {"value": None, "low": None, "high": None}


def images(positives, negatives, seed=0):
    """Which images are positive, and their scores, with ties."""
    rng = np.random.default_rng(seed)
    positive = rng.permutation(np.arange(positives + negatives) < positives)
    return positive, rng.integers(0, 6, len(positive)) + 2 * positive + rng.integers(0, 4, len(positive))


def kernel(positive, scores):
    """Every positive against every negative: 1 if it scores above, one half if equal; (m, n)."""
    difference = np.subtract.outer(scores[positive], scores[~positive])
    return np.where(difference == 0, 0.5, difference > 0)


def variance(area, groups=None):
    sums = area.influence if groups is None else np.bincount(groups, area.influence)
    return (sums**2).sum()


def interval(positive, scores, confidence=0.95, groups=None):
    return area_interval([area_of(positive, scores, groups)], [1], confidence, groups)


@quick
@given(st.integers(2, 15), st.integers(2, 15), st.integers(0, 10**6))
def test_area_and_variance_are_those_of_all_pairs(positives, negatives, seed):
    positive, scores = images(positives, negatives, seed)
    found, pairs = area_of(positive, scores), kernel(positive, scores)
    assert found.value == pytest.approx(pairs.mean()) and found.units == (positives, negatives)
    # equations 3 to 5 of DeLong et al. 1988
    of_positives, of_negatives = pairs.mean(axis=1).var(ddof=1), pairs.mean(axis=0).var(ddof=1)
    assert variance(found) == pytest.approx(of_positives / positives + of_negatives / negatives, abs=1e-15)
    assert found.influence.sum() == pytest.approx(0, abs=1e-12)


def test_variance_is_the_two_sample_jackknife_of_scikit_learns_area():
    positive, scores = images(9, 14)
    dropped = np.array([roc_auc_score(np.delete(positive, i), np.delete(scores, i)) for i in range(23)])
    parts = [(kind.sum() - 1) / kind.sum() * dropped[kind] for kind in (positive, ~positive)]
    expected = sum(((part - part.mean()) ** 2).sum() * len(part) / (len(part) - 1) for part in parts)
    assert variance(area_of(positive, scores)) == pytest.approx(expected)


def test_variance_of_groups_is_obuchowskis_by_a_plain_loop():
    positive, scores = images(30, 40, seed=5)
    groups = np.random.default_rng(6).integers(0, 25, 70)
    area, pairs = area_of(positive, scores, groups), kernel(positive, scores)
    value, above, below = pairs.mean(), iter(pairs.mean(axis=1)), iter(pairs.mean(axis=0))
    of_image = [next(above) if is_positive else next(below) for is_positive in positive]
    sums = {True: np.zeros(25), False: np.zeros(25)}  # of each group: what its components are above the area
    for is_positive, group, component in zip(positive, groups, of_image, strict=True):
        sums[bool(is_positive)][group] += component - value
    number = {kind: len(set(groups[positive == kind])) for kind in (True, False)}
    own = {kind: number[kind] / (number[kind] - 1) * (sums[kind] ** 2).sum() for kind in (True, False)}
    cross = (sums[True] * sums[False]).sum()
    all_groups = len(set(groups))
    expected = own[True] / 30**2 + own[False] / 40**2 + 2 * all_groups / (all_groups - 1) * cross / (30 * 40)
    assert area.units == (number[True], number[False])
    assert variance(area, groups) == pytest.approx(
        expected, rel=0.02
    )  # but for a factor near 1 of the cross term
    known = 2 * cross / (30 * 40) * np.sqrt(np.prod([n / (n - 1) for n in number.values()]))
    assert variance(area, groups) == pytest.approx(own[True] / 30**2 + own[False] / 40**2 + known)


def test_whole_patients_vary():
    positive, scores = images(20, 30, seed=2)
    copied, groups = (np.repeat(positive, 4), np.repeat(scores, 4)), np.repeat(np.arange(50), 4)
    alone, together = interval(positive, scores), interval(*copied, groups=groups)
    assert together["value"] == pytest.approx(alone["value"])
    width, narrow = (found["high"] - found["low"] for found in (together, alone))
    assert width == pytest.approx(narrow, rel=0.05)  # Student's t of 49 is a little wider
    assert (lambda found: found["high"] - found["low"])(interval(*copied)) == pytest.approx(
        narrow / 2, rel=0.1
    )
    names = [f"patient {number}" for number in range(50)]
    assert interval(positive, scores, groups=names) == pytest.approx(alone)


def test_area_of_the_ct_ratings_published_by_hanley_and_mcneil_1982():
    ratings = np.arange(1, 6)
    normal, abnormal = np.repeat(ratings, [33, 6, 6, 11, 2]), np.repeat(ratings, [3, 2, 2, 11, 33])
    area = area_of(np.repeat([False, True], [58, 51]), np.concatenate([normal, abnormal]))
    assert round(area.value, 3) == 0.893
    # their standard error, 0.032, is for exponential scores; that of DeLong's method lies close to it
    assert variance(area) ** 0.5 == pytest.approx(0.032, abs=0.002)


def test_interval_is_symmetric_on_the_logit_scale():
    positive, scores = images(20, 30)
    area, found = area_of(positive, scores), interval(positive, scores, 0.9)
    assert NEAR_THE_END < area.value < 1 - NEAR_THE_END
    odds = area.value / (1 - area.value)
    factor = np.exp(1.6448536 * variance(area) ** 0.5 / (area.value * (1 - area.value)))
    assert found["low"] == pytest.approx(odds / factor / (1 + odds / factor))
    assert found["high"] == pytest.approx(odds * factor / (1 + odds * factor))


@pytest.mark.parametrize("area", [0.9, 0.985])
def test_interval_holds_the_true_area_as_often_as_it_says(area):
    rng = np.random.default_rng(0)
    positive, repeats, held = np.arange(100) < 30, 300, 0
    for _ in range(repeats):
        found = interval(positive, rng.normal(size=100) + positive * norm.ppf(area) * 2**0.5)
        held += found["low"] <= area <= found["high"]
    assert binomtest(held, repeats, 0.95, alternative="less").pvalue > 1e-4


@pytest.mark.parametrize(("area", "units"), [(0.9, (20, 97)), (0.5, (3, 8)), (1.0, (51, 58)), (0.02, (7, 7))])
def test_newcombes_ends_are_where_the_area_is_just_as_far_as_chance_brings_it(area, units):
    low, high = newcombe_interval(area, units, 0.9)
    m, n = units
    more = (m + n) / 2 - 1
    for end in (low, high):
        if 0 < end < 1:
            error = (
                end * (1 - end) * (1 + more * (1 - end) / (2 - end) + more * end / (1 + end)) / (m * n)
            ) ** 0.5
            assert abs(area - end) == pytest.approx(1.6448536 * error, rel=1e-6)
    assert low <= area <= high and low < high
    mirrored = newcombe_interval(1 - area, units, 0.9)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_a_perfect_area_has_newcombes_interval():
    found = interval(np.arange(117) < 20, np.arange(117)[::-1])
    assert (found["value"], found["high"]) == (1.0, 1.0)
    # by hand: at 0.9402 the variance is 0.9402 * 0.0598 / 1940 * (1 + 57.5 * (0.0598 / 1.0598 + 0.9402 / 1.9402)),
    # of which the root times 1.96 is 0.0598
    assert found["low"] == pytest.approx(0.9402, abs=1e-4)
    grouped = interval(np.arange(117) < 21, np.arange(117)[::-1], groups=np.arange(117) // 3)
    assert grouped["low"] == newcombe_interval(1.0, (7, 32))[0]


def test_what_an_area_cannot_tell_is_none():
    for positive, scores in ([True, True], [0.1, 0.2]), ([False], [0.1]), ([], []):
        assert interval(positive, scores) == NOTHING
    assert area_of([True, True], [0.1, 0.2]).influence is None
    one = interval([True, False, False], [0.5, 0.1, 0.9])  # one positive alone tells no variance
    assert one["value"] == 0.5 and (one["low"], one["high"]) == newcombe_interval(0.5, (1, 2))
    blind = interval([True, True, False, False], [0.5] * 4)
    assert blind["value"] == 0.5 and blind["low"] < 0.5 < blind["high"]


def test_a_mean_of_areas_varies_as_its_images_do():
    positive, scores = images(20, 30, seed=3)
    first, second = area_of(positive, scores), area_of(~positive, 2.0 * scores)
    found = area_interval([first, second], [0.25, 0.75])
    assert found["value"] == pytest.approx(0.25 * first.value + 0.75 * (1 - first.value))
    # 0.25 of the influence and -0.75 of the same: half of its error
    reach = 1.959964 * variance(first) ** 0.5 / 2 / (found["value"] * (1 - found["value"]))
    odds = np.log(found["value"] / (1 - found["value"]))
    assert found["high"] == pytest.approx(1 / (1 + np.exp(-odds - reach)))
    absent = area_of(np.zeros(50, bool), scores)
    assert area_interval([first, absent], [1, 0]) == area_interval([first], [1])
    assert area_interval([first, absent], [0.5, 0.5]) == NOTHING and area_interval([first], [0]) == NOTHING


@quick
@given(st.integers(2, 30), st.integers(2, 30), st.integers(0, 10**6), st.floats(0.5, 0.99))
def test_interval_holds_the_area_and_mirrors(positives, negatives, seed, confidence):
    positive, scores = images(positives, negatives, seed)
    found = interval(positive, scores, confidence)
    assume(abs(abs(found["value"] - 0.5) - 0.5 + NEAR_THE_END) > 1e-9)
    assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1 and found["low"] < found["high"]
    mirrored = interval(positive, -scores, confidence)
    assert (1 - mirrored["high"], 1 - mirrored["low"]) == pytest.approx(
        (found["low"], found["high"]), abs=1e-8
    )


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
        area_of([True, False], scores)


def test_wrong_confidence_is_refused():
    with pytest.raises(ValueError, match="confidence"):
        interval([True, False], [0.1, 0.2], confidence=95)
