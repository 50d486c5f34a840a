"""Errors among the images of which a model is surest."""

from __future__ import annotations

import numpy as np
import pytest

from bcd_utils.evaluation.selective import area_under, risk_coverage
from bcd_utils.evaluation.tables import selective_prediction, sets_in_words

LABELS = np.array([0, 0, 1, 0])
SURE = np.array([0.9, 0.8, 0.8, 0.6])  # of class 0, so the third is wrong
PROBABILITIES = np.stack([SURE, 1 - SURE], axis=1)


def test_images_of_equal_probability_come_together():
    curve = risk_coverage(LABELS, PROBABILITIES)
    assert curve.to_dict("list") == {
        "probability": [0.9, 0.8, 0.6],
        "images": [1, 3, 4],
        "errors": [0, 1, 1],
        "coverage": [0.25, 0.75, 1.0],
        "risk": [0.0, pytest.approx(1 / 3), 0.25],
    }
    assert area_under(curve) == pytest.approx((0 + 1 / 3 + 1 / 3 + 1 / 4) / 4)


def test_risk_and_sets_of_the_test_set():
    tuning = np.stack([np.arange(1, 10) / 10, 1 - np.arange(1, 10) / 10], axis=1)
    by_set = {"validation": (np.zeros(9, int), tuning), "test": (LABELS, PROBABILITIES)}
    found = selective_prediction(by_set, ["benign", "malignant"])
    assert found.risks["images"].to_dict() == {1.0: 4, 0.9: 4, 0.8: 4, 0.7: 3, 0.6: 3, 0.5: 3}
    assert found.risks.loc[0.7, "risk"] == pytest.approx(1 / 3)
    # 1 of 3 by hand: Wilson's (1 + 1.92) / 6.84 -+ 1.96 / 6.84 * sqrt(2 / 3 + 0.96)
    assert found.risks.loc[0.7, ["low", "high"]].to_list() == pytest.approx([0.0615, 0.7923], abs=1e-4)
    # from 0.1 on a class belongs: 0.9 | 0.1 holds both up to rounding, 0.8 | 0.2 and 0.6 | 0.4 do
    assert found.record["least_probability"] == 0.1 and found.record["tuning_images"] == 9
    assert found.sets.loc["all", "coverage"] == 1 and found.sets.loc["malignant", "images"] == 1
    assert found.sets.loc["malignant", "size"] == 2 and "90% was wanted" in sets_in_words(found)


def test_patients_vary_as_a_whole_and_few_tuning_images_promise_nothing():
    import pandas as pd

    by_set = {"validation": (LABELS, PROBABILITIES), "test": (LABELS, PROBABILITIES)}
    alone = selective_prediction(by_set, ["benign", "malignant", "normal"][:2])
    paired = selective_prediction(by_set, ["benign", "malignant"], groups=pd.Series(["a", "b", "b", "a"]))
    width = [each.risks.loc[1.0, "high"] - each.risks.loc[1.0, "low"] for each in (alone, paired)]
    assert width[0] < width[1]
    assert alone.record["least_probability"] is None and (alone.sets["size"] == 2).all()
    assert sets_in_words(alone).startswith("4 tuning images are too few")
