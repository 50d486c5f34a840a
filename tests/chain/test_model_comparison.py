"""The comparison on phantoms: who is in the table, what its numbers agree with, and how it goes on after a stop."""

from __future__ import annotations

import json
import shutil

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from builders import TINY_SETTINGS, TinyStudy, as_yaml, noise, write_image
from independent_comparison import compare, scores, verdicts
from pages import check_pages
from papers import compiled, paper_of, strange_numbers
from zero_width import intervals, without_width

from bcd_utils.experiments.comparison.claims import BESIDE, CLAIMS, ELSEWHERE, FEWER

pytestmark = [pytest.mark.slow, pytest.mark.long]
TRAINED = [
    "paper", "paper-linear", "paper-cbam", "plain_cnn", "logistic_regression", "svm", "paper-random-linear",
    "paper-average", "outline-logistic_regression",
]  # fmt: skip
ENSEMBLES = ["ensemble-average", "ensemble-stacking", "best_two-average", "best_two-stacking"]
ABSENT = "densenet121-head"
SETTINGS = {
    "name": "comparison",
    "notebooks": ["01_data_exploration", "02_preprocessing", "06_data_audit", "10_model_comparison"],
    "pooling": "flatten",
    "phantoms": {"benign": 30, "malignant": 24, "normal": 16, "seed": 7, "copies": 6, "conflicts": 1},
    "comparison": {
        "candidates": [*TRAINED, ABSENT, "ensemble"],
        "folds": 3,
        "members": ["paper", "logistic_regression"],
        "scratch_epochs": 2,
        "curve_candidates": ["paper-linear", "paper-average"],
        "curve_fractions": [0.5],
        "imbalance_candidates": ["paper-linear"],
    },
}


@pytest.fixture(scope="module")
def study(quick) -> TinyStudy:
    backbone = yaml.safe_load(quick.file.read_text())["backbone"]
    file = quick.file.parent / "comparison.yaml"
    file.write_text(as_yaml(TINY_SETTINGS | {"backbone": backbone} | SETTINGS))
    return TinyStudy(file, file.with_name("comparison-cache"), quick.python)


@pytest.fixture(scope="module")
def run(study):
    """Folder of the finished comparison, on a machine without any ImageNet weights."""
    return start(study)


