"""Image and record through the chain: CBIS-DDSM's tables without a pixel, made by papermill alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import nbformat
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from builders import TINY_SETTINGS, TinyStudy, make_run
from independent_record import MOST, compare
from miniatures import write_cbis

from bcd_utils.experiments.image_and_record.material import gather
from bcd_utils.experiments.image_and_record.words import OPINION
from bcd_utils.study.loading import load_study
from bcd_utils.utils.paths import NOTEBOOKS, ROOT

pytestmark = pytest.mark.slow
STAGE = "16_image_and_record"
FILMS = [
    (("mass", "calc")[number % 2], "test" if number > 11 else "train", f"P_{number:05}", "LEFT", projection, 1,
     ("MALIGNANT", "BENIGN")[number // 2 % 2])
    for number in range(16)
    for projection in ("CC", "MLO")
]  # fmt: skip


@pytest.fixture(scope="module")
def study(quick, tmp_path_factory) -> TinyStudy:
    folder = tmp_path_factory.mktemp("record")
    write_cbis(folder / "whole", rows=FILMS)
    (folder / "tables").mkdir()
    for table in (folder / "whole").glob("*.csv"):
        lines = table.read_text().replace(",X,Y,4,MALIGNANT", ",X,Y,5,MALIGNANT")
        (folder / "tables" / table.name).write_text(lines)
    settings = {key: value for key, value in TINY_SETTINGS.items() if key not in ("dataset", "phantoms")}
    source = {"dataset": "cbis_ddsm", "data_dir": str(folder / "tables"), "allow_partial": True}
    settings |= {
        "name": "record",
        "source": source | {"cbis_ddsm": {"region": "lesion"}},
        "notebooks": [STAGE],
    }
    (folder / "record.yaml").write_text(
        yaml.safe_dump(settings | {"image_and_record": {"folds": 2, "permutations": 2}})
    )
    return TinyStudy(folder / "record.yaml", folder / "cache", quick.python)


@pytest.fixture(scope="module")
def run(study):
    """Folder of the run that papermill's own command line has made."""
    folder = study.file.parent / "run"
    (folder / "notebooks").mkdir(parents=True)
    target = folder / "notebooks" / f"{STAGE}.ipynb"
    command = [
        "papermill",
        NOTEBOOKS / f"{STAGE}.ipynb",
        target,
        "-p",
        "run_dir",
        folder,
        "-p",
        "study_file",
        study.file,
    ]
    environment = {key: value for key, value in os.environ.items() if key not in ("BCD_RUN_DIR", "BCD_STAGE")}
    place = {"BCD_CACHE_DIR": str(study.cache), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [study.python, "-m", *map(str, command)], capture_output=True, text=True, env=environment | place
    )
    assert done.returncode == 0, done.stderr
    done = study.bcd("report", folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return folder


def test_the_record_alone_is_scored_without_a_pixel(run):
    made = json.loads((run / "summary.json").read_text())["image_and_record"]
    assert (made["images"], made["patients"], made["reference"]) == (32, 16, "known")
    assert list(made["scores"]) == ["known", "read", "both"] and made["published"]["images"] == 8
    assert made["scores"]["read"]["roc_auc_malignant"]["value"] == 1, "its assessment tells the class"
    assert made["telling"] == ["assessment"] and made["claim"]["this run's network"] == "not tested"
    assert not (run / "artifacts" / "record_features.npy").exists()


def test_an_independent_script_agrees_from_the_four_tables(run, study):
    found = compare(run, study.file.parent / "tables")
    assert len(found) == 6
    assert (found[["difference", "probabilities", "ends"]] <= MOST).all(axis=None), found.to_string()


def test_pages_say_whose_opinion_it_is_and_show_no_logs(run):
    for page in (f"{STAGE}.html", "index.html"):
        text = " ".join(
            BeautifulSoup((run / page).read_text(encoding="utf-8"), "html.parser").get_text().split()
        )
        assert OPINION in text, page
    notebook = nbformat.read(run / "notebooks" / f"{STAGE}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output.output_type in ("stream", "error")] == []
    for stem in ("record_scores", "record_importance"):
        assert (run / "figures" / f"{stem}.png").exists()


def test_bcd_takes_such_a_run_over_until_a_table_changes(run, study):
    plan = study.bcd("run", study.file, "--run-dir", run, "--plan")
    assert "0 of 1 stages would run" in plan.stdout, plan.stdout
    table = next((study.file.parent / "tables").glob("mass*train*"))
    before = table.read_text()
    table.write_text(before.replace(",5,", ",4,", 1))
    plan = study.bcd("run", study.file, "--run-dir", run, "--plan")
    table.write_text(before)
    assert "files from outside the run" in plan.stdout, plan.stdout


def test_with_images_rows_and_features_are_those_of_the_run(finished, tmp_path, cache):
    names = json.loads((finished / "study.json").read_text())["notebooks"]
    settings = ["source.phantoms.record_effect=2.0", f"notebooks=[{', '.join(names)}]"]
    run = make_run(tmp_path / "run", load_study(finished.parent / "tiny.yaml", settings))
    shutil.copytree(finished / "artifacts", run.folder / "artifacts")
    given = gather(run, lambda what: lambda done, total: None)
    splits = pd.read_csv(finished / "artifacts" / "splits.csv", dtype=str)
    assert given.table["id"].tolist() == splits["id"].tolist()
    assert given.features.shape == (56, 16) and given.synthetic and given.network["untrained"] is False
    assert list(given.records.columns) == ["age", "density", "family_history", "scanner", "assessment"]
    ages = given.records.values["age"].groupby(given.table["label"]).mean()
    assert ages["malignant"] - ages["benign"] == pytest.approx(24, abs=12)
