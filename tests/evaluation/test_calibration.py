"""Calibration against hand-worked cases, scikit-learn, logistic regression and the binomial distribution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from statsmodels.discrete.discrete_model import Logit

from bcd_utils.evaluation.calibration import (
    TEMPERATURES,
    apply_temperature,
    calibration_scores,
    fit_temperature,
    reliability_tables,
    squared_errors,
)
from bcd_utils.evaluation.counts import cross_entropy
from bcd_utils.evaluation.means import wilson_interval

CLASSES = ["benign", "malignant", "normal"]
quick = settings(max_examples=30, deadline=None, database=None)


def drawn(images=300, seed=0, classes=3):
    """Labels drawn from the probabilities themselves: perfect calibration."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(classes), images)
    labels = (rng.random(images)[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return labels.clip(max=classes - 1), probabilities


def two_class(probability):
    return np.stack([1 - np.asarray(probability), probability], axis=1)


# -- reliability ------------------------------------------------------------------------------------


def test_reliability_table_by_hand():
    probabilities = [[0.0, 1.0], [0.1, 0.9], [0.05, 0.95], [0.45, 0.55], [0.6, 0.4]]
    tables = reliability_tables([1, 1, 0, 1, 1], probabilities, ["benign", "malignant"], bins=5)
    assert list(tables) == ["predicted class", "benign", "malignant"]
    top = tables["predicted class"]
    assert top[["from", "to"]].to_numpy() == pytest.approx(np.array([[0.4, 0.6], [0.8, 1.0]]))
    assert top["images"].tolist() == [2, 3]
    assert top["probability"].tolist() == pytest.approx([0.575, 0.95])
    assert top["share"].tolist() == pytest.approx([1 / 2, 2 / 3])
    assert list(zip(top["low"], top["high"], strict=True)) == [wilson_interval(1, 2), wilson_interval(2, 3)]
    benign = tables["benign"]
    assert benign["images"].tolist() == [3, 2] and benign["from"].tolist() == pytest.approx([0, 0.4])
    assert benign["share"].tolist() == pytest.approx([1 / 3, 0])


@pytest.mark.parametrize("bins", [1, 4, 10])
def test_each_class_against_the_rest_is_scikit_learns_curve(bins):
    labels, probabilities = drawn()
    tables = reliability_tables(labels, probabilities, CLASSES, bins)
    for index, name in enumerate(CLASSES):
        share, mean = calibration_curve(labels == index, probabilities[:, index], n_bins=bins)
        np.testing.assert_allclose(tables[name]["share"], share)
        np.testing.assert_allclose(tables[name]["probability"], mean)


@quick
@given(st.integers(1, 60), st.integers(0, 10**6), st.integers(1, 15))
def test_every_image_is_in_one_bin_that_holds_its_probability(images, seed, bins):
    labels, probabilities = drawn(images, seed)
    probabilities[0] = [0, 0, 1]
    for table in reliability_tables(labels, probabilities, CLASSES, bins).values():
        assert table["images"].sum() == images and (table["images"] > 0).all()
        assert table["probability"].between(table["from"] - 1e-12, table["to"] + 1e-12).all()
        assert (table["low"] <= table["share"] + 1e-12).all() and (
            table["share"] <= table["high"] + 1e-12
        ).all()


# -- scores -----------------------------------------------------------------------------------------


def test_calibration_errors_by_hand():
    # sorted: 0.55 right, 0.7 wrong, 0.75 right, 0.95 right
    probability = [0.95, 0.7, 0.55, 0.75]
    scores = calibration_scores([1, 0, 1, 1], two_class(probability), bins=5)
    # (0.4, 0.6]: 1 - 0.55; (0.6, 0.8]: two images, 0.5 - 0.725; (0.8, 1]: 1 - 0.95
    assert scores["ece"] == pytest.approx((0.45 + 2 * 0.225 + 0.05) / 4)
    halves = calibration_scores([1, 0, 1, 1], two_class(probability), bins=2)
    assert halves["ece"] == pytest.approx(3 / 4 - np.mean(probability), abs=1e-12)  # all above one half
    assert halves["ece_equal_mass"] == pytest.approx(abs(1 - 0.55 - 0.7) / 4 + abs(2 - 0.75 - 0.95) / 4)


@quick
@given(st.integers(1, 80), st.integers(0, 10**6), st.integers(1, 15))
def test_calibration_error_is_that_of_the_reliability_table(images, seed, bins):
    labels, probabilities = drawn(images, seed)
    table = reliability_tables(labels, probabilities, CLASSES, bins)["predicted class"]
    expected = (table["images"] * abs(table["share"] - table["probability"])).sum() / images
    assert calibration_scores(labels, probabilities, bins, samples=1)["ece"] == pytest.approx(expected)


def test_error_by_chance_is_the_binomial_one():
    # eight images with probability 0.75: the error is |X / 8 - 0.75| with X from Bin(8, 0.75)
    scores = calibration_scores([1] * 8, two_class([0.75] * 8), samples=20_000)
    hits = np.arange(9)
    error, chance = abs(hits / 8 - 0.75), binom.pmf(hits, 8, 0.75)
    assert scores["ece_by_chance"] == pytest.approx((error * chance).sum(), abs=0.003)
    assert scores["ece_by_chance_high"] == 0.25
    assert chance[error > 0.25].sum() < 0.05 < chance[error >= 0.25].sum()
    assert scores["ece"] == pytest.approx(0.25)


def test_honest_probabilities_err_as_by_chance_and_boastful_ones_more():
    labels, probabilities = drawn(2000)
    honest = calibration_scores(labels, probabilities)
    assert honest["ece"] < honest["ece_by_chance_high"] < 0.05
    boastful = calibration_scores(labels, apply_temperature(probabilities, 0.5))
    assert boastful["ece"] > 2 * boastful["ece_by_chance_high"]
    assert boastful["brier"] > honest["brier"] and boastful["loss"] > honest["loss"]


def test_brier_score_by_hand_and_by_scikit_learn():
    # 0.3^2 + 0.2^2 + 0.1^2; 1 + 1
    errors = squared_errors(np.array([0, 2]), np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]]))
    assert errors.tolist() == pytest.approx([0.14, 2])
    for classes in (2, 3):
        labels, probabilities = drawn(classes=classes)
        found = calibration_scores(labels, probabilities, samples=1)["brier"]
        expected = sum(brier_score_loss(labels == c, probabilities[:, c]) for c in range(classes))
        assert found == pytest.approx(expected)


