"""The arms: what a network may have been shown."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import square, write_image

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.experiments import input_ablation
from bcd_utils.images.reading import read_image, read_mask
from bcd_utils.images.stain import normalise_stain
from bcd_utils.images.transforms import network_input, resize
from bcd_utils.study.loading import make_study
from bcd_utils.study.run import Run
from bcd_utils.study.source import Source


@pytest.fixture
def run(finished, tmp_path):
    """The finished tiny run, opened."""
    return Run.open(finished)


class Eye:
    """Stands for a backbone: gives the images back, so that features show what the network was shown."""

    identity = "eye"
    model = SimpleNamespace(
        output_shape=(None, 64, 64, 3), predict_on_batch=lambda images: np.asarray(images, np.float32)
    )

    @staticmethod
    def prepare(images):
        return images


@pytest.mark.slow
@pytest.mark.parametrize("kind", input_ablation.INPUTS)
def test_an_arms_features_are_those_of_what_it_is_shown(cache, tiny, run, kind, monkeypatch):
    monkeypatch.setenv("BCD_CACHE_DIR", str(tiny.cache))
    monkeypatch.setattr(input_ablation, "frozen_backbone", lambda run, sets: Eye)
    features = input_ablation.input_features(run, ImageSet.of_run(run), kind)
    splits = run.read_csv("splits.csv")
    folder = dataset_of(run.study.source).locate(run.study.source)
    for row in (0, len(splits) - 1):
        image = read_image(folder / splits.loc[row, "path"])
        mask = read_mask([folder / splits.loc[row, "masks"]], image.shape[:2])
        np.testing.assert_array_equal(features[row], resize(network_input(image, mask, kind), 64))


def test_an_arm_is_stained_as_the_study_is(cache, tmp_path, monkeypatch):
    colours = np.random.default_rng(0).integers(0, 255, (70, 90, 3), dtype=np.uint8)
    mask = square(10, 20)
    write_image(tmp_path / "a.png", colours)
    write_image(tmp_path / "a_mask.png", mask)
    table = pd.DataFrame({"id": ["a"], "path": ["a.png"], "masks": ["a_mask.png"], "label": ["benign"]})
    source = Source(dataset="breakhis", data_dir=str(tmp_path), stain="macenko")
    images = ImageSet(source, table, ("benign", "malignant"), "data", size=64)
    monkeypatch.setattr(input_ablation, "frozen_backbone", lambda run, images: Eye)
    run = SimpleNamespace(study=SimpleNamespace(feature_dtype="float32"))
    features = input_ablation.input_features(run, images, "overlay")
    stained = network_input(normalise_stain(colours, "macenko"), mask > 0, "overlay")
    np.testing.assert_array_equal(features[0], resize(stained, 64))
    assert not np.array_equal(stained, network_input(colours, mask > 0, "overlay"))


def test_without_a_mask_for_each_image_only_the_plain_image_is_left():
    assert (
        input_ablation.possible_inputs(pd.DataFrame({"masks": ["a.png", "b.png|c.png"]}))
        == input_ablation.INPUTS
    )
    assert input_ablation.possible_inputs(pd.DataFrame({"masks": ["a.png", ""]})) == ("image",)


def test_the_table_of_arms_holds_plain_splits_only():
    scores = {"accuracy": 0.8, "f1_macro": 0.7, "kappa": None, "roc_auc": 0.9, "sensitivity_normal": 1.0}
    rows = [
        {"scheme": scheme, "number": number} | scores for scheme, number in (("plain", 0), ("grouped", 0))
    ]
    arms = {"image": pd.DataFrame(rows), "mask": pd.DataFrame(rows)}
    table = input_ablation.ablation_table(arms, ["normal"])
    assert table["arm"].tolist() == ["image", "mask"]
    assert table["recall_normal"].tolist() == [1.0, 1.0]
    assert table["kappa"].isna().all()
    assert not any(column.startswith("recall") for column in input_ablation.ablation_table(arms))


def test_the_default_study_shows_the_plain_image():
    assert make_study({"name": "a"}).input == input_ablation.INPUTS[0]
