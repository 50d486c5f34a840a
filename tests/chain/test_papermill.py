"""The whole study with papermill's own command line, and notebooks opened by other tools than ``bcd``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from figures import check_figures
from runs import same_results
from trust_study import write_published

from bcd_utils.pipeline.stages import all_stages
from bcd_utils.utils.paths import NOTEBOOKS, ROOT

pytestmark = pytest.mark.slow
STAGES = [stage.notebook for stage in all_stages().values() if stage.protocol]


@pytest.fixture(scope="module")
def python(quick):
    """Runs a module as a user would, where the study's file lies."""
    place = {"BCD_CACHE_DIR": str(quick.cache), "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    environment = {key: value for key, value in os.environ.items() if key not in ("BCD_RUN_DIR", "BCD_STAGE")}

    def run(module: str, *words: str | Path) -> subprocess.CompletedProcess:
        command = [quick.python, "-m", module, *map(str, words)]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment | place, cwd=quick.file.parent
        )

    return run


def notebook(name: str) -> Path:
    return NOTEBOOKS / f"{name}.ipynb"


@pytest.fixture(scope="module")
def made(quick, python, tmp_path_factory):
    """Folder of a run that a loop over papermill has made, with its path as the user typed it."""
    folder = tmp_path_factory.mktemp("papermill") / "run"
    (folder / "notebooks").mkdir(parents=True)  # papermill makes no folder
    typed = os.path.relpath(folder, quick.file.parent)
    for name in STAGES:
        begin = ("-p", "study_file", quick.file.name) if name == STAGES[0] else ()
        done = python(
            "papermill", notebook(name), f"{typed}/notebooks/{name}.ipynb", "-p", "run_dir", typed, *begin
        )
        assert done.returncode == 0, done.stderr
    return folder


def test_a_loop_over_papermill_makes_the_run_that_bcd_makes(made, finished, python):
    done = python("bcd_utils.cli", "report", made)
    assert (done.returncode, done.stderr) == (0, "")
    same_results(made, finished)
    assert sorted(path.name for path in made.glob("*.html")) == sorted(
        path.name for path in finished.glob("*.html")
    )


def test_bcd_takes_such_a_run_over_without_repeating_it(made, quick):
    plan = quick.bcd("run", quick.file, "--run-dir", made, "--plan")
    assert "0 of 5 stages would run" in plan.stdout, plan.stdout


def failure(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 1
    return done.stderr.replace("\n", " ")


def test_a_misspelt_parameter_stops_the_notebook_by_name(made, python, tmp_path):
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    for words, said in {
        ("rundir", str(made)): "There is no parameter 'rundir'. To fix: did you mean 'run_dir'?",
        ("epochs", "3"): "There is no parameter 'epochs'",
    }.items():
        done = python(
            "papermill", notebook(STAGES[2]), tmp_path / "out.ipynb", "-p", "run_dir", made, "-p", *words
        )
        assert said in failure(done)
        executed = [
            cell for cell in nbformat.read(tmp_path / "out.ipynb", 4).cells if cell.get("execution_count")
        ]
        assert "run = open_run(" in executed[-1].source, "the cell after the parameters"
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before


@pytest.mark.long
def test_a_finished_stage_is_made_again_only_when_told_to(made, python, tmp_path):
    folder = shutil.copytree(made, tmp_path / "copy")
    words = ("papermill", notebook(STAGES[3]), tmp_path / "out.ipynb", "-p", "run_dir", folder)
    assert "is finished. To fix: look at it with 'bcd lab', or add -p overwrite True" in failure(
        python(*words)
    )
    assert python(*words, "-p", "overwrite", "True").returncode == 0
    assert not (folder / "index.html").exists(), "its reports are out of date"
    (folder / "notebooks" / f"{STAGES[3]}.ipynb").unlink()
    lost = failure(python("bcd_utils.cli", "report", folder))
    assert f"notebook of {STAGES[3]} was written elsewhere" in lost and "papermill" in lost


def test_headlessly_no_run_is_chosen_by_being_the_newest(python, tmp_path):
    done = python("papermill", notebook(STAGES[1]), tmp_path / "out.ipynb", "-p", "overwrite", "True")
    assert "No run is named. To fix: add -p run_dir" in failure(done)


def test_a_stage_before_its_time_names_what_is_missing(python, quick, tmp_path):
    words = ("-p", "study_file", quick.file, "-p", "run_dir", tmp_path / "run", "-p", "settings", "epochs=1")
    done = python("papermill", notebook(STAGES[1]), tmp_path / "out.ipynb", *words)
    assert f"manifest.csv is missing; notebook {STAGES[0]} makes it" in failure(done)
    assert json.loads((tmp_path / "run" / "study.json").read_text())["epochs"] == 1
    assert "01_data_exploration of" in failure(python("bcd_utils.cli", "report", tmp_path / "run"))


def test_published_results_need_no_image(python, tmp_path):
    name, study = "13_published_results", tmp_path / "mine.yaml"
    write_published(tmp_path)
    study.write_text(
        f"name: mine\nnotebooks: [{name}]\npublished_results: {{results: published_rows.yaml}}\n"
    )
    (tmp_path / "run" / "notebooks").mkdir(parents=True)
    words = ("-p", "run_dir", tmp_path / "run", "-p", "study_file", study)
    done = python("papermill", notebook(name), tmp_path / "run" / "notebooks" / f"{name}.ipynb", *words)
    assert done.returncode == 0, done.stderr
    done = python("bcd_utils.cli", "report", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "run" / "index.html").read_text(encoding="utf-8")
    assert (
        "Of 3 published results on Phantoms, a matrix fits 0 as printed and 2 only under a condition" in page
    )
    check_figures(tmp_path / "run")
    looked_at(python, name, tmp_path / "run", tmp_path)
    assert (tmp_path / "run" / "exploration" / "artifacts" / "published.json").exists()


def test_parameters_explain_themselves(python):
    shown = python("papermill", "--help-notebook", notebook(STAGES[0])).stdout
    for name in ("run_dir: str", "study_file: str", "settings: str", "overwrite: bool"):
        assert name in shown
    assert "folder of the run" in shown


def looked_at(python, name: str, run: Path, place: Path) -> Path:
    """A copy of a notebook that nbconvert has executed on a run."""
    copy = shutil.copy(notebook(name), place / "mine.ipynb")
    cells = nbformat.read(copy, 4)
    parameters = next(cell for cell in cells.cells if "parameters" in cell.metadata.get("tags", []))
    parameters.source += f'\nrun_dir = "{run}"'
    nbformat.write(cells, copy)
    done = python("nbconvert", "--to", "notebook", "--execute", "--inplace", copy)
    assert done.returncode == 0, done.stderr
    return copy


def test_nbconvert_looks_at_a_run_and_leaves_it_as_it_is(made, python, tmp_path):
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    copy = looked_at(python, STAGES[3], made, tmp_path)
    first = next(cell for cell in nbformat.read(copy, 4).cells if cell.get("outputs"))
    assert "the run stays as it is" in first.outputs[0]["data"]["text/markdown"]
    after = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    assert {path: content for path, content in after.items() if "exploration" not in path.parts} == before
    assert any("exploration" in path.parts for path in after)
