"""Three modalities through the chain, on miniature copies of the published data sets and an untrained network."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from builders import CLASSES, TINY_SETTINGS, TinyStudy, as_yaml, noise, square, write_image
from miniatures import write_breakhis, write_cbis
from sklearn.metrics import accuracy_score, roc_auc_score

from bcd_utils.datasets import REGISTRY
from bcd_utils.pipeline.stages.modalities import files_of_sources
from bcd_utils.study.loading import load_study

pytestmark = pytest.mark.slow

#: Six cases of each class, one of them with two slides.
SLIDES = [("B", "A", "adenosis", f"14-{100 + number}") for number in range(6)]
SLIDES += [("M", "DC", "ductal_carcinoma", f"14-{200 + number}") for number in range(6)]
SLIDES += [("M", "MC", "mucinous_carcinoma", "14-200C")]

#: Twelve patients with one breast in two projections; the last four are published for test.
FILMS = [
    (("mass", "calc")[number % 2], "test" if number > 7 else "train", f"P_{number:05}", "LEFT", projection, 1,
     ("MALIGNANT", "BENIGN")[number // 2 % 2])
    for number in range(12)
    for projection in ("CC", "MLO")
]  # fmt: skip
STAGE = "11_modalities"
ABSENT = REGISTRY["inbreast"].title


def write_ultrasound(folder: Path) -> Path:
    """Six images a class in BUSI's layout, with masks."""
    for index, label in enumerate(CLASSES):
        for number in range(1, 7):
            stem = folder / "Dataset_BUSI_with_GT" / label / f"{label} ({number})"
            write_image(stem.with_name(f"{stem.name}.png"), noise(index, number))
            mask = np.zeros((70, 90), np.uint8) if label == "normal" else square(10, 20)
            write_image(stem.with_name(f"{stem.name}_mask.png"), mask)
    return folder


@pytest.fixture(scope="module")
def study(quick, tmp_path_factory) -> TinyStudy:
    data = tmp_path_factory.mktemp("three")
    made = {
        "busi": write_ultrasound(data / "busi"),
        "breakhis": write_breakhis(data / "breakhis", SLIDES),
        "cbis_ddsm": write_cbis(data / "cbis", rows=FILMS),
    }
    sources = {
        name: {"dataset": name, "data_dir": str(place), "allow_partial": True} for name, place in made.items()
    }
    sources["cbis_ddsm"]["cbis_ddsm"] = {"region": "lesion"}
    sources["breakhis"]["breakhis"] = {"magnification": 40}
    sources["inbreast"] = {"dataset": "inbreast", "data_dir": str(data / "nowhere")}
    own = {"name": "three", "notebooks": [STAGE], "weights": "random", "validation_fraction": 0.25}
    own |= {"backbone": yaml.safe_load(quick.file.read_text())["backbone"]}
    own |= {"modalities": {"folds": 2, "sources": sources}}
    file = quick.file.parent / "three.yaml"
    file.write_text(as_yaml(TINY_SETTINGS | own))
    return TinyStudy(file, quick.cache, quick.python)


@pytest.fixture(scope="module")
def run(study) -> Path:
    return study.run(study.file.parent / "three-run")


@pytest.fixture(scope="module")
def record(run) -> dict:
    return json.loads((run / "artifacts" / "modalities.json").read_text())


def test_a_data_set_that_is_not_at_hand_has_its_command_and_no_number(run, record):
    absent = record["sources"]["inbreast"]
    assert absent["status"] == "not at hand" and absent["command"] == "bcd fetch inbreast"
    assert absent.keys() == {"title", "modality", "status", "problem", "command"}
    for name in ("composition", "character", "scores"):
        table = pd.read_csv(run / "tables" / f"modality_{name}.csv", dtype=str, keep_default_na=False)
        (row,) = table[table["data set"] == ABSENT].to_numpy().tolist()
        assert [cell for cell in row if cell] == [ABSENT, "not at hand: bcd fetch inbreast"]
    assert not any(
        "inbreast" in (pair["trained_on"], pair["tested_on"]) for pair in record["transfer"]["pairs"]
    )


def test_the_counts_are_those_of_the_files(record):
    counts = {name: source.get("classes") for name, source in record["sources"].items()}
    assert counts == {
        "busi": {"benign": 6, "malignant": 6, "normal": 6}, "breakhis": {"benign": 6, "malignant": 7},
        "cbis_ddsm": {"benign": 12, "malignant": 12}, "inbreast": None,
    }  # fmt: skip
    patients = {name: source.get("patients") for name, source in record["sources"].items()}
    assert patients == {"busi": None, "breakhis": 12, "cbis_ddsm": 12, "inbreast": None}
    assert len({source.get("data_sha256") for source in record["sources"].values()}) == 4
    assert (record["seed"], record["folds"]) == (42, 2)