def start(study: TinyStudy):
    folder = study.file.parent / "comparison-run"
    done = study.bcd("run", study.file, "--run-dir", folder, KERAS_HOME=str(study.file.parent / "keras"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return folder


@pytest.fixture(scope="module")
def record(run) -> dict:
    return json.loads((run / "artifacts" / "comparison.json").read_text())


def test_no_interval_is_without_width(run):
    assert {"comparison.json", "comparison_shown.csv", "10_model_comparison.html"} <= {
        place.split(":")[0] for place, *_ in intervals(run)
    }
    assert without_width(run) == []


def test_everyone_is_in_the_table_and_who_has_no_weights_has_no_number(run, record):
    table = pd.read_csv(run / "tables" / "comparison_shown.csv", index_col=0)
    titles = {name: row["title"] for name, row in record["contenders"].items()}
    compared = [name for name, row in record["contenders"].items() if row.get("status") == "compared"]
    assert sorted(compared) == sorted([*(name for name in TRAINED if "outline" not in name), *ENSEMBLES])
    assert sorted(table.index) == sorted(titles[name] for name in [*compared, ABSENT])
    absent = table.loc[titles[ABSENT]].dropna()
    assert absent.tolist() == ["weights not available: bcd fetch densenet121"]
    assert record["contenders"][ABSENT].keys() == {"title", "family", "status", "command"}


def test_every_image_is_tested_once_and_no_group_is_in_two_sets(run):
    folds = pd.read_csv(run / "artifacts" / "folds.csv", dtype=str)
    columns = [f"fold_{number}" for number in (1, 2, 3)]
    assert ((folds[columns] == "test").sum(axis=1) == 1).all()
    for column in columns:
        assert folds.groupby("group")[column].nunique().max() == 1
    assert folds["group"].nunique() < len(folds)


def test_classical_rows_and_probes_agree_with_scikit_learn_alone(run):
    found = compare(run)
    assert set(found["contender"]) == {"logistic_regression", "svm", "paper-linear", "paper-random-linear"}
    assert found["difference"].max() < 1e-6


def test_an_independent_script_gives_the_claims_the_same_verdicts(run):
    found = verdicts(run)
    assert len(found) >= 5 and ((found["own"] == found["reported"]) | found["near"]).all(), found.to_string()


def test_who_the_reference_and_another_work_for_is_kept(run, record):
    predictions = pd.read_csv(run / "artifacts" / "contender_predictions.csv")
    titles = {row["title"]: name for name, row in record["contenders"].items()}
    assert list(record["subgroups"])[0] == record["contenders"][record["reference"]]["title"]
    assert len(record["subgroups"]) == 2
    for title, found in record["subgroups"].items():
        part = predictions[predictions["contender"] == titles[title]]
        whole, *parts = found["rows"]
        hits = (part["predicted"] == "malignant") & (part["label"] == "malignant")
        assert (whole["images"], whole["found"]) == (record["images"], hits.sum())
        for column in {row["column"] for row in parts}:
            assert sum(row["found"] for row in parts if row["column"] == column) == whole["found"]


def test_every_row_agrees_with_the_saved_predictions(run, record):
    predictions = pd.read_csv(run / "artifacts" / "contender_predictions.csv")
    for name, row in record["contenders"].items():
        if "scores" in row:
            part = predictions[predictions["contender"] == name].reset_index(drop=True)
            assert len(part) == record["images"]
            shown = part[["p_benign", "p_malignant", "p_normal"]].rename(
                columns=lambda text: text.removeprefix("p_")
            )
            for metric, value in scores(part["label"], shown).items():
                assert row["scores"][metric]["value"] == pytest.approx(value, abs=1e-6), (name, metric)


def test_outlines_are_told_apart_from_the_rest_and_only_where_there_is_a_lesion(run, record):
    predictions = pd.read_csv(run / "artifacts" / "contender_predictions.csv")
    outline = predictions[predictions["contender"] == "outline-logistic_regression"]
    assert set(outline["label"]) <= {"benign", "malignant", "normal"} and len(outline) < record["images"]
    assert "scores" not in record["contenders"]["outline-logistic_regression"]
    table = pd.read_csv(run / "tables" / "outline_shape.csv", index_col=0)
    assert table["roc_auc"].between(0, 1).all() and len(table) == 3


def test_costs_are_measured_for_each_candidate(run):
    table = pd.read_csv(run / "tables" / "comparison.csv", index_col=0)
    costs = table.loc[[name for name in TRAINED if "outline" not in name]]
    assert (costs[["training_seconds", "images_per_second", "peak_mb"]] > 0).all(axis=None)
    # The extractor's two convolutions, and the head on 4 x 4 x 16 values or 16 means: BatchNorm, Dense 8, Dense 3.
    extractor = (5 * 5 * 3 * 8 + 8) + (3 * 3 * 8 * 16 + 16)
    for name, inputs in (("paper", 4 * 4 * 16), ("paper-average", 16)):
        assert costs.loc[name, "parameters"] == extractor + 4 * inputs + (inputs * 8 + 8) + (8 * 3 + 3)
    # 64 x 64 pixels: 15 x 15 places at stride 4, then 4 x 4, then one vector.
    assert costs.loc["paper", "gflops"] == pytest.approx(
        2e-9 * (15 * 15 * 5 * 5 * 3 * 8 + 4 * 4 * 3 * 3 * 8 * 16 + 4 * 4 * 16 * 8 + 8 * 3)
    )
    assert np.isnan(costs.loc["svm", "gflops"]) and costs.loc["paper-linear", "gflops"] > 0


def test_no_claim_about_resnet50_is_settled_by_phantoms(record):
    assert [claim["claim"] for claim in record["claims"]] == [claim for claim, *_ in CLAIMS]
    assert {claim["verdict"] for claim in record["claims"]} == {"not tested", ELSEWHERE, BESIDE, FEWER}
    assert len({claim["this run's network"] for claim in record["claims"]}) > 1
    assert all(claim["evidence"] for claim in record["claims"])


def test_pages_stand_alone_without_logs_and_say_what_they_are(run):
    for page in ("10_model_comparison.html", "index.html"):
        soup = BeautifulSoup((run / page).read_text(encoding="utf-8"), "html.parser")
        assert "Synthetic data" in soup.select_one("aside.banner").get_text()
        links = [tag[key] for key in ("src", "href") for tag in soup.find_all(attrs={key: True})]
        assert all(link.startswith(("data:", "#")) or (run / link).exists() for link in links)
    notebook = nbformat.read(run / "notebooks" / "10_model_comparison.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output.output_type in ("stream", "error")] == []
    assert "in grouped 3-fold cross-validation" in (run / "index.html").read_text(encoding="utf-8")


@pytest.mark.browser
def test_everybody_can_use_the_pages(run):
    check_pages(run)


def test_data_without_masks_and_one_candidate_are_compared_too(study, tmp_path):
    for number in range(60):
        label = ("benign", "malignant", "normal")[number % 3]
        write_image(tmp_path / "images" / label / f"{number}.png", noise(number))
    changes = {"source": {"dataset": "folder", "data_dir": str(tmp_path / "images")}}
    few = {"candidates": ["svm", "outline"], "folds": 2, "curve_candidates": [], "imbalance_candidates": []}
    settings = yaml.safe_load(study.file.read_text()) | changes
    settings["comparison"] = settings["comparison"] | few
    file = tmp_path / "plain.yaml"
    file.write_text(yaml.safe_dump(settings))
    run = TinyStudy(file, study.cache, study.python).run(tmp_path / "run")
    record = json.loads((run / "artifacts" / "comparison.json").read_text())
    assert list(record["contenders"]) == ["svm"] and record["reference"] == "svm"
    assert record["paired"] == {} and record["pointing"] == [] and record["outline"] == []
    assert {claim["verdict"] for claim in record["claims"]} == {"not tested", ELSEWHERE, BESIDE, FEWER}
    text = (run / "10_model_comparison.html").read_text(encoding="utf-8")
    assert "Nobody to hold against it." in text and "Nobody reads outlines here." in text


def test_a_comparison_that_was_stopped_trains_what_is_missing_and_comes_out_the_same(study, run, record):
    jobs = [path.parent for path in (study.cache / "jobs").glob("*/result.npz")]
    lost = [folder for folder in jobs if "candidate='plain_cnn'" in (folder / "job.json").read_text()][:2]
    kept = {folder: (folder / "result.npz").stat().st_mtime_ns for folder in jobs if folder not in lost}
    for folder in lost:
        shutil.rmtree(folder)
    (run / "markers" / "10_model_comparison.json").unlink()
    start(study)
    assert all((folder / "result.npz").exists() for folder in lost)
    assert kept == {folder: (folder / "result.npz").stat().st_mtime_ns for folder in kept}
    again = json.loads((run / "artifacts" / "comparison.json").read_text())
    assert {name: row.get("scores") for name, row in again["contenders"].items()} == {
        name: row.get("scores") for name, row in record["contenders"].items()
    }


def test_every_number_of_the_papers_tables_is_the_runs(run, tmp_path):
    assert strange_numbers(*paper_of(run, out=tmp_path / "paper")) == []


@pytest.mark.tex
def test_the_paper_compiles(run, tmp_path):
    folder, _ = paper_of(run, out=tmp_path / "paper")
    compiled(folder)
