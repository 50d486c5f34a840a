"""Layers that convolve each channel alone, exchanged: the same numbers, and nothing else touched."""

from __future__ import annotations

import numpy as np
import pytest

from bcd_utils.models.backbones import load_backbone
from bcd_utils.models.depthwise import with_depthwise_layers
from bcd_utils.models.flops import multiply_adds
from bcd_utils.study.loading import make_study
from bcd_utils.utils.backend import keras

IMAGES = np.random.default_rng(0).normal(size=(2, 12, 12, 6)).astype(np.float32)


def network(**options):
    """Two convolutions with groups, of which the first has one for each channel, and another beside them."""
    image = keras.Input((12, 12, 6))
    alone = keras.layers.Conv2D(6, 5, groups=6, name="alone", **options)(image)
    pairs = keras.layers.Conv2D(6, 3, groups=3, name="pairs")(alone)
    model = keras.Model(image, keras.layers.Conv2D(4, 1, name="all")(keras.layers.Add()([pairs, pairs])))
    model.set_weights([np.random.default_rng(1).normal(size=value.shape) for value in model.get_weights()])
    return model


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding": "same", "strides": 2},
        {"dilation_rate": 2},
        {"use_bias": False},
        {"activation": "relu"},
    ],
)
def test_the_numbers_are_the_same(options):
    model = network(**options)
    found = with_depthwise_layers(model)
    kinds = {layer.name: type(layer).__name__ for layer in found.layers}
    assert (kinds["alone"], kinds["pairs"], kinds["all"]) == ("DepthwiseConv2D", "Conv2D", "Conv2D")
    expected = keras.ops.convert_to_numpy(model(IMAGES))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(found(IMAGES)), expected, rtol=1e-4, atol=1e-4)
    assert multiply_adds(found) == multiply_adds(model)


def test_a_network_without_such_layers_stays_itself():
    image = keras.Input((12, 12, 1))
    model = keras.Model(image, keras.layers.Conv2D(1, 3)(image))  # one channel: nothing to keep apart
    assert with_depthwise_layers(model) is model
    usual = keras.applications.MobileNetV2(weights=None, include_top=False, input_shape=(32, 32, 3))
    assert with_depthwise_layers(usual) is usual


def test_a_layer_that_is_used_twice_is_exchanged_in_both_places():
    image = keras.Input((12, 12, 6))
    twice = keras.layers.Conv2D(6, 3, groups=6, padding="same", dtype="mixed_bfloat16", name="alone")
    model = keras.Model(image, twice(twice(image)))
    found = with_depthwise_layers(model)
    assert found.get_layer("alone").dtype_policy.name == "mixed_bfloat16"
    values, expected = (
        keras.ops.convert_to_numpy(each(IMAGES)).astype(np.float32) for each in (found, model)
    )
    np.testing.assert_allclose(values, expected, atol=0.03 * np.abs(expected).max())


def test_convnext_is_loaded_so():
    study = make_study({"name": "a", "backbone": "convnexttiny", "weights": "random", "image_size": 64})
    images = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    backbone = load_backbone(study, images)
    blocks = [layer for layer in backbone.model.layers if layer.name.endswith("depthwise_conv")]
    assert len(blocks) == 18 and {type(layer) for layer in blocks} == {keras.layers.DepthwiseConv2D}
    assert not backbone.model.trainable_weights
    plain = keras.applications.ConvNeXtTiny(weights=None, include_top=False, input_shape=(64, 64, 3))
    for layer, own in zip(plain.layers, backbone.model.layers, strict=True):
        weights = own.get_weights()
        if layer.name.endswith("depthwise_conv"):
            weights[0] = weights[0].transpose(0, 1, 3, 2)
        layer.set_weights(weights)
    prepared = backbone.prepare(images)
    found, expected = (
        keras.ops.convert_to_numpy(model(prepared, training=False)) for model in (backbone.model, plain)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
