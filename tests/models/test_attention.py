"""Attention layers against the equations of their papers, worked out in NumPy with the layers' own weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate2d
from scipy.special import expit

from bcd_utils.models.attention import BlockAttention, SqueezeExcitation
from bcd_utils.utils.backend import keras, score_gradients

BOTH = pytest.mark.parametrize("kind", [SqueezeExcitation, BlockAttention])
SHAPE = (5, 8, 40)


def maps(count=3, shape=SHAPE, seed=0):
    return np.random.default_rng(seed).normal(0.3, 1, (count, *shape)).astype(np.float32)


def built(kind, shape=SHAPE, seed=0):
    """A layer whose weights, biases among them, are no longer the first ones."""
    layer = kind(seed)
    layer.build((None, *shape))
    random = np.random.default_rng(seed + 100)
    layer.set_weights([random.normal(0, 0.4, values.shape) for values in layer.get_weights()])
    return layer


def network(layer, shape=SHAPE, classes=3):
    """Features, attention, global average and logits."""
    inputs = keras.Input(shape)
    pooled = keras.layers.GlobalAveragePooling2D()(layer(inputs))
    initializer = keras.initializers.GlorotUniform(seed=5)
    return keras.Model(inputs, keras.layers.Dense(classes, kernel_initializer=initializer)(pooled))


def bottleneck(layer, vectors):
    """W2 relu(W1 z + b1) + b2, row by row."""
    first, second = (np.asarray(part.kernel, float) for part in (layer.squeeze, layer.excite))
    hidden = np.maximum(vectors @ first + np.asarray(layer.squeeze.bias, float), 0)
    return hidden @ second + np.asarray(layer.excite.bias, float)


def squeezed_and_excited(layer, features):
    """Hu et al. 2018: z by equation 2, s by equation 3, the map by equation 4."""
    weights = expit(bottleneck(layer, features.mean(axis=(1, 2))))
    return features * weights[:, None, None, :]


def block_attended(layer, features):
    """Woo et al. 2018: channels by equation 2, then positions by equation 3."""
    said = bottleneck(layer, features.mean(axis=(1, 2))) + bottleneck(layer, features.max(axis=(1, 2)))
    features = features * expit(said)[:, None, None, :]
    kernel = np.asarray(layer.place.kernel, float)[..., 0]
    assert kernel.shape == (7, 7, 2)
    pair = features.mean(axis=3), features.max(axis=3)
    places = np.stack(
        [
            sum(correlate2d(pair[channel][image], kernel[..., channel], mode="same") for channel in (0, 1))
            for image in range(len(features))
        ]
    )
    return features * expit(places)[..., None]


IN_NUMPY = {SqueezeExcitation: squeezed_and_excited, BlockAttention: block_attended}


@BOTH
def test_the_map_is_weighed_as_the_papers_equations_say(kind):
    for shape in (SHAPE, (7, 7, 64), (2, 3, 5), (1, 1, 16)):
        layer, features = built(kind, shape), maps(shape=shape)
        expected = IN_NUMPY[kind](layer, features.astype(float))
        np.testing.assert_allclose(np.asarray(layer(features)), expected, rtol=1e-4, atol=1e-5)
        assert not np.allclose(expected, features / 2, atol=0.05)  # it is more than one constant weight


@BOTH
def test_shape_stays_and_the_bottleneck_has_a_sixteenth_of_the_units(kind):
    for channels, hidden in ((5, 1), (16, 1), (40, 2), (64, 4)):
        layer = kind()
        assert layer(maps(2, (4, 6, channels))).shape == (2, 4, 6, channels)
        assert layer.squeeze.kernel.shape == (channels, hidden)
        assert layer.excite.kernel.shape == (hidden, channels)
        of_bottleneck = 2 * channels * hidden + hidden + channels
        assert layer.count_params() == of_bottleneck + (7 * 7 * 2 if kind is BlockAttention else 0)
        assert len(layer.trainable_weights) == len(layer.weights)


@BOTH
def test_weights_lie_between_nothing_and_the_whole_feature(kind):
    features = maps()
    shares = np.asarray(built(kind)(features)) / features
    assert 0 < shares.min() and shares.max() < 1
    channels_alike = np.allclose(shares, shares[:, :1, :1], rtol=1e-4)
    assert channels_alike == (kind is SqueezeExcitation)  # which has one weight a channel for all positions


@BOTH
def test_each_image_is_weighed_by_itself(kind):
    layer, features = built(kind), maps(4)
    together = np.asarray(layer(features))
    alone = np.concatenate([np.asarray(layer(image[None])) for image in features])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


@BOTH
def test_the_first_weights_follow_from_the_seed_alone(kind):
    def first(seed, before):
        keras.utils.set_random_seed(before)
        layer = kind(seed)
        layer.build((None, *SHAPE))
        return [values for values in layer.get_weights() if values.ndim > 1]

    for one, again, other in zip(first(3, 0), first(3, 1), first(4, 0), strict=True):
        np.testing.assert_array_equal(one, again)
        assert abs(one - other).max() > 0.01
        fan_in, fan_out = np.prod(one.shape[:-1]), np.prod(one.shape[:-2]) * one.shape[-1]
        assert abs(one).max() <= (6 / (fan_in + fan_out)) ** 0.5  # Glorot and Bengio 2010, equation 16


@BOTH
def test_a_model_survives_saving_and_loading(kind, tmp_path):
    model, features = network(built(kind, seed=7)), maps(seed=3)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(loaded(features)), np.asarray(model(features)), rtol=1e-6)
    (layer,) = (layer for layer in loaded.layers if type(layer).__name__ == kind.__name__)
    assert type(layer) is kind and layer.seed == 7
    for one, two in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@BOTH
def test_a_layer_made_from_its_settings_starts_the_same(kind):
    layer = kind(9, name="attention")
    twin = kind.from_config(layer.get_config())
    assert (twin.name, twin.seed) == ("attention", 9)
    np.testing.assert_array_equal(np.asarray(layer(maps())), np.asarray(twin(maps())))


@BOTH
def test_gradients_reach_every_feature_and_are_right(kind):
    layer = built(kind)
    model, features = network(layer), maps(2)
    classes = np.array([1, 2])
    gradients = score_gradients(model, features, classes)
    assert gradients.shape == features.shape and (abs(gradients) > 0).all()
    kernel = np.asarray(model.layers[-1].kernel, float)

    def score(image, number):
        return IN_NUMPY[kind](layer, image[None])[0].mean(axis=(0, 1)) @ kernel[:, classes[number]]

    rng = np.random.default_rng(0)
    for number, image in enumerate(features.astype(float)):
        direction = rng.normal(size=SHAPE)
        step = 1e-5 * direction
        slope = (score(image + step, number) - score(image - step, number)) / 2e-5
        assert (gradients[number] * direction).sum() == pytest.approx(slope, rel=1e-3)


@BOTH
def test_every_weight_of_the_layer_learns(kind):
    layer = built(kind)
    model = network(layer)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = layer.get_weights()
    model.train_on_batch(maps(6), np.array([0, 1, 2, 0, 1, 2]))
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert abs(old - new).max() > 0
