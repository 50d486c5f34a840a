"""A pass over batches is Keras' own, however many steps are taken at once."""

import numpy as np
import pytest

from bcd_utils.models import trainer
from bcd_utils.models.trainer import Trainer
from bcd_utils.utils.backend import keras

CLASSES = 3


def network():
    layers = keras.layers
    inputs = keras.Input((5,))
    x = layers.BatchNormalization()(inputs)
    x = layers.Dense(4, activation="relu", kernel_initializer=keras.initializers.GlorotUniform(seed=1))(x)
    x = layers.Dropout(0.4, seed=2)(x)
    kernel = keras.initializers.GlorotUniform(seed=3)
    return keras.Model(inputs, layers.Dense(CLASSES, activation="softmax", kernel_initializer=kernel)(x))


@pytest.fixture
def batches():
    generator = np.random.default_rng(4)
    sizes = (8, 8, 8, 5)
    return [
        (
            generator.normal(size=(size, 5)).astype(np.float32),
            np.eye(CLASSES, dtype=np.float32)[np.arange(size) % 3],
        )
        for size in sizes
    ]


WEIGHTS = {0: 0.5, 1: 2.0}  # the third class weighs 1


def by_keras(batches, learning_rate):
    """Keras' own Adam and its own way from batch to batch."""
    model = network()
    model.compile(keras.optimizers.Adam(learning_rate), "categorical_crossentropy", metrics=["accuracy"])
    logs = []
    for _ in range(3):
        steps = [
            (len(x), model.train_on_batch(x, y, class_weight=WEIGHTS | {2: 1.0}, return_dict=True))
            for x, y in batches
        ]
        total = sum(size for size, _ in steps)
        logs.append(
            {name: sum(size * float(log[name]) for size, log in steps) / total for name in steps[0][1]}
        )
    checks = [(len(x), model.test_on_batch(x, y, return_dict=True)) for x, y in batches]
    checked = {name: sum(size * float(log[name]) for size, log in checks) / total for name in checks[0][1]}
    return model, logs, checked


@pytest.mark.parametrize("span_bytes", [1, 400, 2**20], ids=["one step at once", "two", "all"])
def test_passes_are_those_of_keras(batches, span_bytes, monkeypatch):
    monkeypatch.setattr(trainer, "SPAN_BYTES", span_bytes)
    expected, logs, checked = by_keras(batches, 0.01)
    model = network()
    own = Trainer(model, 0.01, compile_with_xla=False)
    for log in logs:
        assert own.fit_epoch(batches, WEIGHTS) == pytest.approx(log, rel=1e-4)
    assert own.score_epoch(batches) == pytest.approx(checked, rel=1e-4)
    for mine, theirs in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)


def test_scoring_leaves_a_model_as_it_is(batches):
    model = network()
    own = Trainer(model, 0.01, compile_with_xla=False)
    before = model.get_weights()
    assert own.score_epoch(batches) == own.score_epoch(batches)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("in_one_pass", [True, False])
def test_an_array_with_no_share_of_the_rate_stays(batches, in_one_pass):
    model = network()
    arrays = len(model.trainable_variables)
    own = Trainer(model, 0.01, compile_with_xla=False, rates=[0.0, *[1.0] * (arrays - 1)])
    own.model.optimizer.in_one_pass = in_one_pass
    before = [np.array(variable) for variable in model.trainable_variables]
    own.fit_epoch(batches)
    moved = [not np.array_equal(old, new) for old, new in zip(before, model.trainable_variables, strict=True)]
    assert moved == [False, *[True] * (arrays - 1)]


def test_adams_first_step_is_the_rate_in_the_direction_of_the_gradient():
    """Kingma and Ba 2015: the first bias-corrected step is the rate times the gradient's sign."""
    inputs = keras.Input((1,))
    dense = keras.layers.Dense(2, activation="softmax", kernel_initializer="ones")
    model = keras.Model(inputs, dense(inputs))
    Trainer(model, 0.1, compile_with_xla=False).fit_epoch(
        [(np.ones((1, 1), np.float32), np.array([[1, 0]], np.float32))]
    )
    np.testing.assert_allclose(np.array(dense.kernel), [[1.1, 0.9]], atol=1e-5)
