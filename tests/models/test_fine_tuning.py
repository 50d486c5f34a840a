"""Fine-tuning trains what it says, and BatchNorm's statistics stay as they were."""

import numpy as np
import pytest

from bcd_utils.models.backbones import Backbone, freeze, no_scaling
from bcd_utils.models.candidates.base import Fold
from bcd_utils.models.fine_tuning import discriminative_rates, fine_tune, unfreeze_from
from bcd_utils.models.head import build_head
from bcd_utils.study.loading import make_study
from bcd_utils.utils.backend import keras
from bcd_utils.utils.errors import StudyError


@pytest.fixture
def backbone():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 4, strides=4, name="first")(inputs)
    x = keras.layers.BatchNormalization(name="norm_1")(x)
    x = keras.layers.Conv2D(4, 3, name="second", activation="relu")(x)
    x = keras.layers.BatchNormalization(name="norm_2")(x)
    model = keras.Model(inputs, x, name="small")
    freeze(model)
    return Backbone("small", model, no_scaling, "random", "abc", "none")


def test_layers_from_the_named_one_on_are_trained_but_never_batchnorm(backbone):
    assert unfreeze_from(backbone.model, "second") == ["second"]
    assert unfreeze_from(backbone.model, "first") == ["first", "second"]


def nested(model: keras.Model, depth: int) -> Backbone:
    """A network inside another, behind a layer that scales, so many times over."""
    for number in range(depth):
        inputs = keras.Input((32, 32, 3))
        model = keras.Model(inputs, model(keras.layers.Rescaling(0.5)(inputs)), name=f"around_{number}")
    freeze(model)
    return Backbone("nested", model, no_scaling, "random", "abc", "none")


@pytest.mark.parametrize("depth", [1, 2])
def test_a_nested_network_is_treated_as_its_layers(backbone, depth):
    outer = nested(backbone.model, depth).model
    for name, trained in {
        "second": ["second"], "last_stage": ["second"], "first": ["first", "second"],
        "small": ["first", "second"], "all": ["first", "second"],
    }.items():  # fmt: skip
        assert unfreeze_from(outer, name) == trained
        assert not any(layer.trainable for layer in map(backbone.model.get_layer, ("norm_1", "norm_2")))
        assert len(outer.trainable_weights) == 2 * len(trained), "a kernel and a bias each"
    whole = keras.Sequential([outer, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3)])
    whole.build((None, 32, 32, 3))
    # Four layers with weights in five parts, the last the fastest of them: first, norm_1, second, norm_2.
    slow, fast = 2.0**-4, 2.0**-2
    assert discriminative_rates(whole, outer, 2.0) == [slow, slow, fast, fast, 1, 1]


def test_batchnorm_in_a_layer_of_layers_stays_frozen(backbone):
    norm = keras.layers.BatchNormalization()
    inputs = keras.Input((1, 32, 32, 3))
    model = keras.Model(inputs, keras.layers.TimeDistributed(norm, name="wrapped")(inputs))
    assert unfreeze_from(model, "all") == []
    assert not norm.trainable_weights


def test_fine_tuning_leaves_the_statistics_of_a_nested_batchnorm(backbone):
    images = np.random.default_rng(0).integers(0, 255, (12, 32, 32, 3)).astype(np.uint8)
    tuning = {"trainable_from": "all", "learning_rate": 0.01, "epochs": 1}
    study = make_study({"name": "t", "hidden_units": [4], "batch_size": 8, "fine_tuning": tuning})
    outer = nested(backbone.model, 1)
    head = build_head(outer.model.output_shape[1:], 3, study)
    before = {weight.path: np.array(weight) for weight in backbone.model.weights}
    fine_tune(outer, head, Fold(images, np.arange(12) % 3, np.arange(8), np.arange(8, 12), 3, study))
    after = {weight.path: np.array(weight) for weight in backbone.model.weights}
    moved = {path.split("/")[-2] for path, old in before.items() if not np.array_equal(old, after[path])}
    assert moved == {"first", "second"}


def test_an_unknown_layer_is_answered_with_the_last_ones(backbone):
    with pytest.raises(StudyError, match="'conv9' is no layer of small.*second, norm_2"):
        unfreeze_from(backbone.model, "conv9")


def test_training_changes_only_the_unfrozen_convolution_and_the_head(backbone):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 255, (24, 32, 32, 3)).astype(np.uint8)
    labels = np.arange(24) % 3
    study = make_study(
        {"name": "t", "hidden_units": [4], "batch_size": 8,
         "fine_tuning": {"trainable_from": "second", "learning_rate": 0.01, "epochs": 2}}
    )  # fmt: skip
    head = build_head(backbone.model.output_shape[1:], 3, study)
    before = {weight.path: np.array(weight) for weight in backbone.model.weights}
    fold = Fold(images, labels, np.arange(16), np.arange(16, 24), 3, study)
    history, _, trained = fine_tune(backbone, head, fold)
    assert trained == ["second"] and len(history) == 2
    changed = {path.split("/")[-2] for path, old in before.items()
               if not np.array_equal(old, {w.path: np.array(w) for w in backbone.model.weights}[path])}  # fmt: skip
    assert changed == {"second"}


def test_calling_with_training_false_does_not_protect_batchnorm(backbone):
    """The trap that `unfreeze_from` avoids: fit overrides training=False unless the layer is frozen."""
    model = backbone.model
    model.trainable = True
    inputs = keras.Input((32, 32, 3))
    outputs = keras.layers.Dense(3, activation="softmax")(keras.layers.Flatten()(model(inputs)))
    whole = keras.Model(inputs, outputs)
    whole.compile("sgd", "categorical_crossentropy")
    before = np.array(model.get_layer("norm_1").moving_mean)
    whole.fit(np.random.default_rng(0).random((8, 32, 32, 3)), np.eye(3)[np.arange(8) % 3], verbose=0)
    assert not np.array_equal(before, np.array(model.get_layer("norm_1").moving_mean))


def test_a_tuned_network_is_scored_as_the_network_that_learns(backbone):
    images = np.random.default_rng(1).integers(0, 255, (24, 32, 32, 3)).astype(np.uint8)
    tuning = {"trainable_from": "all", "learning_rate": 0.01, "epochs": 3}
    settings = {"hidden_units": [4], "batch_size": 8, "dropout": 0, "fine_tuning": tuning}
    study = make_study({"name": "t", **settings})
    head = build_head(backbone.model.output_shape[1:], 3, study)
    fine_tune(backbone, head, Fold(images, np.arange(24) % 3, np.arange(16), np.arange(16, 24), 3, study))
    whole = keras.Sequential([backbone.model, head])
    pixels = images.astype(np.float32)
    learning, evaluated = (np.array(whole(pixels, training=training)) for training in (True, False))
    np.testing.assert_allclose(learning, evaluated, atol=1e-6)
