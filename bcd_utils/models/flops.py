"""How much a network computes for one image."""

from __future__ import annotations

import math

from bcd_utils.utils.backend import keras


def multiply_adds(*models: keras.Model) -> int | None:
    """Multiplications (each with its addition) for one image; twice as many floating-point operations.

    Two-dimensional convolutions and dense layers are counted, nested ones too; what else there is (BatchNorm,
    pooling, activations) is a percent or less of a usual network. A layer that is used twice counts once.

    Parameters
    ----------
    *models : keras.Model
        Functional or sequential models, one after the other.

    Returns
    -------
    int or None
        None where a layer's output size is not fixed, or there are convolutions of another kind.

    Examples
    --------
    >>> layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, padding="same"), keras.layers.Flatten()]
    >>> multiply_adds(keras.Sequential([*layers, keras.layers.Dense(10)]))
    9472
    """
    total = 0
    for layer in (layer for model in models for layer in model.layers):
        count = _of_layer(layer)
        if count is None:
            return None
        total += count
    return total


def _of_layer(layer: keras.Layer) -> int | None:
    if isinstance(layer, keras.Model):
        return multiply_adds(layer)
    if hasattr(layer, "pointwise_kernel"):  # a separable convolution
        kernels = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
        return _times_positions(layer, kernels)
    if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D | keras.layers.Dense):
        return _times_positions(layer, math.prod(layer.kernel.shape))
    if hasattr(layer, "kernel"):
        return None
    # An attention layer holds dense layers that see one vector or two, and a convolution of next to no weight.
    parts = layer._flatten_layers(include_self=False)
    return sum(math.prod(part.kernel.shape) for part in parts if isinstance(part, keras.layers.Dense))


def _times_positions(layer: keras.Layer, kernel: int) -> int | None:
    positions = layer.output.shape[1:-1]
    return None if None in positions else math.prod(positions) * kernel
