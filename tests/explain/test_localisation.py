"""Localisation scores by hand, chance levels, and no choice made on test images."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcd_utils.explain.localisation import (
    THRESHOLDS,
    centre_gaussian,
    choose_threshold,
    differences,
    localisation,
    summarise,
    verdict,
)

MASK = np.zeros((4, 4), bool)
MASK[:2, :2] = True


def test_a_uniform_map_scores_the_lesion_area():
    scores = localisation(np.ones((4, 4)), MASK)
    assert scores["pointing_game"] == scores["energy"] == scores["iou_0.5"] == 4 / 16


def test_a_perfect_map_scores_one():
    assert set(localisation(MASK.astype(float), MASK).values()) == {1.0}


def test_scores_by_hand():
    heat = np.zeros((4, 4))
    heat[0, 0], heat[1, 1], heat[3, 3] = 0.6, 0.2, 1.0
    scores = localisation(heat, MASK)
    assert scores["pointing_game"] == 0
    assert scores["energy"] == pytest.approx(0.8 / 1.8)
    assert scores["iou_0.5"] == pytest.approx(
        1 / 5
    )  # (0,0) and (3,3) are hot; one of five cells in the union
    assert scores["iou_0.1"] == pytest.approx(2 / 5)


def test_a_map_of_zeros_scores_zero():
    assert set(localisation(np.zeros((4, 4)), MASK).values()) == {0.0}


@given(st.integers(0, 2**32 - 1))
def test_scores_are_shares(seed):
    generator = np.random.default_rng(seed)
    scores = localisation(generator.random((6, 5)), generator.random((6, 5)) < 0.4)
    assert all(0 <= value <= 1 for value in scores.values())


def test_the_centre_gaussian_peaks_in_the_middle_and_falls_to_exp_minus_half_at_its_width():
    heat = centre_gaussian((101, 201))
    assert np.unravel_index(heat.argmax(), heat.shape) == (50, 100)
    assert heat[75, 100] == pytest.approx(np.exp(-0.5))
    assert heat[50, 150] == pytest.approx(np.exp(-0.5))


def table(best):
    rows = {"group": ["a", "b"], "pointing_game": [1.0, 0.0], "energy": [0.5, 0.1]}
    return pd.DataFrame(rows | {f"iou_{t}": [0.9 if t == best else 0.1] * 2 for t in THRESHOLDS})


def test_the_threshold_is_the_validations_best():
    assert choose_threshold(table(0.3)) == 0.3


def test_the_iou_of_test_images_uses_the_validation_threshold():
    summary = summarise({"m": table(0.7)}, {"m": table(0.3)}, 0.95).loc["m"]
    assert summary["threshold"] == 0.3
    assert summary["iou"] == pytest.approx(0.1)
    assert summary["pointing_game"] == 0.5
    # Wilson's interval of 1 of 2
    assert (summary["pointing_game_low"], summary["pointing_game_high"]) == pytest.approx(
        (0.0945, 0.9055), abs=1e-4
    )


def test_images_of_one_lesion_count_once():
    four = pd.concat([table(0.3)] * 4, ignore_index=True)
    alone = summarise({"m": four.assign(group=list("abcdefgh"))}, {"m": four}, 0.95).loc["m"]
    together = summarise({"m": four}, {"m": four}, 0.95).loc["m"]
    assert together["pointing_game_high"] > alone["pointing_game_high"] < 0.9
    one = summarise({"m": four.assign(group="a")}, {"m": four}, 0.95).loc["m"]
    assert one["pointing_game"] == 0.5 and np.isnan(one["pointing_game_low"])
    gaps = differences(
        {"m": four.assign(group="a"), "other": four},
        summarise({"m": four, "other": four}, {"m": four, "other": four}, 0.95),
        0.95,
        "m",
    )
    assert "pointing game no clear difference" in verdict(gaps, "m")


def test_a_difference_is_of_the_same_images():
    rng = np.random.default_rng(0)
    images = pd.DataFrame({"group": [f"g{number}" for number in range(60)]})
    share = rng.random(60) / 2
    bumps = images.assign(pointing_game=share, energy=share, **{f"iou_{t}": share for t in THRESHOLDS})
    ours = bumps.assign(energy=share + 0.1 + 0.01 * rng.normal(size=60), pointing_game=1 - share)
    scores = {"Grad-CAM": ours, "bump": bumps}
    gaps = differences(scores, summarise(scores, scores, 0.95), 0.95)
    assert gaps.index.tolist() == ["bump"] and gaps.index.name == "Grad-CAM minus"
    row = gaps.loc["bump"]
    # each image's gain is nearly the same, so the interval is far narrower than either's own
    assert row["energy"] == pytest.approx((ours["energy"] - share).mean())
    assert row["energy_low"] > 0.095 and row["energy_high"] < 0.105
    words = verdict(gaps)
    assert "pointing game better, energy better, iou no clear difference" in words


@pytest.mark.parametrize("empty", [0, 1])
def test_without_a_lesion_in_test_or_validation_nothing_is_summarised(empty):
    scores = {"Grad-CAM": pd.DataFrame([{"group": "a", **localisation(np.ones((2, 2)), np.eye(2) > 0)}])}
    sets = [scores, scores]
    sets[empty] = {"Grad-CAM": pd.DataFrame()}
    assert len(summarise(*sets, 0.95)) == 0 and len(summarise(scores, scores, 0.95)) == 1
