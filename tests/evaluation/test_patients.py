"""Recognition rates by hand, per patient and magnification, with intervals over whole patients."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from bcd_utils.evaluation.patients import as_table, patient_scores, patients_of_test, recognition_rates

#: Patient, magnification, images, and how many of them are recognised.
PATIENTS = [("a", 40, 10, 9), ("a", 200, 2, 0), ("b", 40, 4, 1), ("b", 200, 6, 6), ("c", 40, 1, 1)]


def rows(patients=PATIENTS) -> pd.DataFrame:
    table = [
        (group, zoom, "malignant", "malignant" if number < right else "benign")
        for group, zoom, images, right in patients
        for number in range(images)
    ]
    return pd.DataFrame(table, columns=["group", "magnification", "label", "predicted"])


def test_rates_by_hand():
    rates = recognition_rates(rows())
    assert (rates["images"], rates["patients"]) == (23, 3)
    assert rates["image_rate"]["value"] == pytest.approx(17 / 23)
    # Patient a: 9 of 12 images, b: 7 of 10, c: 1 of 1.
    assert rates["patient_rate"]["value"] == pytest.approx((9 / 12 + 7 / 10 + 1) / 3)


def test_each_magnification_is_scored_on_its_own_images():
    scores = patient_scores(rows(), 0.95)
    assert list(scores) == ["all", "40x", "200x"]
    assert scores["40x"]["image_rate"]["value"] == pytest.approx(11 / 15)
    assert scores["40x"]["patient_rate"]["value"] == pytest.approx((9 / 10 + 1 / 4 + 1) / 3)
    assert scores["200x"]["patient_rate"]["value"] == pytest.approx((0 + 1) / 2)
    assert list(patient_scores(rows().drop(columns="magnification"), 0.95)) == ["all"]


def test_many_images_of_few_patients_tell_as_much_as_few_images():
    # Two patients, one recognised and one not: the share of patients is Wilson's of 1 of 2, whatever their images.
    rates = recognition_rates(rows([("a", 40, 99, 99), ("b", 40, 1, 0)]))
    low, high = proportion_confint(1, 2, method="wilson")
    assert rates["patient_rate"] == pytest.approx({"value": 0.5, "low": low, "high": high})
    assert rates["image_rate"]["value"] == 0.99
    alone = proportion_confint(99, 100, method="wilson")
    assert rates["image_rate"]["high"] - rates["image_rate"]["low"] > 3 * (alone[1] - alone[0])


def test_the_interval_is_as_wide_as_the_spread_of_patients_demands():
    generator = np.random.default_rng(1)
    right = generator.integers(0, 11, 100)
    table = rows([(str(number), 40, 10, count) for number, count in enumerate(right)])
    rates = recognition_rates(table)
    standard_error = np.std(right / 10) / np.sqrt(100)
    for bounds in (rates["patient_rate"], rates["image_rate"]):  # the same where all have ten images
        assert bounds["high"] - bounds["low"] == pytest.approx(2 * 1.96 * standard_error, rel=0.06)


def test_a_single_patient_says_nothing_of_others():
    rates = recognition_rates(rows([("a", 40, 4, 3)]))
    assert rates["patient_rate"] == {"value": 0.75, "low": None, "high": None}


def test_the_order_of_rows_does_not_matter():
    table = rows()
    shuffled = recognition_rates(table.sample(frac=1, random_state=1))
    for rate in ("image_rate", "patient_rate"):
        assert shuffled[rate] == pytest.approx(recognition_rates(table)[rate])


def test_patients_of_the_test_set_are_known_only_where_they_are_named():
    splits = pd.DataFrame(
        {"patient": ["p", "p", "q", "q"], "group": ["p", "p", "q", "q"], "split": ["train", "test"] * 2}
    )
    assert patients_of_test(splits).tolist() == ["p", "q"]
    assert patients_of_test(splits.assign(patient="", group=list("abcd"))) is None
    assert patients_of_test(splits.assign(group="p")) is None


def test_the_record_is_plain_json_and_a_table():
    scores = patient_scores(rows([*PATIENTS, ("a", 400, 3, 2)]), 0.95)
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores
    table = as_table(scores)
    assert table.columns.tolist() == ["images", "patients", "image-level rate", "patient-level rate"]
    ends = scores["40x"]["image_rate"]
    assert table.loc["40x"].tolist()[:3] == [15, 3, f"0.733 [{ends['low']:.3f}, {ends['high']:.3f}]"]
    assert table.loc["400x"].tolist() == [3, 1, "0.667 (no interval)", "0.667 (no interval)"]
    assert table.index.name == "magnification"
    assert as_table({"all": scores["all"]}).index.name == "test set", "images without magnifications"
