"""Tables of published results, counted by hand on four rows."""

from __future__ import annotations

import pytest
from statsmodels.stats.proportion import proportion_confint

from bcd_utils.experiments.published_results import tables
from bcd_utils.experiments.published_results.checks import check_row
from bcd_utils.experiments.published_results.measured import arms_table, read_measured
from bcd_utils.experiments.published_results.rows import Criticism, Published, Row
from bcd_utils.experiments.published_results.words import published_record, said_of_published
from bcd_utils.utils.errors import StudyError

IMAGES = {"ill": 40, "well": 60}
CLASSES = tuple(IMAGES)
ROWS = {
    "grouped": Row("a", "doi", ("report",), {"accuracy": "0.90", "auc": "0.95"}, classes=CLASSES,
                   test={"ill": 8, "well": 12}, split="group", copies="kept together", matrix=((7, 1), (1, 11)),
                   seed="stated", code="own"),
    "sizeless": Row("b", "doi", ("abstract",), {"accuracy": "0.85"}, classes=CLASSES, split="image"),
    "masked": Row("c", "doi", ("text",), {"recall_ill": "1.000", "precision_ill": "1.000", "recall_well": "1.000"},
                  classes=CLASSES, test={"ill": 8, "well": 12}, shown="masks", states="masks are shown", place="p. 1"),
    "silent": Row("d", "doi", ("abstract", "second hand")),
}  # fmt: skip
PUBLISHED = Published(
    "Scans", IMAGES, "ill", "well", ROWS, criticisms={"C": Criticism("x", "doi", ("text",), "by eye", 5, 2)}
)
ARMS = {
    "copies": {"rule": "by look", "with_a_copy": 7, "groups": 3},
    "network": "small",
    "arms": {
        "image": {
            "title": "plain",
            "kind": "split by image",
            "accuracy": [0.8, 0.9, 0.85],
            "auc": [0.9, None, 0.92],
        },
        "mask": {
            "title": "masks",
            "kind": "masks or regions shown",
            "accuracy": [0.95, 1.0],
            "auc": [1.0, 0.99],
        },
    },
}


@pytest.fixture(scope="module")
def checks():
    return {key: check_row(row, PUBLISHED) for key, row in ROWS.items()}


@pytest.fixture(scope="module")
def table(checks):
    return tables.rows_table(PUBLISHED, checks, 0.95)


def test_a_printed_accuracy_has_wilsons_interval(table):
    row = table.loc["grouped"]
    expected = proportion_confint(18, 20, method="wilson")
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx(expected)
    assert row["stated"] and not row["implied"] and row["auc"] == 0.95


def test_of_test_sets_that_are_not_stated_the_smallest_that_fits_is_taken(table):
    row = table.loc["sizeless"]
    # 17 of 20 images, 20% of 100, are 0.85 exactly; of 10 no number is, nor of 15 (13 are 0.867)
    assert (row["test_images"], row["stated"]) == (20, False)


def test_what_all_matrices_share_is_implied(table):
    row = table.loc["masked"]
    assert row["accuracy"] == 1 and row["implied"] and row["outcome"] == "fits"
    assert row[["recall_low", "recall_high", "precision_low", "precision_high"]].tolist() == [1, 1, 1, 1]
    assert table.loc["silent", ["accuracy", "test_images", "recall_low"]].isna().all()


def test_what_is_stated_is_counted(checks):
    quality = tables.quality_table(PUBLISHED, checks)
    assert quality.loc["rows"].tolist() == [4, 2, 2]
    assert quality.loc["what was split (images, groups)"].tolist() == [2, 1, 1]
    assert quality.loc["what was done about copies"].tolist() == [1, 1, 0]
    assert quality.loc["test images of each class"].tolist() == [2, 2, 0]
    assert quality.loc["confusion matrix"].tolist() == [1, 1, 0]
    assert quality.loc["enough to be checked"].tolist() == [3, 2, 1]


def test_rows_within_an_arm_are_counted_by_kind(table):
    within = tables.within_table(table, arms_table(ARMS))
    assert within.loc["plain", "all"] == 2 and within.loc["plain", "copies kept together"] == 1
    assert within.loc["masks"].to_dict() == {
        "copies kept together": 0, "split by image": 0, "split not stated": 0, "masks or regions shown": 1, "all": 1
    }  # fmt: skip
    assert len(tables.within_table(table, arms_table(read_measured(None)))) == 0


def test_the_band_where_both_kinds_lie(table):
    assert tables.overlap(table) == {}, "the only row with masks lies above all others"
    lower = table.copy()
    lower.loc["masked", "accuracy"] = 0.88
    assert tables.overlap(lower) == {"low": 0.88, "high": 0.90, "with": 1, "without": 1}


def test_arms_know_their_ends_and_leave_out_what_is_undefined():
    arms = arms_table(ARMS)
    assert arms.loc["image", ["splits", "accuracy", "auc", "auc_low"]].tolist() == [3, 0.85, 0.91, 0.9]


def test_a_file_without_arms_is_refused(tmp_path):
    (tmp_path / "arms.json").write_text("{}")
    with pytest.raises(StudyError, match="holds no measured arms.*bcd measured"):
        read_measured(tmp_path / "arms.json")


def test_the_record_says_it_all_together(checks, table):
    record = published_record(PUBLISHED, checks, ARMS, table)
    assert record["outcomes"] == {"fits": 2, "fits only if": 1, "prints too little to be checked": 1}
    assert record["copies"]["here"]["images with a copy"] == 7 and record["watched_without_error"] == [
        "masked"
    ]
    said = said_of_published(record)
    assert (
        "a matrix fits 2 as printed and 1 only under a condition, none was found for 0, and 1 cannot" in said
    )
    assert "What was split is stated by 2, what was done about copies by 1." in said


def test_tables_for_reading_say_nothing_of_what_is_unknown(checks, table):
    shown = tables.shown_table(table, "well")
    assert shown.loc["silent"].tolist()[1:] == ["", "prints too little to be checked: no score is printed as a number",
                                                "", "", "", "", ""]  # fmt: skip
    assert shown.loc["masked", "states"] == "states that masks are shown (p. 1)"
    fits = tables.fits_table(checks)
    assert set(fits["row"]) == {"grouped", "sizeless", "masked"} and "8|12" in set(fits["images"])
    assert list(tables.fits_table({"silent": checks["silent"]})) == ["row"]
