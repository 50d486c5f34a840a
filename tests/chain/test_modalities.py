"""Histopathology and mammography through the whole chain, on miniature copies of the published data sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from builders import TINY_SETTINGS, TinyStudy, as_yaml
from miniatures import write_breakhis, write_cbis

pytestmark = pytest.mark.slow

#: Ten cases of each class, two of them with two slides.
SLIDES = [("B", "A", "adenosis", f"14-{100 + number}") for number in range(10)]
SLIDES += [("M", "DC", "ductal_carcinoma", f"14-{200 + number}") for number in range(10)]
SLIDES += [("B", "A", "adenosis", "14-100C"), ("M", "MC", "mucinous_carcinoma", "14-200C")]

#: 24 patients with one breast in two projections; the last eight are published for test.
FILMS = [
    (kind, "test" if number > 15 else "train", f"P_{number:05}", "LEFT", projection, 1, pathology)
    for number in range(24)
    for kind, pathology in [(("mass", "calc")[number % 2], ("MALIGNANT", "BENIGN")[number // 2 % 2])]
    for projection in ("CC", "MLO")
]


@pytest.fixture(scope="module")
def study_of(quick):
    """Makes the tiny study of a data set."""
    backbone = yaml.safe_load(quick.file.read_text())["backbone"]

    def make(name: str, **settings) -> TinyStudy:
        file = quick.file.parent / f"{name}.yaml"
        own = {"name": name, "backbone": backbone, "allow_partial": True, "epochs": 2}
        file.write_text(as_yaml(TINY_SETTINGS | own | settings))
        return TinyStudy(file, quick.cache, quick.python)

    return make


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def banners(folder: Path) -> set[str]:
    pages = [BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser") for page in folder.glob("*.html")]
    found = [page.select_one("aside.banner") for page in pages]
    return {banner.get_text(" ", strip=True) if banner else "" for banner in found}


@pytest.fixture(scope="module")
def slides(study_of, tmp_path_factory) -> TinyStudy:
    """A study of 44 images of 20 patients."""
    data = write_breakhis(tmp_path_factory.mktemp("slides"), SLIDES)
    return study_of("slides", dataset="breakhis", data_dir=str(data), split="group")


@pytest.mark.long
def test_breakhis_is_split_by_patient(slides, tmp_path):
    folder = slides.run(tmp_path / "run")
    splits = pd.read_csv(folder / "artifacts" / "splits.csv")
    assert len(splits) == 44 and splits["group"].nunique() == 20
    assert splits.groupby("group")["split"].nunique().max() == 1
    assert set(splits["magnification"]) == {40, 200}
    summary = read_json(folder / "summary.json")
    assert summary["patients_across_sets"] == 0
    assert banners(folder) == {
        "Few patients: the tuning set has 1 of class benign, 1 of class malignant; the internal test set has 2 of "
        "class benign, 2 of class malignant. With fewer than 5, one patient can change a score a lot."
    }
    assert (folder / "figures" / "fig2_histopathology.png").exists()
    assert not (folder / "figures" / "fig3_ultrasound.png").exists()
    assert summary["cam"]["methods"] == {}
    rates = summary["patient_scores"]
    assert list(rates) == ["all", "40x", "200x"]
    predictions = pd.read_csv(folder / "artifacts" / "predictions.csv").merge(
        splits[["id", "group"]], on="id"
    )
    test = predictions[predictions["split"] == "test"]
    shares = (test["label"] == test["predicted"]).groupby(test["group"]).mean()
    assert rates["all"]["patient_rate"]["value"] == pytest.approx(shares.mean())
    assert rates["all"]["patients"] == len(shares)


def test_a_split_by_image_of_known_patients_is_announced_on_every_page(slides, tmp_path):
    stages = "notebooks=[01_data_exploration, 02_preprocessing]"
    folder = slides.run(tmp_path / "run", "split=image", stages)
    crossing = read_json(folder / "summary.json")["patients_across_sets"]
    assert crossing > 0
    assert banners(folder) == {
        f"Leak: {crossing} of 20 patients have images in more than one set, so the model is tested on patients that it "
        "has learnt from. These scores only serve to show the leak."
    }


@pytest.mark.long
def test_cbis_ddsm_keeps_its_published_test_set(study_of, tmp_path):
    data = write_cbis(tmp_path / "data", "DICOM tree", FILMS)
    study = study_of("films", dataset="cbis_ddsm", data_dir=str(data), split="official")
    folder = study.run(tmp_path / "run")
    splits = pd.read_csv(folder / "artifacts" / "splits.csv")
    assert ((splits["split"] == "test") == (splits["official_split"] == "test")).all()
    assert splits["split"].value_counts()["test"] == 16
    assert splits.groupby("group")["split"].nunique().max() == 1
    summary = read_json(folder / "summary.json")
    assert summary["cam"]["images"] == 16 and "Grad-CAM" in summary["cam"]["methods"]
    assert (folder / "figures" / "samples.png").exists()
    assert banners(folder) == {
        "Few patients: the tuning set has 1 of class benign, 1 of class malignant; the internal test set has 4 of "
        "class benign, 4 of class malignant. With fewer than 5, one patient can change a score a lot."
    }


@pytest.mark.long
def test_lesions_of_the_jpeg_mirror_are_cut_out(study_of, tmp_path):
    data = write_cbis(tmp_path / "data", "JPEG mirror", FILMS)
    settings = {"cbis_ddsm": {"region": "lesion", "margin": 0.6}, "notebooks": ["01_data_exploration"]}
    settings["notebooks"].append("02_preprocessing")
    study = study_of("lesions", dataset="cbis_ddsm", data_dir=str(data), split="official", **settings)
    folder = study.run(tmp_path / "run")
    splits = pd.read_csv(folder / "artifacts" / "splits.csv")
    assert len(splits) == 48 and (splits["box"].str.count(",") == 3).all()
    images = np.load(folder / "artifacts" / "images.npy")
    inside, outside = images[:, 20:44, 20:44].mean(), images[:, :12].mean()
    assert inside > outside + 20, "the lesion is in the middle, and brighter"
