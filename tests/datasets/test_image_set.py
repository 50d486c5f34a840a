"""A set of images: one class for a run, an external source and a modality, and what it is made of."""

from __future__ import annotations

import ast
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, make_run, noise, square, write_image

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.images.transforms import network_input, resize
from bcd_utils.study.data_settings import External, ModalitySource
from bcd_utils.study.loading import make_study
from bcd_utils.study.settings import Study
from bcd_utils.study.source import Source, StudySource
from bcd_utils.utils.paths import ROOT


@pytest.fixture
def run(tmp_path):
    """A run of four images after the data audit, which has joined "a" and "c"."""
    for name in "abcd":
        write_image(tmp_path / "data" / f"{name}.png", np.dstack([noise(ord(name))] * 3))
        write_image(tmp_path / "data" / f"{name}_mask.png", square(10, 20))
    study = make_study({"name": "mine", "data_dir": str(tmp_path / "data"), "image_size": 32})
    run = make_run(tmp_path / "run", study)
    table = pd.DataFrame({"id": list("abcd"), "label": ["normal", "benign", "malignant", "benign"]})
    table = table.assign(path=table["id"] + ".png", masks=table["id"] + "_mask.png", group=table["id"])
    run.save_csv(table.assign(split=["test", "train", "validation", "train"]), "splits.csv")
    aside = pd.DataFrame([{"id": "x", "label": "normal", "path": "x.png", "masks": "", "group": "x"}])
    audited = pd.concat([aside, table.assign(group=["a", "b", "a", "d"])])
    run.save_csv(audited.iloc[::-1], "audited_manifest.csv")
    run.save_json(
        {
            "classes": dict.fromkeys(CLASSES, 1),
            "positive": "malignant",
            "data_sha256": "data",
            "patients": 3,
            "remarks": ["odd"],
        },
        "dataset.json",
    )
    with run.writing("images.npy") as path, open(path, "wb") as file:
        np.save(file, np.full((4, 32, 32, 3), 7, np.uint8))
    return run


def test_a_runs_images_are_those_of_its_split_in_its_order(run):
    images = ImageSet.of_run(run)
    assert images.classes == CLASSES and images.labels.tolist() == [2, 0, 1, 0]
    assert {name: rows.tolist() for name, rows in images.rows.items()} == {
        "test": [0], "train": [1, 3], "validation": [2]
    }  # fmt: skip
    assert (images.patients, images.remarks, images.data_sha256) == (3, ["odd"], "data")
    assert images.pixels.shape == (4, 32, 32, 3) and (images.pixels == 7).all()


def test_the_audited_images_have_the_audits_groups_and_the_runs_order(run):
    images = ImageSet.audited(run)
    assert images.table["id"].tolist() == list("abcd") and images.table.index.tolist() == [0, 1, 2, 3]
    assert images.table["group"].tolist() == ["a", "b", "a", "d"]
    assert images.table["split"].tolist() == ["test", "train", "validation", "train"]


def test_what_a_network_would_be_shown_otherwise_is_made_from_the_files(run, cache):
    images = ImageSet.of_run(run)
    shown = replace(images, kind="overlay", stored=None)
    picture = network_input(np.dstack([noise(ord("c"))] * 3), square(10, 20) > 0, "overlay")
    assert np.array_equal(shown.pixels[2], resize(picture, 32))
    assert shown.pixels_sha256 != images.pixels_sha256


def test_a_study_and_what_it_names_are_sources_with_the_same_settings():
    for kind in (External, ModalitySource, StudySource):
        assert issubclass(kind, Source)
    own = {name for name in Source.__annotations__ if name != "dataset"}
    assert own.isdisjoint({*Study.__annotations__, *ModalitySource.__annotations__} - {"title"})


def test_no_study_is_made_up_to_pass_arguments():
    makers = set()
    for path in (ROOT / "bcd_utils").rglob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        if any(isinstance(each, ast.Name) and each.id in ("Study", "make_study") for each in calls):
            makers.add(path.stem)
    # Read from a file that somebody wrote: a study's, or a run's.
    assert len(makers) == 2, makers
