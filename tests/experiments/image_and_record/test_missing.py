"""Gaps that tell the class are named, others are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_records import made

from bcd_utils.experiments.image_and_record.missing import (
    leaks,
    missing_by_class,
    said_of_missing,
    telling_columns,
)
from bcd_utils.experiments.image_and_record.tables import missing_table


def with_gaps(material, of: dict[str, float], seed: int = 0):
    """The material without some ages: a share of each class, of whole patients."""
    rng = np.random.default_rng(seed)
    patients = material.table["patient"]
    drawn = pd.Series(rng.random(patients.nunique()), patients.unique())
    gone = patients.map(drawn) < material.table["label"].map(of)
    values = material.records.values.assign(age=material.records.values["age"].mask(gone))
    return replace(material, records=replace(material.records, values=values))


def test_a_leak_that_is_planted_is_named():
    material = with_gaps(made(images=400), {"benign": 0.4, "malignant": 0.1})
    table = missing_by_class(material, 0.95)
    assert leaks(table) == ["age"] and list(table.index.unique("column")) == ["age"]
    shares = material.records.missing()["age"].groupby(material.table["label"]).mean()
    assert table.loc[("age", "benign"), "missing"] == pytest.approx(shares["benign"])
    assert table.loc[("age", "benign"), "difference"] == pytest.approx(shares["benign"] - shares["malignant"])
    said = said_of_missing(table, material.classes, {"value": 0.65, "low": 0.6, "high": 0.7})
    assert said.startswith("**Leak by missingness**: in age what is missing tells the class.")
    assert f"age is missing in {shares['malignant']:.1%} of malignant images" in said
    assert said.endswith("has an AUC of 0.650 [0.600, 0.700].")
    assert "(leak)" in missing_table(table).loc["age", "benign"]


def test_what_is_missing_alike_is_none():
    alike = {"benign": 0.3, "malignant": 0.3}
    named = [leaks(missing_by_class(with_gaps(made(images=200), alike, seed), 0.95)) for seed in range(20)]
    assert sum(map(bool, named)) <= 3, "of 20 at a level of 0.05"


def test_of_three_classes_each_is_held_against_the_rest():
    classes = ("benign", "malignant", "normal")
    material = with_gaps(made(images=300, classes=classes), {"benign": 0.0, "malignant": 0.0, "normal": 0.9})
    table = missing_by_class(material, 0.95)
    assert leaks(table) == ["age"] and table.loc[("age", "normal"), "difference"] > 0.8
    assert "of normal images" in said_of_missing(table, classes, None)


def test_without_gaps_there_is_nothing_to_say():
    table = missing_by_class(made(), 0.95)
    assert len(table) == 0 and leaks(table) == [] and len(missing_table(table)) == 0
    assert said_of_missing(table, ("benign", "malignant"), None) == "No value is missing in any column."


def test_a_column_that_is_the_outcome_under_another_name_is_named():
    material = made()
    values = material.records.values.assign(
        birads=(material.table["label"] == "malignant").map({True: "5", False: "2"})
    )
    assert telling_columns(replace(material.records, values=values), material.table["label"]) == ["birads"]
    assert telling_columns(material.records, material.table["label"]) == []
