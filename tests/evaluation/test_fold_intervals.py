"""Nadeau and Bengio's error by hand, and intervals that stay within their bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, t

from bcd_utils.evaluation.fold_intervals import corrected_error, fold_interval
from bcd_utils.evaluation.means import wilson_interval

FOLDS = np.array([0.6, 0.8, 0.7, 0.7])
#: Their mean is 0.7, squared deviations 0.01, 0.01, 0, 0 over 3; a quarter, and a third for shared images.
ERROR = ((1 / 4 + 1 / 3) * 0.02 / 3) ** 0.5


def test_the_error_by_hand():
    assert corrected_error(FOLDS, 1 / 3) == pytest.approx(ERROR)


def test_a_difference_is_as_students_with_that_error():
    found = fold_interval(0.1, FOLDS - 0.6, 1 / 3, 0.9, (-np.inf, np.inf))
    reach = t.ppf(0.95, 3) * ERROR
    assert found == pytest.approx({"value": 0.1, "low": 0.1 - reach, "high": 0.1 + reach})


def test_a_proportion_is_wilsons_with_as_many_trials_as_the_error_amounts_to():
    found = fold_interval(0.7, FOLDS, 1 / 3, 0.95, units=1000)
    # that many that z of the binomial is t of the error
    trials = 0.7 * 0.3 / ERROR**2 * (norm.ppf(0.975) / t.ppf(0.975, 3)) ** 2
    assert (found["low"], found["high"]) == pytest.approx(wilson_interval(0.7 * trials, trials))
    few = fold_interval(0.7, FOLDS, 1 / 3, 0.95, units=10)  # no more than there are groups
    assert (few["low"], few["high"]) == pytest.approx(wilson_interval(7, 10))


@pytest.mark.parametrize(("bounds", "scale"), [((0.0, 1.0), 1), ((-1.0, 1.0), 2)])
def test_other_scores_are_symmetric_on_the_logit_of_their_range(bounds, scale):
    found = fold_interval(0.7, FOLDS, 1 / 3, 0.95, bounds)
    share, low, high = ((found[end] - bounds[0]) / scale for end in ("value", "low", "high"))
    reach = t.ppf(0.975, 3) * ERROR / scale / share / (1 - share)
    assert np.log(high / (1 - high)) - np.log(share / (1 - share)) == pytest.approx(reach)
    assert np.log(low / (1 - low)) - np.log(share / (1 - share)) == pytest.approx(-reach)


def test_a_loss_is_symmetric_on_the_logarithm():
    found = fold_interval(0.7, FOLDS, 1 / 3, 0.95, (0.0, np.inf))
    assert np.log(found["high"] / 0.7) == pytest.approx(t.ppf(0.975, 3) * ERROR / 0.7)
    assert found["low"] * found["high"] == pytest.approx(0.7**2)


def test_folds_that_leave_a_score_undefined_are_left_out():
    with_gap = np.append(FOLDS, np.nan)
    assert fold_interval(0.7, with_gap, 1 / 3, 0.95) == fold_interval(0.7, FOLDS, 1 / 3, 0.95)
    for known in ([0.7, np.nan], [np.nan, np.nan], []):
        found = fold_interval(0.7, np.array(known), 1 / 3, 0.95, units=50)
        assert found == {"value": 0.7, "low": None, "high": None}
    assert fold_interval(None, FOLDS, 1 / 3, 0.95)["value"] is None


@pytest.mark.parametrize("values", [np.ones(5), np.full(5, 0.1), np.zeros(5)])
def test_folds_that_do_not_differ_tell_no_spread_but_of_a_proportion_its_number_does(values):
    value = float(values[0])
    assert fold_interval(value, values, 0.25, 0.95)["low"] is None
    found = fold_interval(value, values, 0.25, 0.95, units=30)
    assert (found["low"], found["high"]) == pytest.approx(wilson_interval(30 * value, 30))


@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=10), st.sampled_from([None, 5, 500]))
def test_ends_lie_around_the_value_and_within_the_bounds(values, units):
    values = np.array(values)
    found = fold_interval(float(values.mean()), values, 0.25, 0.95, units=units)
    if found["low"] is not None:
        assert (
            -1e-12 <= found["low"] <= found["value"] + 1e-9
            and found["value"] - 1e-9 <= found["high"] <= 1 + 1e-12
        )
        assert found["high"] - found["low"] > 1e-10