def test_scores_are_plain_numbers_and_follow_from_the_seed():
    labels, probabilities = drawn(12)
    scores = calibration_scores(labels, probabilities, seed=3)
    assert {type(value) for value in scores.values()} == {float}
    assert calibration_scores(labels, probabilities, seed=3) == scores
    assert calibration_scores(labels, probabilities, seed=4) != scores


# -- temperature ------------------------------------------------------------------------------------


def test_temperature_by_hand():
    # predicted 0.9, true in 3 of 4: odds 9 ** (1 / T) = 3
    assert fit_temperature([1, 1, 1, 0], two_class([0.9] * 4)) == pytest.approx(2, abs=1e-4)
    # predicted 0.6, true in 4 of 5: 1.5 ** (1 / T) = 4
    expected = np.log(1.5) / np.log(4)
    assert fit_temperature([1, 1, 1, 1, 0], two_class([0.6] * 5)) == pytest.approx(expected, abs=1e-4)


def test_temperature_of_two_classes_is_the_inverse_slope_of_a_logistic_regression():
    labels, probabilities = drawn(classes=2)
    boastful = apply_temperature(probabilities, 0.6)
    logit = np.log(boastful[:, 1] / boastful[:, 0])
    slope = Logit(labels, logit).fit(disp=0).params[0]
    assert fit_temperature(labels, boastful) == pytest.approx(1 / slope, rel=1e-4)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_a_known_temperature_is_found_again(temperature):
    labels, probabilities = drawn(5000)
    changed = apply_temperature(probabilities, temperature)
    assert fit_temperature(labels, changed) == pytest.approx(1 / temperature, rel=0.06)


