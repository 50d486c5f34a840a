"""A run folder: found, filled, and done only while everything is as its notebook left it."""

from __future__ import annotations

import hashlib
import json
import os
import time

import numpy as np
import pandas as pd
import pytest
from builders import make_run

from bcd_utils.pipeline.stages import all_stages
from bcd_utils.study import run as module
from bcd_utils.study.loading import make_study
from bcd_utils.study.run import Run
from bcd_utils.study.stage import writers
from bcd_utils.utils.errors import StudyError

STAGE = "01_data_exploration"
ARTIFACTS = writers(all_stages().values())


def study(name: str = "mine", **settings):
    return make_study({"name": name, **settings})


@pytest.fixture
def reports(tmp_path, monkeypatch):
    """An empty ``reports`` folder, and no run named by the environment."""
    monkeypatch.setattr(module, "REPORTS", tmp_path / "reports")
    monkeypatch.delenv("BCD_RUN_DIR", raising=False)
    return tmp_path / "reports"


@pytest.fixture
def run(reports):
    return make_run(reports / "mine", study())


@pytest.fixture
def figure():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3, 2))
    figure.add_subplot().plot([0, 1])
    return figure


# -- opening ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["absolute", "name", "environment"])
def test_a_run_is_opened_by_its_folder_its_name_or_the_environment(run, folder, monkeypatch):
    monkeypatch.setenv("BCD_RUN_DIR", str(run.folder) if folder == "environment" else "nowhere")
    opened = Run.open({"absolute": run.folder, "name": "mine", "environment": ""}[folder])
    assert (opened.folder, opened.study) == (run.folder, run.study)


def test_a_run_is_opened_relative_to_the_current_folder(run, monkeypatch):
    monkeypatch.chdir(run.folder.parent.parent)
    assert Run.open("reports/mine").folder == run.folder


def test_without_a_name_the_run_that_finished_last_is_opened(reports):
    for age, name in [(20, "a"), (10, "begun-last"), (30, "z")]:
        settings = make_run(reports / name, study(name)).folder / "study.json"
        os.utime(settings, (time.time() - age,) * 2)
    assert Run.open().study.name == "begun-last"
    for age, name in [(5, "a"), (15, "z")]:
        (reports / name / "summary.json").touch()
        os.utime(reports / name / "summary.json", (time.time() - age,) * 2)
    assert Run.open().study.name == "a"


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_where_there_is_no_run_the_command_that_makes_one_is_named(reports, name):
    with pytest.raises(StudyError, match="is not a run folder. To fix: make one with 'bcd run phantom'"):
        Run.open(name)


@pytest.mark.parametrize(
    ("text", "part"),
    [("{", "study.json is damaged"), ('{"name": "mine", "epoch": 3}', "unknown setting 'epoch'")],
)
def test_damaged_settings_are_named(run, text, part):
    (run.folder / "study.json").write_text(text)
    with pytest.raises(StudyError, match=part):
        Run.open(run.folder)


def test_settings_are_written_anew_only_where_they_differ(run):
    settings = run.folder / "study.json"
    os.utime(settings, (1, 1))
    make_run(run.folder, study())
    assert settings.stat().st_mtime == 1
    make_run(run.folder, study(epochs=3, title="Größe µ"))
    assert Run.open(run.folder).study == study(epochs=3, title="Größe µ")


# -- artifacts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ARTIFACTS)
def test_a_missing_artifact_names_its_notebook_and_the_command(run, name):
    with pytest.raises(StudyError) as caught:
        run.artifact(name)
    message = str(caught.value)
    assert f'{name} is missing; notebook {ARTIFACTS[name]} makes it. To fix: run "bcd run ' in message
    assert "--run-dir" in message and "mine" in message


def test_the_command_names_the_study_file_where_there_is_one(reports):
    assert "bcd run paper --run-dir" in make_run(reports / "p", study("paper")).command
    assert "STUDY.yaml --run-dir" in make_run(reports / "m", study("mine")).command


def test_an_artifact_appears_only_when_whole(run):
    with pytest.raises(ZeroDivisionError), run.writing("cam.json") as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert list((run.folder / "artifacts").iterdir()) == []
    with run.writing("cam.json") as temporary:
        temporary.write_text("{}")
    assert run.artifact("cam.json").read_text() == "{}"


def test_what_is_not_in_the_contract_is_not_written(run):
    with pytest.raises(StudyError, match=r"A notebook writes other.json, which its stage does not declare"):
        run.save_json({}, "other.json")