def test_scores_agree_with_the_saved_predictions(run, record):
    predictions = pd.read_csv(run / "artifacts" / "modality_predictions.csv")
    assert predictions.groupby(["source", "group"])["fold"].nunique().max() == 1
    for name, of in predictions.groupby("source"):
        source = record["sources"][name]
        assert len(of) == source["images"] and of["id"].is_unique
        scores = {metric: found["value"] for metric, found in source["scores"]["probe"].items()}
        assert scores["accuracy"] == pytest.approx(accuracy_score(of["label"], of["predicted"]))
        areas = [roc_auc_score(of["label"] == label, of[f"p_{label}"]) for label in source["classes"]]
        assert scores["roc_auc"] == pytest.approx(np.mean(areas), abs=1e-6)
        most = max(source["classes"].values()) / source["images"]
        assert source["scores"]["majority"]["accuracy"]["value"] == pytest.approx(most)


def test_every_pair_agrees_with_the_saved_predictions(run, record):
    predictions = pd.read_csv(run / "artifacts" / "transfer_predictions.csv")
    pairs = {(pair["trained_on"], pair["tested_on"]): pair["auc"] for pair in record["transfer"]["pairs"]}
    assert len(pairs) == 9
    for (one, other), auc in pairs.items():
        of = predictions[(predictions["trained_on"] == one) & (predictions["tested_on"] == other)]
        assert auc == pytest.approx(roc_auc_score(of["label"] == "malignant", of["p_malignant"]), abs=1e-6)
    assert record["transfer"]["dropped"] == {"busi": {"normal": 6}}


def test_every_image_is_measured(run, record):
    images = pd.read_csv(run / "artifacts" / "modality_images.csv")
    assert images["source"].value_counts().to_dict() == {"cbis_ddsm": 24, "busi": 18, "breakhis": 13}
    found = images[images["source"] == "busi"].groupby("label")["contrast"].median()
    shown = {label: of["contrast"]["median"] for label, of in record["sources"]["busi"]["character"].items()}
    assert shown == pytest.approx(found.to_dict(), abs=1e-3)


def test_pages_say_what_they_are_and_show_no_logs(run):
    for page in (f"{STAGE}.html", "index.html"):
        soup = BeautifulSoup((run / page).read_text(encoding="utf-8"), "html.parser")
        assert "Untrained weights" in soup.select_one("aside.banner").get_text()
    notebook = nbformat.read(run / "notebooks" / f"{STAGE}.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output.output_type in ("stream", "error")] == []
    index = " ".join((run / "index.html").read_text(encoding="utf-8").split())
    assert "Does it hold on other kinds of images?" in index and f"Not at hand: {ABSENT}" in index
    for stem in (
        "modality_histopathology",
        "modality_ultrasound",
        "modality_mammography",
        "modality_transfer",
    ):
        assert (run / "figures" / f"{stem}.png").exists()


def test_the_hash_of_every_data_set_is_in_the_record(run, record):
    summary = json.loads((run / "summary.json").read_text())
    for name, source in record["sources"].items():
        if "data_sha256" in source:
            assert f"{name} {source['data_sha256']}" in summary["provenance"]["data_sha256"]


def test_the_same_command_does_nothing_again(study, run):
    done = study.bcd("run", study.file, "--run-dir", run)
    assert "unchanged" in done.stdout and "ROC AUC of one frozen network" in done.stdout


def test_a_new_image_in_any_data_set_makes_the_stage_stale(study):
    settings = load_study(study.file)
    before = files_of_sources(settings)
    folder = Path(settings.modalities.sources["breakhis"].data_dir)
    write_image(folder / "SOB_B_A-14-100-40-009.png", noise(9, shape=(76, 100)))
    assert files_of_sources(settings) != before


def test_with_nothing_at_hand_the_command_says_what_to_do(study, tmp_path):
    words = ["--set", "modalities.sources={inbreast: {dataset: inbreast, data_dir: nowhere}}"]
    done = study.bcd("run", study.file, "--run-dir", tmp_path / "run", *words)
    assert done.returncode == 1
    assert f"None of the data sets is at hand: {ABSENT}." in done.stderr
    assert "bcd fetch inbreast" in done.stderr and "Traceback" not in done.stderr