def test_the_fit_ends_at_its_bounds_where_no_error_or_no_hit_holds_it():
    certain, timid = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0.5, 0.3, 0.2], [0.2, 0.6, 0.2]]
    assert fit_temperature([0, 1], timid) == TEMPERATURES[0]
    assert fit_temperature([1, 2], certain) == TEMPERATURES[1]


@pytest.mark.parametrize("row", [[1.0, 0.0], [0.5, 0.5]])
def test_temperature_is_one_where_none_is_better(row):
    assert fit_temperature([0, 0], [row] * 2) == 1


def test_certain_and_wrong_can_be_softened():
    labels, certain = [0, 0, 0, 1], [[1.0, 0.0]] * 4
    temperature = fit_temperature(labels, certain)
    # zero counts as 1e-7: (1e7) ** (1 / T) = 3 wants a temperature of 14.7, past the bound
    assert temperature == 10
    softer = apply_temperature(certain, temperature)
    assert softer[0].tolist() == pytest.approx([1 / (1 + 1e-7**0.1), 1e-7**0.1 / (1 + 1e-7**0.1)])
    labels = np.array(labels)
    assert cross_entropy(labels, softer).mean() < cross_entropy(labels, np.array(certain)).mean()


def test_temperature_two_is_the_square_root():
    roots = np.sqrt([0.5, 0.3, 0.2])
    np.testing.assert_allclose(apply_temperature([[0.5, 0.3, 0.2]], 2), [roots / roots.sum()])


@quick
@given(st.integers(1, 20), st.integers(0, 10**6), st.floats(0.1, 10), st.floats(0.3, 3))
def test_temperatures_multiply_and_keep_the_order(images, seed, first, second):
    _, probabilities = drawn(images, seed)
    probabilities = (probabilities + 0.05) / 1.15
    np.testing.assert_allclose(apply_temperature(probabilities, 1), probabilities)
    softened = apply_temperature(probabilities, first)
    np.testing.assert_allclose(softened.sum(axis=1), 1)
    assert (softened.argmax(axis=1) == probabilities.argmax(axis=1)).all()
    twice = apply_temperature(apply_temperature(probabilities, 2), second)
    np.testing.assert_allclose(twice, apply_temperature(probabilities, 2 * second), atol=1e-6)


@quick
@given(st.integers(1, 30), st.integers(0, 10**6))
def test_no_other_temperature_has_a_lower_loss(images, seed):
    labels, probabilities = drawn(images, seed)
    best = fit_temperature(labels, probabilities)
    losses = [
        cross_entropy(labels, apply_temperature(probabilities, temperature)).mean()
        for temperature in [best, *np.geomspace(*TEMPERATURES, 60)]
    ]
    assert losses[0] <= min(losses) + 1e-9


# -- wrong input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", [fit_temperature, calibration_scores])
@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([0, 1], [[0.5, 0.5]], "shape"),
        ([0], [[np.nan, 1.0]], "finite"),
        ([0], [[3.0, -2.0]], "logits"),
        ([2], [[0.5, 0.5]], "labels"),
        ([], np.empty((0, 2)), "labels"),
    ],
)
def test_wrong_predictions_are_refused(use, labels, probabilities, message):
    with pytest.raises(ValueError, match=message):
        use(labels, probabilities)


def test_wrong_options_are_refused():
    labels, probabilities = drawn(5)
    with pytest.raises(ValueError, match="bins"):
        calibration_scores(labels, probabilities, bins=0)
    with pytest.raises(ValueError, match="3 columns but 2 classes"):
        reliability_tables(labels, probabilities, ["a", "b"])
    for temperature in (0, -1, np.nan):
        with pytest.raises(ValueError, match="temperature"):
            apply_temperature(probabilities, temperature)