def test_a_stage_reads_and_writes_what_it_declares_and_no_more(run, monkeypatch):
    run.save_json({}, "cam.json")
    run.save_csv(pd.DataFrame({"id": ["a"]}), "manifest.csv")
    monkeypatch.setenv(module.STAGE, "02_preprocessing")
    assert run.read_csv("manifest.csv")["id"].tolist() == ["a"]
    with pytest.raises(StudyError, match="02_preprocessing reads cam.json, .*add it to `reads`"):
        run.read_json("cam.json")
    with pytest.raises(StudyError, match="02_preprocessing writes manifest.csv, .*add it to `writes`"):
        run.save_csv(pd.DataFrame({"id": ["a"]}), "manifest.csv")
    run.save_csv(pd.DataFrame({"id": ["b"]}), "splits.csv")
    assert run.read_csv("splits.csv")["id"].tolist() == ["b"], "its own"


def test_text_stays_text_and_empty_cells_stay_empty(run):
    table = pd.DataFrame(
        {
            "id": ["007", "NA", "1e5"],
            "group": ["007", "null", "1"],
            "masks": ["", "", ""],
            "status": ["", "ok", "None"],
            "area": [0.1, np.nan, 1 / 3],
            "width": [3, 4, 5],
        }
    )
    run.save_csv(table, "manifest.csv")
    again = run.read_csv("manifest.csv")
    pd.testing.assert_frame_equal(again, table, check_dtype=False)
    assert again["area"].dtype == float and again["width"].dtype == int


def test_plain_values_come_back_equal(run):
    record = {"a": 1, "b": [None, "µ", 0.1], "c": {"d": True}}
    run.save_json(record, "dataset.json")
    assert run.read_json("dataset.json") == record


def test_a_value_that_is_no_number_is_not_written_as_json(run):
    with pytest.raises(ValueError):
        run.save_json({"a": float("nan")}, "dataset.json")
    assert not (run.folder / "artifacts" / "dataset.json").exists()


def test_a_run_that_is_looked_at_stays_as_it_is(run, figure):
    run.save_json({"images": 1}, "dataset.json")
    run.save_table(pd.DataFrame({"a": [1]}), "t")
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    looked_at = run.explored()
    assert looked_at.read_json("dataset.json") == {"images": 1}
    looked_at.save_json({"images": 2}, "dataset.json")
    assert looked_at.read_json("dataset.json") == {"images": 2}, "a notebook goes on with what it has made"
    assert run.explored().read_json("dataset.json") == {"images": 1}
    looked_at.save_table(pd.DataFrame({"a": [2]}), "t")
    looked_at.save_figure(figure, "new")
    after = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    assert {path for path in after if "exploration" not in path.parts} == set(before)
    assert all(after[path] == content for path, content in before.items())
    new = sorted(path.name for path in after.keys() - before.keys())
    assert new == ["dataset.json", "new.json", "new.pdf", "new.png", "t.csv"]


def test_settings_change_for_looking_alone(run):
    changed = run.changed("epochs=2 fine_tuning.epochs=3")
    assert (changed.study.epochs, changed.study.fine_tuning.epochs) == (2, 3)
    assert changed.target == run.folder / "exploration" and run.study.fine_tuning is None
    with pytest.raises(StudyError, match="unknown setting 'epoch'"):
        run.changed("epoch=2")


def test_a_table_is_written_and_given_back(run):
    table = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    given = run.save_table(table, "t")
    assert given.equals(table) and given.attrs == {"caption": "T"} and not table.attrs
    other = run.save_table(table, "u_v", shown=pd.DataFrame({"words": ["one"]}))
    assert list(other) == ["words"] and other.attrs == {"caption": "U v"}
    assert (run.folder / "tables" / "u_v.csv").read_bytes() == b",a\nx,1\ny,2\n"
    assert (run.folder / "tables" / "t.csv").read_bytes() == b",a\nx,1\ny,2\n"
    run.save_table(table, "t", index=False)
    assert (run.folder / "tables" / "t.csv").read_bytes() == b"a\n1\n2\n"


def test_a_figure_is_written_and_shown_with_what_is_said_of_it(run, figure):
    said = {"caption": "A curve. It rises.", "alt": "One line over the epochs."}
    declaring = Run(run.folder, run.study, {STAGE: {"reads": [], "writes": [], "figures": {"some_*": said}}})
    figure.set_label("It ends at 0.5.")
    shown = declaring.save_figure(figure, "some_curve")
    assert shown.data == (run.folder / "figures" / "some_curve.png").read_bytes()
    _, metadata = shown._repr_mimebundle_()
    assert metadata["image/png"] == {
        "width": 390,
        "alt": "One line over the epochs. It ends at 0.5.",
        "caption": "A curve. It rises.",
        "name": "some_curve",
    }


