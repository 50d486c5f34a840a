"""Multiplications counted by hand, and the published counts of well-known networks."""

from __future__ import annotations

import pytest

from bcd_utils.models.attention import BlockAttention, SqueezeExcitation
from bcd_utils.models.flops import multiply_adds
from bcd_utils.utils.backend import keras

layers = keras.layers


def of(shape, *stack):
    return multiply_adds(keras.Sequential([keras.Input(shape), *stack]))


@pytest.mark.parametrize(
    ("layer", "positions", "each"),
    [
        (layers.Conv2D(5, 3), 8 * 10, 9 * 6 * 5),  # 10 x 12 less one pixel at each edge
        (layers.Conv2D(5, 3, padding="same"), 10 * 12, 9 * 6 * 5),
        (layers.Conv2D(5, 3, strides=2, padding="same"), 5 * 6, 9 * 6 * 5),
        (layers.Conv2D(5, (1, 5), strides=(2, 3)), 5 * 3, 5 * 6 * 5),  # (12 - 5) // 3 + 1 = 3
        (layers.Conv2D(4, 3, padding="same", groups=2), 10 * 12, 9 * 3 * 4),  # each unit sees 3 of 6 channels
        (layers.Conv2D(6, 3, padding="same", groups=6), 10 * 12, 9 * 6),
        (layers.Conv2D(5, 3, dilation_rate=2), 6 * 8, 9 * 6 * 5),
        (layers.DepthwiseConv2D(3, padding="same"), 10 * 12, 9 * 6),
        (layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2), 5 * 6, 9 * 6 * 2),
        (layers.SeparableConv2D(7, 3, padding="same"), 10 * 12, 9 * 6 + 6 * 7),
        (layers.SeparableConv2D(7, 3, padding="same", depth_multiplier=2), 10 * 12, 9 * 6 * 2 + 12 * 7),
        (layers.Dense(7), 10 * 12, 6 * 7),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, keras.Layer) else str(value),
)
def test_a_layer_is_its_kernel_times_the_positions_of_its_output(layer, positions, each):
    assert of((10, 12, 6), layer) == positions * each


def test_a_dense_layer_on_a_vector_and_on_a_sequence():
    assert of((30,), layers.Dense(4)) == 30 * 4
    assert of((9, 30), layers.Dense(4)) == 9 * 30 * 4


def test_what_has_no_kernel_counts_nothing_and_layers_add_up():
    stack = [
        layers.Rescaling(1 / 255),
        layers.Conv2D(4, 3, padding="same"),  # 8 x 8 x 27 x 4 = 6912
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Conv2D(2, 1),  # 4 x 4 x 4 x 2 = 128
        layers.Dropout(0.5),
        layers.Flatten(),
        layers.Dense(10),  # 32 x 10 = 320
        layers.Softmax(),
    ]
    assert of((8, 8, 3), *stack) == 6912 + 128 + 320
    assert of((8, 8, 3), layers.Rescaling(1 / 255), layers.GlobalAveragePooling2D()) == 0


def test_nested_networks_are_counted_too():
    inner = keras.Sequential([keras.Input((4, 4, 2)), layers.Conv2D(3, 3, padding="same")])  # 16 x 54
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(2, 2, strides=2)(inputs)  # 16 x 24
    middle = keras.Model(inputs, layers.Flatten()(inner(x)))
    outer = keras.Sequential([keras.Input((8, 8, 3)), middle, layers.Dense(5)])  # 48 x 5
    assert multiply_adds(inner) == 864
    assert multiply_adds(middle) == 864 + 384
    assert multiply_adds(outer) == 864 + 384 + 240


def test_a_branch_and_a_shortcut_are_both_counted():
    inputs = keras.Input((8, 8, 4))
    branch = layers.Conv2D(6, 3, padding="same")(layers.ReLU()(inputs))
    model = keras.Model(inputs, layers.Add()([branch, layers.Conv2D(6, 1)(inputs)]))
    assert multiply_adds(model) == 64 * (9 * 4 * 6 + 4 * 6)


@pytest.mark.parametrize("attention", [SqueezeExcitation, BlockAttention])
def test_attention_counts_its_bottleneck(attention):
    # 32 channels to 2 and back; CBAM's two uses of it and its 7 x 7 convolution are next to nothing
    assert of((7, 7, 32), attention()) == 2 * 32 * 2
    assert of((7, 7, 32), layers.Conv2D(32, 1), attention()) == 49 * 32 * 32 + 128


@pytest.mark.parametrize("layer", [layers.Conv2D(4, 3), layers.SeparableConv2D(4, 3), layers.Dense(4)])
def test_a_size_that_is_not_fixed_has_no_count(layer):
    assert of((None, None, 3), layer) is None
    assert of((None, None, 3), layer, layers.GlobalAveragePooling2D(), layers.Dense(2)) is None
    inner = keras.Sequential([keras.Input((None, 8, 3)), layer])
    outer = keras.Sequential([keras.Input((None, 8, 3)), inner])
    assert multiply_adds(outer) is None


def test_after_global_pooling_the_size_no_longer_matters():
    assert of((None, None, 3), layers.GlobalAveragePooling2D(), layers.Dense(5)) == 15


@pytest.mark.parametrize(
    ("title", "published", "within"),
    [
        ("VGG16", 15.3e9, 0.005),  # He et al. 2016, section 4.1, with multiply-adds for FLOPs
        ("MobileNetV2", 0.30e9, 0.02),  # Sandler et al. 2018, table 4: 300 million multiply-adds
    ],
)
def test_counts_are_the_published_ones(title, published, within):
    network = getattr(keras.applications, title)
    model = network(weights=None, include_top=False, input_shape=(224, 224, 3))
    assert multiply_adds(model) == pytest.approx(published, rel=within)


def test_vgg16_exactly():
    # Simonyan and Zisserman 2015, table 1, configuration D: 3 x 3 convolutions, halved after each stage
    stages = [(224, 3, 64, 2), (112, 64, 128, 2), (56, 128, 256, 3), (28, 256, 512, 3), (14, 512, 512, 3)]
    expected = sum(
        side**2 * 9 * channels * (before + (count - 1) * channels) for side, before, channels, count in stages
    )
    model = keras.applications.VGG16(weights=None, include_top=False, input_shape=(224, 224, 3))
    assert multiply_adds(model) == expected == 15_346_630_656
