"""A run's folder stays that of its study and its data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from builders import make_run

from bcd_utils.pipeline.origin import ORIGIN, take_folder
from bcd_utils.study.loading import make_study
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import read_json
from bcd_utils.utils.paths import ROOT

STAGE, FILE = "01_data_exploration", Path("/studies/mine.yaml")
SETTINGS = {"name": "mine", "source": {"dataset": "busi", "data_dir": "/data/a"}}


def settings(**source):
    return make_study(SETTINGS | {"source": SETTINGS["source"] | source})


@pytest.fixture
def finished(tmp_path):
    """A run with one finished stage, which left a table."""
    run = make_run(tmp_path / "mine", settings())
    take_folder(run, FILE, False)
    before = run.shown()
    (run.folder / "tables").mkdir()
    (run.folder / "tables" / "a.csv").write_text("a")
    run.mark_done(STAGE, {}, 1, 0, before)
    return run


def other(run, study=None, **source):
    return Run(run.folder, study or settings(**source), run.contract)


OTHERS = {
    "the data in /data/a": ({"data_dir": "/data/b"}, FILE),
    "the data set busi": ({"dataset": "folder"}, FILE),
    "the file /studies/mine.yaml": ({}, Path("/elsewhere/mine.yaml")),
}


@pytest.mark.parametrize("said", OTHERS)
def test_another_run_does_not_land_in_the_folder_of_a_finished_one(finished, said):
    source, file = OTHERS[said]
    with pytest.raises(StudyError, match=said) as caught:
        take_folder(other(finished, **source), file, False)
    assert "mine_2" in caught.value.fix and "--overwrite" in caught.value.fix
    assert (finished.folder / "tables" / "a.csv").exists() and finished.marker_of(STAGE)
    take_folder(other(finished, **source), file, True)
    assert not (finished.folder / "tables" / "a.csv").exists() and finished.marker_of(STAGE) is None
    take_folder(other(finished, **source), file, False)


def test_another_study_does_not_either(finished):
    another = make_study(SETTINGS | {"name": "another"})
    with pytest.raises(StudyError, match="holds a run of the study mine"):
        take_folder(other(finished, another), FILE, False)


def test_edited_settings_of_the_same_study_on_the_same_data_go_on(finished):
    take_folder(other(finished, replace(finished.study, epochs=3)), FILE, False)
    assert finished.marker_of(STAGE)


def test_a_folder_without_a_finished_stage_is_free(finished):
    finished.forget(STAGE)
    take_folder(other(finished, data_dir="/data/b"), FILE, False)
    assert read_json(finished.folder / ORIGIN)["data_dir"] == "/data/b"


@pytest.mark.parametrize("text", ["", "[]", "{", "1"])
def test_what_is_damaged_says_nothing(finished, text):
    (finished.folder / ORIGIN).write_text(text)
    take_folder(finished, FILE, False)
    assert read_json(finished.folder / ORIGIN)["study"] == "mine"


def test_a_file_of_the_project_is_noted_from_there(finished):
    (finished.folder / ORIGIN).unlink()
    take_folder(finished, ROOT / "studies" / "paper.yaml", False)
    assert read_json(finished.folder / ORIGIN)["study_file"] == str(Path("studies", "paper.yaml"))
