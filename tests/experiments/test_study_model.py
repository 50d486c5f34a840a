"""The steps of notebook 03 that shape tables; training itself is tested by the chain."""

from __future__ import annotations

from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest
from builders import make_run

from bcd_utils.experiments import study_model
from bcd_utils.models.backbones import Backbone, freeze, no_scaling
from bcd_utils.models.features import features_of
from bcd_utils.models.training import HISTORY_COLUMNS
from bcd_utils.study.loading import make_study
from bcd_utils.utils.backend import keras

HEAD = pd.DataFrame({"epoch": [1, 2, 3], "loss": [0.9, 0.7, 0.8]})
FURTHER = pd.DataFrame({"epoch": [1, 2], "loss": [0.6, 0.5]})


@pytest.fixture
def fit_further(tmp_path, monkeypatch):
    """Call `fit_further` after three epochs of the head, the second being the best."""
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3, name="last")(inputs))
    freeze(model)
    backbone = Backbone("small", model, no_scaling, "random", "abc", "none")
    monkeypatch.setattr(study_model, "fine_tune", lambda *_: (FURTHER.copy(), 2, ["last"]))

    def call(**settings):
        run = make_run(tmp_path / "run", make_study({"name": "t"} | settings))
        return backbone, run, study_model.fit_further(run, MagicMock(), backbone, MagicMock(), HEAD, 2)

    return call


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_by_the_recipe_the_whole_network_learns_and_comes_back_as_it_was_kept(tmp_path, precision, cache):
    labels = np.arange(18) % 3
    pixels = np.random.default_rng(0).integers(0, 90, (18, 32, 32, 3)) + 60 * labels[:, None, None, None]
    rows = {"train": np.arange(12), "validation": np.arange(12, 18)}
    images = MagicMock(pixels=pixels.astype(np.uint8), labels=labels, rows=rows, classes=("a", "b", "c"))
    recipe = {"head_epochs": 1, "epochs": 2, "batch_size": 6, "precision": precision, "keep": "best"}
    file = tmp_path / "extractor.keras"
    inputs = keras.Input((32, 32, 3))
    hidden = keras.layers.Conv2D(3, 8, strides=8, name="last")(keras.layers.Rescaling(1 / 255)(inputs))
    keras.Model(inputs, keras.layers.BatchNormalization()(hidden)).save(file)
    study = make_study(
        {"name": "t", "backbone": str(file), "image_size": 32, "training": "recipe", "recipe": recipe}
    )
    run = make_run(tmp_path / "run", study)
    backbone = study_model.frozen_backbone(run, images)
    before = [np.array(weight) for weight in backbone.model.weights]
    head = study_model.new_head(images, features_of(backbone, images.pixels), study)
    assert [layer.name for layer in head.layers] == [
        "features", "average_pooling", "dropout", "logits", "probabilities",
    ]  # fmt: skip
    history, best = study_model.fit(run, images, backbone, np.empty(0), head)
    history, best, layers, tuned = study_model.fit_further(run, images, backbone, head, history, best)
    assert history.columns.tolist() == [*HISTORY_COLUMNS, "stage"] and set(history["stage"]) == {
        "whole network"
    }
    assert history["epoch"].tolist() == [1, 2] and best == history["val_loss"].argmin() + 1
    assert layers == ["last"] and not tuned.model.trainable_weights
    moved = [not np.array_equal(a, b) for a, b in zip(before, tuned.model.get_weights(), strict=True)]
    assert moved == [True, True, False, False, False, False]
    again = study_model.trained_backbone(run, images)
    assert again.identity == tuned.identity and "fine-tuned" in again.weights
    assert np.array_equal(features_of(again, images.pixels), features_of(tuned, images.pixels))


def test_without_fine_tuning_the_heads_epochs_are_all(fit_further):
    backbone, run, (history, best, layers, left) = fit_further()
    assert history.to_dict("list") == HEAD.to_dict("list") | {"stage": ["head"] * 3}
    assert (best, layers, left) == (2, [], backbone)
    assert not (run.folder / "artifacts" / "backbone.keras").exists()


def test_epochs_of_fine_tuning_go_on_from_those_of_the_head(fit_further):
    backbone, run, (history, best, layers, left) = fit_further(fine_tuning={"trainable_from": "last"})
    assert history.to_dict("list") == {
        "epoch": [1, 2, 3, 4, 5],
        "loss": [0.9, 0.7, 0.8, 0.6, 0.5],
        "stage": ["head"] * 3 + ["fine-tuning"] * 2,
    }
    assert (best, layers) == (5, ["last"])
    assert run.artifact("backbone.keras").exists() and left.model is backbone.model
    assert "stage" not in HEAD, "the table that was given stays as it was"
