"""Slope and intercept against scikit-learn's logistic regression, and where there are none."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression

from bcd_utils.evaluation.calibration_line import calibration_line
from bcd_utils.evaluation.tables import line_table


def drawn(images=400, seed=0, slope=1.0, intercept=0.0):
    """Outcomes of which the log odds are a line of those predicted."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 2, images)
    positive = rng.random(images) < 1 / (1 + np.exp(-intercept - slope * odds))
    return positive, 1 / (1 + np.exp(-odds)), odds


def test_the_slope_is_scikit_learns_and_the_intercept_makes_the_mean_right():
    positive, given, odds = drawn(slope=0.5, intercept=0.7)
    found = calibration_line(positive, given)
    expected = LogisticRegression(C=np.inf, tol=1e-10).fit(odds[:, None], positive)
    assert found["slope"]["value"] == pytest.approx(expected.coef_[0, 0], rel=1e-4)
    # at a slope of 1, the likeliest intercept predicts as many events as there are
    balance = brentq(lambda shift: (1 / (1 + np.exp(-odds - shift))).sum() - positive.sum(), -9, 9)
    assert found["intercept"]["value"] == pytest.approx(balance, abs=1e-6)


def test_intervals_are_walds_from_the_information():
    positive, given, odds = drawn()
    found = calibration_line(positive, given, 0.9)
    shifted = 1 / (1 + np.exp(-odds - found["intercept"]["value"]))
    reach = 1.6448536 / (shifted * (1 - shifted)).sum() ** 0.5
    assert found["intercept"]["high"] - found["intercept"]["value"] == pytest.approx(reach, rel=1e-4)
    for line in found.values():
        assert line["low"] < line["value"] < line["high"]


def test_true_probabilities_are_held_by_both_intervals_about_as_often_as_they_say():
    held, true = np.zeros(2), (1, 0)
    for seed in range(60):
        lines = calibration_line(*drawn(200, seed)[:2]).values()
        held += [line["low"] <= value <= line["high"] for line, value in zip(lines, true, strict=True)]
    assert held.min() >= 52  # of 60; 51 or fewer have a chance of 0.2%


@pytest.mark.parametrize("positive", [[True] * 4, [False] * 4, [True]])
def test_of_one_kind_alone_there_is_no_line(positive):
    found = calibration_line(positive, np.linspace(0.2, 0.8, len(positive)))
    assert {line[end] for line in found.values() for end in line} == {None}


@pytest.mark.parametrize(
    ("positive", "given"),
    [
        ([True, True, False, False], [0.9, 0.8, 0.2, 0.1]),  # parted
        ([True, True, False, False], [0.9, 0.5, 0.5, 0.1]),  # parted but for a tie
        ([True, True, False, False], [0.1, 0.2, 0.8, 0.9]),  # the wrong way round
        ([True, False, False, False], [0.5] * 4),  # all alike
        ([True, False, False, True], [1.0, 0.0, 0.0, 1.0]),
    ],
)
def test_where_no_slope_is_steep_enough_there_is_no_line(positive, given):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = calibration_line(positive, given)
    assert {line[end] for line in found.values() for end in line} == {None}


def test_a_table_of_states():
    positive, given, odds = drawn()
    sharp = 1 / (1 + np.exp(-3 * odds))
    states = {"raw": given, "sharp": sharp, "flat": np.full(400, 0.5)}
    labels = positive.astype(int)
    table = line_table(labels, {name: np.column_stack([1 - p, p]) for name, p in states.items()}, 1)
    assert table.index.tolist() == list(states) and set(table.dtypes) == {np.dtype(float)}
    assert table.loc["sharp", "slope"] == pytest.approx(
        table.loc["raw", "slope"] / 3, rel=1e-3
    )  # but for 1e-7
    assert table.loc["flat"].isna().all()
    assert {"slope", "slope_low", "slope_high", "intercept", "intercept_low", "intercept_high"} == set(table)
