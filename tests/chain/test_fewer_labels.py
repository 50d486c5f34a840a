"""Fewer labels through the chain, beside the comparison whose folds and probe it takes over."""

from __future__ import annotations

import json

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from builders import TinyStudy
from figures import check_figures
from independent_labels import MOST, compare
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits
from zero_width import without_width

from bcd_utils.experiments.fewer_labels.declared import ELSEWHERE

pytestmark = pytest.mark.slow
STAGE = "15_fewer_labels"


@pytest.fixture(scope="module")
def study(grouped) -> TinyStudy:
    return grouped


@pytest.fixture
def run(grouped_alone):
    """Folder of the finished run."""
    return grouped_alone


@pytest.fixture
def made(run) -> dict:
    return json.loads((run / "artifacts" / "fewer_labels.json").read_text())


def test_all_labels_are_the_comparisons_grouped_probe(run, made):
    ours = made["curve"][-1]
    table = pd.read_csv(run / "artifacts" / "contender_predictions.csv").query("contender == 'paper-linear'")
    said = table[[f"p_{label}" for label in made["classes"]]].to_numpy()
    area = roc_auc_score(table["label"] == "malignant", table["p_malignant"])
    assert ours["way"] == "full" and ours["auc"] == pytest.approx(area, abs=1e-6)
    folds = pd.read_csv(run / "artifacts" / "folds.csv", dtype=str)
    with np.load(run / "artifacts" / "few_labels.npz") as stored:
        assert np.abs(stored["full"] - said).max() <= 1e-6
        sets = np.array(["train", "validation", "test"])[stored["sets"]]
        assert (sets.T == folds[["fold_1", "fold_2", "fold_3"]].to_numpy()).all()


@pytest.mark.parametrize("place", [(0, 0, 0), (2, 1, 1)])
def test_an_independent_script_gives_every_way(run, place):
    with threadpool_limits(1):  # faster than many threads on so little
        found = compare(run, *place)
    assert len(found) == 11 and (found["difference"] <= MOST).all(), found.to_string()


def test_labels_count_by_lesion_and_no_tested_image_has_one(run, made):
    ids = pd.read_csv(run / "artifacts" / "splits.csv", dtype=str)["id"]
    table = pd.read_csv(run / "artifacts" / "audited_manifest.csv", dtype=str).set_index("id").loc[ids]
    groups = table["group"].to_numpy()
    assert table["group"].duplicated().any(), "some lesions are there twice"
    with np.load(run / "artifacts" / "few_labels.npz") as stored:
        for way in made["ways"]:
            bought = stored[f"bought_{way}"]
            assert not (bought & (stored["sets"] == 2)[:, None, None]).any()
            for rows in bought.reshape(-1, len(ids)):
                assert not set(groups[rows]) & set(groups[~rows]), (
                    "a copy of a labelled image is labelled too"
                )


def test_another_sources_images_have_no_label_and_are_said_to_be_synthetic(run, made):
    assert made["elsewhere"]["images"] + made["elsewhere"]["copies"] == 12 + 8 + 5
    assert made["elsewhere"]["synthetic"] and "classes" not in made["elsewhere"]
    with np.load(run / "artifacts" / "few_labels.npz") as stored:
        assert stored["features_elsewhere"].shape == (
            made["elsewhere"]["images"],
            stored["features"].shape[1],
        )
    tried = {row["way"] for row in made["gains"]}
    assert set(ELSEWHERE) < tried and not set(ELSEWHERE) & set(made["claim"]["evidence"].split())
    page = (run / f"{STAGE}.html").read_text(encoding="utf-8")
    assert "self-training, another source" in page and "images without labels" in page


def test_pages_say_how_many_labels_and_show_the_curve(run, made):
    check_figures(run)
    for page in (f"{STAGE}.html", "index.html"):
        soup = BeautifulSoup((run / page).read_text(encoding="utf-8"), "html.parser")
        text = " ".join(soup.get_text().split())
        assert (
            "of the AUC of all labels" in text
            and "Synthetic data" in soup.select_one("aside.banner").get_text()
        )
    notebook = nbformat.read(run / "notebooks" / f"{STAGE}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output.output_type in ("stream", "error")] == []
    assert made["claim"]["verdict"] == "not tested" and made["synthetic"]
    assert made["network"]["untrained"] is False
    assert without_width(run) == []


def test_made_again_after_lost_work_it_is_the_same_to_the_last_bit(grouped_alone, study, made):
    """As after a kill: the stage is undone, and of its finished jobs every second one."""
    before = {
        name: (grouped_alone / "artifacts" / name).read_bytes()
        for name in ("few_labels.npz", "fewer_labels.json")
    }
    jobs = [each for each in sorted((study.cache / "jobs").glob("*/job.json")) if "way=" in each.read_text()]
    assert len(jobs) == 10 * 3 * 2
    for job in jobs[::2]:
        (job.parent / "result.npz").unlink()
    (grouped_alone / "artifacts" / "fewer_labels.json").unlink()
    study.run(grouped_alone)
    assert {name: (grouped_alone / "artifacts" / name).read_bytes() for name in before} == before
