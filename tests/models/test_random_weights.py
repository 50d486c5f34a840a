"""Untrained controls: where residual branches end, He's variance, and statistics worked out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from bcd_utils.models.random_weights import (
    CALIBRATION_IMAGES,
    RESIDUAL_SCALE,
    branch_ends,
    randomise,
    set_statistics,
)
from bcd_utils.utils.backend import keras

layers = keras.layers
SHAPE = (6, 6, 4)


def images(count=CALIBRATION_IMAGES, seed=0):
    return np.random.default_rng(seed).normal(2, 3, (count, *SHAPE)).astype(np.float32)


def convolution(x, name, filters=4):
    return layers.Conv2D(filters, 1, name=name)(x)


def norm(x, name):
    return layers.BatchNormalization(name=name)(x)


def residual_network() -> keras.Model:
    """Four blocks: identity shortcut, projection shortcut, Dropout before the Add, and no BatchNorm at all."""
    inputs = keras.Input(SHAPE)
    x = norm(convolution(inputs, "stem"), "stem_norm")

    branch = layers.ReLU()(norm(convolution(x, "a1"), "a1_norm"))
    branch = norm(convolution(branch, "a2"), "a2_norm")
    x = layers.ReLU()(layers.Add()([x, branch]))

    shortcut = norm(convolution(x, "b0", 6), "b0_norm")
    branch = layers.ReLU()(norm(convolution(x, "b1"), "b1_norm"))
    branch = norm(convolution(branch, "b2", 6), "b2_norm")
    x = layers.ReLU()(layers.Add()([branch, shortcut]))

    branch = norm(convolution(x, "c1", 6), "c1_norm")
    branch = layers.Dropout(0.4, name="drop")(branch)
    x = layers.Add()([branch, x])

    branch = layers.ReLU()(convolution(x, "d1", 6))
    branch = layers.Activation("linear")(convolution(branch, "d2", 6))
    x = layers.Add()([x, branch])
    return keras.Model(inputs, norm(x, "end_norm"))


def plain_network(rate=0.5) -> keras.Model:
    inputs = keras.Input(SHAPE)
    x = norm(convolution(inputs, "first", 5), "first_norm")
    x = layers.Dropout(rate, name="drop")(layers.ReLU()(x))
    x = layers.BatchNormalization(momentum=0.7, name="second_norm")(convolution(x, "second", 3))
    return keras.Model(inputs, x)


def statistics(layer):
    return np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)


def test_a_branch_ends_at_its_last_layer_with_weights_and_shortcuts_are_no_branches():
    assert [layer.name for layer in branch_ends(residual_network())] == [
        "a2_norm",
        "b2_norm",
        "c1_norm",
        "d2",
    ]


def test_branches_are_found_in_nested_networks_and_may_be_such():
    inner = residual_network()
    inputs = keras.Input(SHAPE)
    x = inner(layers.Rescaling(0.1)(inputs))
    branch = keras.Sequential([keras.Input((6, 6, 6)), layers.Conv2D(6, 1, name="own"), layers.ReLU()])(x)
    model = keras.Model(inputs, layers.Add()([x, branch]))
    found = [layer.name for layer in branch_ends(model)]
    assert found == ["own", "a2_norm", "b2_norm", "c1_norm", "d2"]
    randomise(model, images(), seed=0)
    np.testing.assert_allclose(inner.get_layer("a2_norm").gamma, np.full(4, RESIDUAL_SCALE))


def test_a_network_without_shortcuts_has_no_branches():
    assert branch_ends(plain_network()) == []


def test_every_layer_scale_ends_a_branch():
    class LayerScale(layers.Layer):
        def build(self, input_shape):
            self.gamma = self.add_weight(shape=(input_shape[-1],), initializer="ones")

        def call(self, inputs):
            return inputs * self.gamma

    inputs = keras.Input(SHAPE)
    scaled = LayerScale(name="scale")(convolution(inputs, "a"))
    model = keras.Model(inputs, layers.Add()([inputs, layers.Activation("linear")(scaled)]))
    assert {layer.name for layer in branch_ends(model)} == {"scale"}
    randomise(model, images(), seed=0)
    np.testing.assert_allclose(model.get_layer("scale").gamma, np.full(4, RESIDUAL_SCALE))


def test_branches_of_keras_own_networks_are_counted():
    # ResNet50 has 3 + 4 + 6 + 3 blocks (He et al. 2016, table 1); MobileNetV2's shortcuts are the repeats of
    # its stages with n = 2, 3, 4, 3, 3 blocks (Sandler et al. 2018, table 2): 1 + 2 + 3 + 2 + 2
    resnet = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(32, 32, 3))
    ends = [layer.name for layer in branch_ends(resnet)]
    blocks = {2: 3, 3: 4, 4: 6, 5: 3}
    assert ends == [f"conv{s}_block{b}_3_bn" for s, count in blocks.items() for b in range(1, count + 1)]
    mobile = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(32, 32, 3))
    assert len(branch_ends(mobile)) == 10
    assert all(layer.name.endswith("project_BN") for layer in branch_ends(mobile))


def test_ends_of_branches_start_small_and_nothing_else_does():
    model = residual_network()
    randomise(model, images(), seed=1)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            expected = 0.2 if layer.name in ("a2_norm", "b2_norm", "c1_norm") else 1.0
            np.testing.assert_allclose(layer.gamma, expected, rtol=1e-6, err_msg=layer.name)
    # without BatchNorm it is the last kernel that is made small: its draws are 0.2 times He's
    wide = keras.Input((2, 2, 200))
    end = convolution(layers.ReLU()(convolution(wide, "one", 200)), "two", 200)
    model = keras.Model(wide, layers.Add()([wide, end]))
    randomise(model, np.ones((1, 2, 2, 200), np.float32), seed=1)
    deviations = [np.asarray(model.get_layer(name).kernel).std() for name in ("one", "two")]
    assert deviations == pytest.approx([(2 / 200) ** 0.5, 0.2 * (2 / 200) ** 0.5], rel=0.02)


@pytest.mark.parametrize(
    ("shape", "layer", "fan_in"),
    [
        ((8, 8, 20), layers.Conv2D(120, 3, padding="same"), 9 * 20),
        ((8, 8, 64), layers.Conv2D(256, 3, padding="same", groups=4), 9 * 16),
        ((8, 8, 600), layers.DepthwiseConv2D(5, padding="same"), 25),
        ((8, 8, 300), layers.DepthwiseConv2D((3, 5), depth_multiplier=4, padding="same"), 15),
        ((500,), layers.Dense(40), 500),
        ((3, 500), layers.Dense(40), 500),
    ],
    ids=["convolution", "grouped", "depthwise", "depthwise twice", "dense", "dense on a sequence"],
)
def test_kernels_are_normal_with_hes_variance(shape, layer, fan_in):
    # He et al. 2015, equation 10: variance 2 / (inputs of one unit)
    model = keras.Sequential([keras.Input(shape), layer])
    model = keras.Model(model.inputs, model.outputs)
    randomise(model, np.zeros((1, *shape), np.float32), seed=4)
    kernel = np.asarray(layer.kernel).ravel()
    assert kernel.size > 8000
    # the sample variance of N normal values spreads by sqrt(2 / N) of itself
    assert kernel.var() == pytest.approx(2 / fan_in, rel=4 * (2 / kernel.size) ** 0.5)
    assert kstest(kernel * (fan_in / 2) ** 0.5, "norm").pvalue > 1e-3


def test_weights_follow_from_the_seed_whatever_they_were_before():
    def weights_from(seed, before):
        keras.utils.set_random_seed(before)
        model = residual_network()
        randomise(model, images(), seed)
        return model.get_weights()

    first, again, other = weights_from(3, before=0), weights_from(3, before=1), weights_from(4, before=0)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    kernels = [number for number, values in enumerate(first) if values.ndim == 4]
    assert len(kernels) == 9  # stem, a1, a2, b0, b1, b2, c1, d1, d2
    for number in kernels:
        assert abs(first[number] - other[number]).min() > 0
    for one, two in zip(kernels, kernels[1:], strict=False):
        assert not np.array_equal(first[one].ravel()[:9], first[two].ravel()[:9])


def by_hand(model, batch):
    """Means and variances at both BatchNorm layers of `plain_network`, with dropout off."""

    def moments(values):
        return values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2))

    kernels = {name: np.asarray(model.get_layer(name).kernel)[0, 0] for name in ("first", "second")}
    before = batch.astype(float) @ kernels["first"]
    mean, variance = moments(before)
    between = np.maximum((before - mean) / np.sqrt(variance + 1e-3), 0)
    return (mean, variance), moments(between @ kernels["second"])


def test_statistics_are_those_of_the_first_eight_images_with_dropout_off():
    model = plain_network()
    shown = images(12)
    shown[8:] += 1000
    randomise(model, shown, seed=2)
    for name, expected in zip(("first_norm", "second_norm"), by_hand(model, shown[:8]), strict=True):
        for found, wanted in zip(statistics(model.get_layer(name)), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4, err_msg=name)


def test_the_calibration_batch_comes_out_standardised():
    model = residual_network()
    randomise(model, images(), seed=2)
    out = np.asarray(model(images(), training=False))
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(out.std(axis=(0, 1, 2)), 1, atol=0.01)


def test_momentum_and_dropout_are_as_before():
    model = plain_network(rate=0.3)
    randomise(model, images(), seed=0)
    assert model.get_layer("drop").rate == 0.3
    assert (model.get_layer("first_norm").momentum, model.get_layer("second_norm").momentum) == (0.99, 0.7)
    still = np.asarray(model(images(), training=False))
    np.testing.assert_array_equal(still, np.asarray(model(images(), training=False)))
    assert not np.array_equal(*(np.asarray(model(images(), training=True)) for _ in range(2)))


def test_statistics_of_nested_networks_are_set_too():
    inner = plain_network()
    inputs = keras.Input(SHAPE)
    outer = keras.Model(inputs, inner(layers.Rescaling(2.0)(inputs)))
    set_statistics(outer, images())
    for name, expected in zip(("first_norm", "second_norm"), by_hand(inner, 2 * images()), strict=True):
        for found, wanted in zip(statistics(inner.get_layer(name)), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_network_without_batch_norm_has_nothing_to_be_set():
    inputs = keras.Input(SHAPE)
    model = keras.Model(inputs, convolution(inputs, "only"))
    before = model.get_weights()
    set_statistics(model, images())
    for one, two in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def test_a_sequential_extractor_can_be_randomised_too():
    model = keras.Sequential([keras.Input(SHAPE), layers.Conv2D(3, 1), layers.BatchNormalization()])
    randomise(model, images(), seed=0)
    out = np.asarray(model(images(), training=False))
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0, atol=1e-3)


def test_statistics_of_an_extractor_that_was_saved_frozen_are_set_too():
    model = plain_network()
    model.trainable = False
    randomise(model, images(), seed=2)
    mean, _ = statistics(model.get_layer("first_norm"))
    np.testing.assert_allclose(mean, by_hand(model, images())[0][0], rtol=1e-3, atol=1e-4)


def test_nothing_that_was_learned_is_left_in_the_control():
    def control(shift):
        keras.utils.set_random_seed(0)
        model = plain_network()
        model.set_weights([values + shift for values in model.get_weights()])
        randomise(model, images(), seed=2)
        return model.get_weights()

    for one, two in zip(control(0), control(1), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-3)
