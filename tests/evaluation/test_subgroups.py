"""Who a model works for: subgroups, their counts, and the one test a column has."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2, chi2_contingency

from bcd_utils.evaluation.means import wilson_interval
from bcd_utils.evaluation.subgroups import SMALL, said_of_subgroups, score_subgroups, shown_table

POSITIVE = "malignant"


def images(count: int, label: str = POSITIVE, **columns) -> pd.DataFrame:
    """Rows of a manifest that differ in nothing, but for these columns; all are called malignant."""
    rows = pd.DataFrame({"label": label, "predicted": POSITIVE, "area_share": 0.0}, index=range(count))
    rows = rows.assign(**{"letters": 0, "calipers": 0, "width": 100, "height": 100} | columns)
    return (
        rows.assign(group=[f"{label}{number}" for number in range(count)]) if "group" not in columns else rows
    )


def scored(*parts: pd.DataFrame):
    return score_subgroups(pd.concat(parts, ignore_index=True), POSITIVE, 0.95)


def rows_of(found, column: str) -> pd.DataFrame:
    return found.table[found.table["column"] == column].set_index("subgroup")


def test_images_found_and_spared_are_counted_in_each_subgroup():
    found = scored(
        images(30, view="left", predicted=[POSITIVE] * 24 + ["benign"] * 6),
        images(20, view="right", predicted=[POSITIVE] * 5 + ["normal"] * 15),
        images(10, "benign", view="right", predicted=[POSITIVE] * 3 + ["normal"] * 7),
    )
    table = rows_of(found, "view")
    assert table.index.tolist() == ["left", "right"]
    counts = ["images", "positives", "found", "others", "spared"]
    assert table.loc["left", counts].tolist() == [30, 30, 24, 0, 0]
    assert table.loc["right", counts].tolist() == [30, 20, 5, 10, 7], (
        "a normal that is called benign is spared"
    )
    assert table.loc["left", ["sensitivity_low", "sensitivity_high"]].tolist() == pytest.approx(
        wilson_interval(24, 30)
    )
    assert table.loc["right", ["specificity_low", "specificity_high"]].tolist() == pytest.approx(
        wilson_interval(7, 10)
    )
    assert table.loc["left", ["specificity", "specificity_low"]].isna().all()
    assert found.table.loc[0, ["column", "subgroup", "positives", "found"]].tolist() == [
        "",
        "all images",
        50,
        29,
    ]
    shown = shown_table(found)
    assert shown.loc[("view", "right"), "others spared"] == "0.700 [0.397, 0.892] (7 of 10, few)"
    assert shown.loc[("view", "left"), "others spared"] == ""
    json.dumps(found.record(), allow_nan=False)


def test_numbers_are_cut_into_thirds_of_the_images_of_the_class():
    area = np.linspace(0.01, 0.3, 30)
    found = scored(images(30, area_share=area), images(50, "benign", area_share=0.02), images(4, "normal"))
    table = rows_of(found, "lesion area, share of the image")
    assert table["positives"].tolist() == [10, 10, 10, 0]
    assert table["others"].tolist() == [50, 0, 0, 4]
    assert table.index.tolist() == ["up to 10.7%", "10.7% to 20.3%", "above 20.3%", "no lesion drawn"]


def test_marks_sizes_and_further_columns_are_subgroups_and_what_is_the_same_for_all_is_not():
    further = {
        "density": [1, 2, 3, np.nan] * 6,
        "device": "one",
        "slide": [f"s{number}" for number in range(24)],
    }
    further |= {
        "age": range(40, 64),
        "official_split": ["train", "test"] * 12,
        "several_files": [True, False] * 12,
    }
    found = scored(
        images(24, calipers=[0, 1, 2, 3] * 6, letters=0, width=[10, 2000] * 12, height=1000, **further)
    )
    assert list(found.tests) == ["calipers (estimated)", "size, megapixels", "density", "age"]
    assert rows_of(found, "calipers (estimated)")["positives"].to_dict() == {"with": 12, "without": 12}
    assert rows_of(found, "density").index.tolist() == ["1", "2", "3", "not known"]
    assert rows_of(found, "size, megapixels")["positives"].sum() == 24
    assert found.left_out == {"slide": 24} and "slide (24)" in said_of_subgroups(found)


def found_of(hits: int, of: int) -> list[str]:
    return [POSITIVE] * hits + ["benign"] * (of - hits)


def test_where_every_image_stands_alone_the_test_is_pearsons_with_n_minus_1():
    found = scored(
        images(30, view="left", predicted=found_of(24, 30), group=[f"l{n}" for n in range(30)]),
        images(40, view="right", predicted=found_of(18, 40), group=[f"r{n}" for n in range(40)]),
    )
    statistic = chi2_contingency([[24, 6], [18, 22]], correction=False).statistic
    assert found.tests == {"view": pytest.approx(chi2.sf(statistic * 69 / 70, 1))}


def test_images_of_one_patient_count_as_one():
    patients = [f"p{number // 10}" for number in range(60)]
    found = scored(
        images(60, view=["left"] * 30 + ["right"] * 30, predicted=found_of(30, 60), group=patients)
    )
    # three patients wholly found against three wholly missed: the ranks of six units, not of sixty images
    assert found.tests["view"] == pytest.approx(chi2.sf(5.0, 1)) and found.tests["view"] > 0.02


def test_small_subgroups_are_not_tested_and_p_values_rise_with_the_columns():
    left, right = ["left"] * SMALL, ["right"] * (SMALL - 1)
    found = scored(images(2 * SMALL - 1, view=left + right, predicted=found_of(SMALL, 2 * SMALL - 1)))
    assert found.tests == {"view": None} and "none was tested" in said_of_subgroups(found)
    views, hits = ["left"] * 25 + ["right"] * 25, found_of(20, 25) + found_of(10, 25)
    one = scored(images(50, view=views, predicted=hits)).tests["view"]
    two = scored(images(50, view=views, predicted=hits, side=["a", "b"] * 25)).tests
    assert two["view"] == pytest.approx(2 * one) and two["side"] > two["view"]


def test_what_is_found_everywhere_differs_nowhere():
    found = scored(images(60, view=["left"] * 30 + ["right"] * 30))
    assert found.tests == {"view": 1.0} and "view 1.0000" in said_of_subgroups(found)


def test_two_images_without_the_class_are_no_obstacle():
    found = scored(images(2, "benign", view=["left", "right"], width=[10, 99], area_share=[0.1, 0.0]))
    assert set(found.tests.values()) == {None}
    assert found.table["sensitivity"].isna().all() and (found.table["spared"] == 0).all()
