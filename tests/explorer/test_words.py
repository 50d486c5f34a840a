"""What is said of a case and of a threshold; no name becomes markup."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from bcd_utils.explorer.case import case_of_run
from bcd_utils.explorer.words import as_json, below_picture, note, said_of_case, said_of_threshold

pytestmark = pytest.mark.slow
SCRIPT = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def case(collection):
    return case_of_run(collection.model, collection.images, 0)


def test_probabilities_decisions_distance_and_checks_stand_in_the_page(collection, case):
    said = BeautifulSoup(said_of_case(collection.model, case, collection.nearest(case)), "html.parser")
    rows = [[cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in said.find_all("tr")]
    for name in collection.model.classes:
        assert [name, f"{case.row[f'calibrated_{name}']:.3f}", f"{case.row[f'p_{name}']:.3f}"] in rows
    thresholds = collection.model.networks[0].thresholds
    assert len(thresholds) == 2
    for wanted, threshold in thresholds.items():
        reached = case.row["malignant_score"] >= threshold
        words = ("reached: called" if reached else "not reached: not called") + " malignant"
        assert [f"for {wanted}", f"{threshold:.3f}", words] in rows
    text = " ".join(said.get_text().split())
    assert f"Distance from the training images: {case.row['distance']:.3f}" in text
    assert f"{case.row['width']} x {case.row['height']} pixels" in text
    assert [image["alt"] for image in said.find_all("img")] == [
        f"training image {case.row[f'nearest_{place}']}" for place in (1, 2, 3)
    ]
    assert ("Do not use this prediction" in text) == case.row["abstain"]


def test_no_name_becomes_markup(collection, case):
    names = {name: SCRIPT for name in ("remarks", "abstain_because", "predicted", "conformal_set")}
    evil = replace(case, name=SCRIPT, label=SCRIPT, group=SCRIPT, row={**case.row, **names, "abstain": True})
    nearest = [{"id": SCRIPT, "label": SCRIPT, "pixels": case.image}]
    for made in (said_of_case(collection.model, evil, nearest), note([SCRIPT])):
        page = BeautifulSoup(made, "html.parser")
        assert page.find("script") is None and SCRIPT in page.get_text()
        assert not [tag for tag in page.find_all(True) if any(name.startswith("on") for name in tag.attrs)]


def test_a_threshold_is_judged_on_tuning_and_internal_test_set(collection, case, finished):
    said = said_of_threshold(collection.model, collection.by_set, 0.3, 0.95, case)
    cells = [
        " ".join(cell.get_text(" ").split()) for cell in BeautifulSoup(said, "html.parser").select("tbody td")
    ]
    table = pd.read_csv(finished / "artifacts" / "predictions.csv")
    expected = []
    for name in ("validation", "test"):
        rows = table[table["split"] == name]
        called, truth = rows["p_malignant"] >= 0.3, rows["label"] == "malignant"
        for right, among in ((called & truth, truth), (~called & ~truth, ~truth)):
            expected.append(
                f"{right.sum() / among.sum():.3f} [",
            )
            expected[-1] += f"...{right.sum()} of {among.sum()}"
    assert len(cells) == 4
    for cell, words in zip(cells, expected, strict=True):
        begin, end = words.split("...")
        assert cell.startswith(begin) and cell.endswith(end)
    assert ("not called" in said) == (case.row["malignant_score"] < 0.3)


def test_a_saved_case_says_all_that_was_shown_and_what_it_is_not_for(collection, case):
    shown = {"method": "grad-cam", "class": "benign", "opacity": 0.6}
    saved = json.loads(as_json(collection.model, case, 0.3, collection.by_set, 0.95, shown))
    assert "Not for clinical use" in saved["use"] and "Synthetic data" in saved["announcements"][0]
    assert saved["prediction"] == dict(case.row) and saved["heat_map"] == shown
    assert saved["meaning"].keys() <= saved["prediction"].keys() and saved["case"] == case.name
    assert saved["chosen_threshold"]["threshold"] == 0.3
    assert set(saved["chosen_threshold"]) == {"threshold", "tuning", "internal test"}


def test_a_long_name_is_cut_below_the_picture_and_the_notice_is_there(collection, case):
    lines = below_picture(collection.model, replace(case, name="x" * 500), "")
    assert lines[0].startswith("x" * 57 + "...: true class") and len(lines[0]) < 250
    assert any("Not for clinical use" in line for line in lines)
    assert any("Synthetic data" in line for line in lines)
