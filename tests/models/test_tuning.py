"""Tuning end to end: what moves, what stays, and that a killed one ends as if it had not been."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bcd_utils.models import tuning
from bcd_utils.models.backbones import Backbone, compute_in, freeze, no_scaling
from bcd_utils.models.candidates.base import Fold
from bcd_utils.models.tuning import Checkpoint, one_ahead, softmax_head, tune, tuned
from bcd_utils.study.loading import make_study
from bcd_utils.study.training_settings import Augmentation, Recipe
from bcd_utils.utils.backend import keras
from bcd_utils.utils.errors import StudyError

RECIPE = Recipe(
    head_epochs=2, epochs=3, batch_size=8, learning_rate=0.01, augmentation=Augmentation(10.0, speckle=0.1)
)


def network() -> Backbone:
    layers = keras.layers
    keras.utils.set_random_seed(3)
    inputs = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(4, 4, strides=4, activation="relu", name="first")(x)
    x = layers.BatchNormalization(name="norm")(x)
    model = keras.Model(inputs, layers.Conv2D(6, 3, activation="relu", name="second")(x), name="small")
    freeze(model)
    return Backbone("small", model, no_scaling, "random", "abc", "none")


@pytest.fixture(scope="module")
def fold() -> Fold:
    generator = np.random.default_rng(0)
    labels = np.arange(36) % 3
    images = generator.integers(0, 90, (36, 32, 32, 3)) + 60 * labels[:, None, None, None]
    return Fold(
        images.astype(np.uint8), labels, np.arange(24), np.arange(24, 36), 3, make_study({"name": "t"})
    )


def weights_of(backbone: Backbone, head) -> list[np.ndarray]:
    return [*backbone.model.get_weights(), *head.get_weights()]


def test_all_but_batchnorm_is_tuned_and_the_loss_falls(fold, tmp_path):
    backbone = network()
    before = {weight.path: np.array(weight) for weight in backbone.model.weights}
    _, history = tune(backbone, fold, RECIPE, tmp_path / "tuned.npz")
    moved = {
        path.split("/")[-2] for path, old in before.items() if not np.array_equal(old, _at(backbone, path))
    }
    assert moved == {"first", "second"}
    assert history.shape == (3, 4) and history[-1, 2] < history[0, 2]


def _at(backbone: Backbone, path: str) -> np.ndarray:
    return next(np.array(weight) for weight in backbone.model.weights if weight.path == path)


@pytest.mark.parametrize("epochs_before", [1, 2])
def test_a_killed_tuning_goes_on_and_ends_the_same_to_the_last_bit(
    fold, tmp_path, monkeypatch, epochs_before
):
    whole = network()
    expected = weights_of(whole, tune(whole, fold, RECIPE, tmp_path / "whole" / "tuned.npz")[0])
    saved, done = Checkpoint.save, []

    def save(self, *state) -> None:
        saved(self, *state)
        done.append(1)
        if len(done) == epochs_before:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "save", save)
    with pytest.raises(KeyboardInterrupt):
        tune(network(), fold, RECIPE, tmp_path / "killed" / "tuned.npz")
    again = network()
    head, history = tune(again, fold, RECIPE, tmp_path / "killed" / "tuned.npz")
    assert len(history) == 3
    assert all(
        np.array_equal(one, other) for one, other in zip(expected, weights_of(again, head), strict=True)
    )


def test_what_was_tuned_is_kept_and_read_again(fold, cache, monkeypatch):
    first = network()
    head, history, seconds = tuned(first, fold, RECIPE)
    expected = weights_of(first, head)
    monkeypatch.setattr(tuning, "tune", None)  # not trained again
    second = network()
    head, again, same = tuned(second, fold, replace(RECIPE, steps=("tuned",), folds=7))
    assert same == seconds > 0, "what it took when it was trained"
    assert np.array_equal(history, again)
    assert all(
        np.array_equal(one, other) for one, other in zip(expected, weights_of(second, head), strict=True)
    )


def test_the_best_epoch_is_kept_where_that_is_asked_for(fold, tmp_path):
    steep = replace(RECIPE, keep="best", epochs=4, learning_rate=0.3)
    backbone = network()
    head, history = tune(backbone, fold, steep, tmp_path / "tuned.npz")
    whole = keras.Sequential([backbone.model, head])
    given = np.array(whole(fold.values[fold.validation].astype(np.float32), training=False))
    loss = -np.log(given[np.arange(len(given)), fold.labels[fold.validation]]).mean()
    assert loss == pytest.approx(history[:, 2].min(), rel=1e-4)


def test_label_smoothing_mixes_the_targets(fold, tmp_path):
    smooth = replace(
        RECIPE, epochs=1, learning_rate=1e-9, label_smoothing=0.3, dropout=0.0, augmentation=None
    )
    backbone = network()
    head, history = tune(backbone, fold, smooth, tmp_path / "tuned.npz")
    whole = keras.Sequential([backbone.model, head])
    rows = fold.validation
    logs = np.log(np.array(whole(fold.values[rows].astype(np.float32), training=False), dtype=float))
    targets = 0.7 * np.eye(3)[fold.labels[rows]] + 0.1
    assert history[0, 2] == pytest.approx(-(targets * logs).sum(axis=1).mean(), rel=1e-4)


def test_a_loss_that_is_no_number_is_named_with_a_lower_rate(fold, tmp_path, monkeypatch):
    monkeypatch.setattr(tuning.Trainer, "fit_epoch", lambda *_: {"loss": np.nan, "accuracy": 0.0})
    with pytest.raises(StudyError, match="not a number after epoch 1.*recipe.learning_rate below 0.01"):
        tune(network(), fold, RECIPE, tmp_path / "tuned.npz")


def test_a_network_computes_in_half_precision_and_keeps_its_weights():
    backbone = network()
    images = np.random.default_rng(1).integers(0, 255, (2, 32, 32, 3)).astype(np.float32)
    exact = np.array(backbone.model(images))
    compute_in(backbone.model, "mixed_bfloat16")
    rough = np.array(keras.ops.cast(backbone.model(images), "float32"))
    assert {str(weight.dtype) for weight in backbone.model.weights} == {"float32"}
    assert not np.array_equal(exact, rough)
    np.testing.assert_allclose(exact, rough, rtol=0.1, atol=0.02)


def test_the_softmax_head_averages_positions():
    head = softmax_head((2, 2, 5), 3, 0.0, seed=1)
    features = np.random.default_rng(2).normal(size=(4, 2, 2, 5)).astype(np.float32)
    kernel, bias = (np.array(weight) for weight in head.get_layer("logits").weights)
    logits = features.mean(axis=(1, 2)) @ kernel + bias
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.array(head(features)), expected, rtol=1e-5)


def test_an_error_while_something_is_made_ahead_is_raised_where_it_is_due():
    def items():
        yield 1
        raise OSError("disk")

    taken = one_ahead(items())
    assert next(taken) == 1
    with pytest.raises(OSError, match="disk"):
        next(taken)
