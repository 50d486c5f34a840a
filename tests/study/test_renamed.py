"""Old names of settings: read, told once, never beside the new one."""

from __future__ import annotations

import pytest
import yaml

from bcd_utils.study.loading import load_study, make_study
from bcd_utils.study.renamed import RENAMED
from bcd_utils.utils.errors import StudyError

OLD = {
    "lottery": {"splits": 7},
    "comparison": {"contenders": ["svm"], "curve_contenders": [], "imbalance_contenders": []},
    "audit": {"correlation": 0.5},
    "dataset": "phantom",
    "data_dir": "/x",
    "allow_partial": True,
    "stain": "none",
    "breakhis": {"magnification": 40},
    "cbis_ddsm": {"margin": 0.5},
    "phantoms": {"seed": 3},
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "old.yaml"
    path.write_text(yaml.safe_dump({"name": "old", **OLD}))
    return path


def test_a_file_with_old_names_is_read_and_each_is_told_in_one_line(file, caplog):
    study = load_study(file)
    assert study.repeated_splits.splits == 7 and study.comparison.candidates == ("svm",)
    assert (study.comparison.curve_candidates, study.comparison.imbalance_candidates) == ((), ())
    assert (study.source.dataset, study.source.data_dir, study.source.allow_partial) == (
        "phantom",
        "/x",
        True,
    )
    assert (study.source.look_alikes, study.source.breakhis.magnification) == (0.5, 40)
    assert (study.source.cbis_ddsm.margin, study.source.phantoms.seed) == (0.5, 3)
    assert len(caplog.messages) == len(RENAMED)
    assert caplog.messages[0].endswith("old.yaml: 'lottery' is now called 'repeated_splits'")


def test_an_override_may_use_the_old_name_of_what_the_file_calls_by_its_new_one(file, caplog):
    file.write_text(yaml.safe_dump({"name": "new", "repeated_splits": {"splits": 7, "folds": 3}}))
    study = load_study(file, ["lottery.splits=5", "comparison.contenders=[paper]"])
    assert (study.repeated_splits.splits, study.repeated_splits.folds) == (5, 3)
    assert study.comparison.candidates == ("paper",)
    assert sum("--set" in text for text in caplog.messages) == 2


def test_settings_of_a_finished_run_are_read_without_a_word(caplog):
    assert make_study({"name": "old", **OLD}).repeated_splits.splits == 7
    assert caplog.messages == []


def test_the_new_names_are_told_nothing(file, caplog):
    file.write_text(yaml.safe_dump({"name": "new", "repeated_splits": {"splits": 7}}))
    assert load_study(file).repeated_splits.splits == 7 and caplog.messages == []


def test_a_setting_under_both_names_is_refused(file):
    file.write_text(yaml.safe_dump({"name": "both", "lottery": {}, "repeated_splits": {}}))
    with pytest.raises(
        StudyError, match="'lottery' and 'repeated_splits' are the same setting. To fix: keep"
    ):
        load_study(file)


def test_a_wrong_value_under_an_old_name_is_told_by_its_new_one(file):
    file.write_text(yaml.safe_dump({"name": "old", "lottery": {"splits": 0}}))
    with pytest.raises(StudyError, match="repeated_splits.splits = 0 is not allowed"):
        load_study(file)