def test_a_stage_draws_what_it_declares_and_nothing_else(run, figure, monkeypatch):
    monkeypatch.setenv("BCD_STAGE", STAGE)
    with pytest.raises(StudyError, match="draws another, which its stage does not declare"):
        run.save_figure(figure, "another")
    assert not (run.folder / "figures").exists()


# -- stages -----------------------------------------------------------------------------------------


PARTS = {"cells": "12", "settings": {"epochs": 3}}


@pytest.fixture
def done(run, figure):
    """A run whose first stage is done."""
    old = run.folder / "figures" / "old.png"
    old.parent.mkdir()
    old.touch()
    later = time.time() + 86400  # a file from the future is as old as any other
    os.utime(old, (later, later))
    before = run.shown()
    run.save_csv(pd.DataFrame({"id": ["a"]}), "manifest.csv")
    run.save_json({"images": 1}, "dataset.json")
    run.save_figure(figure, "new")
    run.save_table(pd.DataFrame({"a": [1]}), "new")
    run.mark_done(STAGE, PARTS, 1.234, 0.5, before)
    return run


def test_a_stage_is_done_once_it_is_marked(run, done):
    marker = done.marker_of(STAGE)
    assert marker["parts"] == PARTS and done.damage(marker) == ""
    assert done.marker_of("02_preprocessing") is None


def test_a_marker_holds_what_the_stage_wrote(done):
    marker = json.loads(done.marker(STAGE).read_text())
    assert list(marker["files"]) == [
        "figures/new.json",
        "figures/new.pdf",
        "figures/new.png",
        "tables/new.csv",
    ]
    assert marker["files"]["tables/new.csv"] == hashlib.sha256(b",a\n0,1\n").hexdigest()
    assert set(marker["artifacts"]) == {"manifest.csv", "dataset.json"}
    assert done.artifact_hashes([STAGE]) == marker["artifacts"]
    assert done.seconds() == {}, "this study names no notebooks"
    written = [*marker["files"], "artifacts/manifest.csv", "artifacts/dataset.json"]
    assert marker["bytes"] == sum((done.folder / name).stat().st_size for name in written)


def test_seconds_are_those_of_the_studys_stages(done):
    opened = Run(done.folder, study(notebooks=[STAGE, "02_preprocessing"]), done.contract)
    assert opened.seconds() == {STAGE: 1.23} and opened.seconds("work_seconds") == {STAGE: 0.5}


def test_a_stage_is_not_marked_with_the_artifacts_of_another(done):
    done.mark_done("02_preprocessing", PARTS, 1, 0, done.shown())
    assert done.artifact_hashes(["02_preprocessing"]) == {}


CHANGES = {
    "dataset.json was changed": lambda run: run.save_json({"images": 2}, "dataset.json"),
    "manifest.csv is missing": lambda run: run.artifact("manifest.csv").unlink(),
    "figures/new.png is missing": lambda run: (run.folder / "figures" / "new.png").unlink(),
    "figures/new.png was changed": lambda run: (run.folder / "figures" / "new.png").write_bytes(b"other"),
    "tables/new.csv was changed": lambda run: (run.folder / "tables" / "new.csv").write_text(",a\n0,2\n"),
    "tables/new.csv is missing": lambda run: (run.folder / "tables" / "new.csv").unlink(),
}


@pytest.mark.parametrize("said", CHANGES)
def test_a_stage_is_not_done_after(done, said):
    CHANGES[said](done)
    assert done.damage(done.marker_of(STAGE)) == said


@pytest.mark.parametrize(
    "text",
    [
        None,
        '{"parts": {}',
        "[]",
        '{"parts": {}}',
        '{"artifacts": [], "files": []}',
        '{"artifacts": {}, "files": 1}',
    ],
)
def test_a_marker_that_is_gone_or_damaged_marks_nothing(done, text):
    done.marker(STAGE).unlink() if text is None else done.marker(STAGE).write_text(text)
    assert done.marker_of(STAGE) is None
    done.forget(STAGE)


def test_a_stage_stays_done_when_what_it_did_not_write_changes(done):
    (done.folder / "figures" / "old.png").unlink()
    (done.folder / "figures" / "more.png").touch()
    assert done.damage(done.marker_of(STAGE)) == ""
