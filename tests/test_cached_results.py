"""What is kept follows the code: each cached result is made anew where its own code changed, and only there."""

from __future__ import annotations

import shutil
from functools import partial

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, write_busi

from bcd_utils.datasets.at_hand import read_source
from bcd_utils.datasets.folder_scan import scan_folder
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.readers import phantom
from bcd_utils.experiments.comparison import training as trainings
from bcd_utils.experiments.modalities import sources
from bcd_utils.experiments.repeated_splits import training
from bcd_utils.images import arrays, statistics
from bcd_utils.models.candidates import all_candidates, representations
from bcd_utils.study.loading import make_study
from bcd_utils.study.source import Source
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.paths import ROOT

STUDY = make_study({"name": "mine"})
CALLERS = (arrays, statistics, training, trainings, representations, sources, phantom)


class AskedError(Exception):
    """Instead of work: what the result would have been kept under."""


def ask(*arguments, **_):
    raise AskedError(arguments)


def asked(work, *arguments):
    """What the first of the replaced functions was given."""
    with pytest.raises(AskedError) as caught:
        work(*arguments)
    return caught.value.args[0]


@pytest.fixture
def mend(tmp_path, monkeypatch, cache):
    """``mend(name)`` changes a module of a copy of the package, which is where identities are read from."""
    shutil.copytree(ROOT / "bcd_utils", tmp_path / "bcd_utils")
    for module in CALLERS:
        monkeypatch.setattr(module, "code_identity", partial(code_identity, root=tmp_path))
    for module in (arrays, sources, phantom):
        monkeypatch.setattr(module, "kept", ask)
    for module in (statistics, training):
        monkeypatch.setattr(module, "run_jobs", ask)

    def change(name):
        path = tmp_path / "bcd_utils" / f"{name}.py"
        path.write_text(path.read_text() + "\n\nMENDED = 1\n")

    return change


@pytest.fixture
def images(tmp_path):
    folder = write_busi(tmp_path / "data")
    source = Source(dataset="busi", data_dir=str(folder), allow_partial=True)
    table = scan_folder(folder).images.assign(box="", sha256="same", group="g", status="ok")
    stored = tmp_path / "images.npy"
    np.save(stored, np.zeros((len(table), 32, 32, 3), np.uint8))
    return ImageSet(source, table, CLASSES, "data", size=32, stored=stored)


def kept_under(images):
    """Every name that something is kept under, by what it is."""
    values, labels = np.zeros((9, 1, 1, 2), np.float32), np.arange(9) % 3
    split = {("plain", 0): pd.Series(["train", "validation", "test"] * 3)}
    everyone = all_candidates(STUDY)
    learned = ("paper", "svm", "plain_cnn", "paper-tuned_all", "paper-linear")
    cached = partial(arrays.cached_images, images.folder, images.table, "data", "image", 32)
    character = asked(statistics.measure_images, images.folder, images.table)[1]
    train_splits = asked(training.train_splits, split, values, labels, 3, STUDY)[1]
    manifest = asked(sources.cached_manifest, images.source, read_source(images.source), lambda *_: None)[0]
    found = {
        "arrays": asked(cached)[0].name,
        "character": list(character),
        "lottery": list(train_splits),
        "phantoms": asked(phantom.locate, Source(dataset="phantom"))[0].name,
        "manifest": manifest.name,
        "outline": representations.Outline().prepare(images).identity,
        "handcrafted": representations.Handcrafted().prepare(images).identity,
    }
    return found | {name: trainings.code_of(everyone[name], STUDY) for name in learned}


PIXELS = {"arrays", "character", "manifest", "outline"}
HEADS = {"lottery", "paper", "plain_cnn", "paper-tuned_all"}
TRAININGS = {*HEADS, "svm", "paper-linear"}


@pytest.mark.parametrize(
    ("name", "anew"),
    [
        ("images/reading", PIXELS),
        ("images/dicom", PIXELS),
        ("images/transforms", PIXELS),
        ("images/stain", {"arrays"}),
        ("images/arrays", {"arrays"}),
        ("images/statistics", {"character"}),
        ("datasets/manifest", {"manifest"}),
        ("datasets/folder_scan", {"manifest"}),
        ("datasets/readers/breakhis", set()),
        ("datasets/phantoms/scanner", {"phantoms"}),
        ("models/shape_features", {"outline"}),
        ("models/handcrafted", {"handcrafted"}),
        ("models/training", HEADS),
        ("models/head", HEADS),
        ("models/candidates/fold_training", TRAININGS),
        ("models/candidates/scikit_learn", {"svm", "paper-linear"}),
        ("models/candidates/trained_networks", {"plain_cnn", "paper-tuned_all"}),
        ("models/candidates/representations", set()),
        ("cli", set()),
        ("pipeline/runner", set()),
        ("datasets/examples", set()),
        ("reporting/plots/modalities", set()),
        ("reporting/plots/repeated_splits", set()),
        ("experiments/repeated_splits/scores", set()),
    ],
)
def test_a_change_makes_anew_what_it_takes_part_in_and_nothing_else(mend, images, name, anew):
    before = kept_under(images)
    assert kept_under(images) == before
    mend(name)
    after = kept_under(images)
    assert {what for what in before if before[what] != after[what]} == anew
