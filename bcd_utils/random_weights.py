"""Honest random features: an untrained network whose output still says something about the image."""

from __future__ import annotations

import numpy as np

from bcd_utils.backend import keras

RESIDUAL_SCALE = 0.2
CALIBRATION_IMAGES = 8  # a forward pass in training mode holds every layer's output: 170 MB an image


def randomise(model: keras.Model, images: np.ndarray, seed: int) -> None:
    """Give a network random weights, in place: an untrained control.

    He-normal kernels; residual branches scaled down (a small initial gamma in the last BatchNorm of each
    branch, after Goyal et al. 2017, arXiv:1706.02677, who use 0; or a small last kernel or LayerScale), so
    that many random blocks do not bury the image; BatchNorm statistics set by one forward pass in training
    mode. As Keras initialises it, an untrained network's features say next to nothing.

    Parameters
    ----------
    images : ndarray, float32, shape (n, s, s, 3)
        Prepared images, none of them a test image; the first 8 set the statistics.
    seed : int
    """
    layers = keras.layers
    generator = np.random.default_rng(seed)
    every = [layer for layer in model._flatten_layers() if layer.weights]
    for layer in every:
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D | layers.Dense):
            kernel = layer.kernel.shape
            one_channel_each = isinstance(layer, layers.DepthwiseConv2D)
            inputs = np.prod(kernel[:2] if one_channel_each else kernel[:-1])
            layer.kernel.assign(generator.normal(0, np.sqrt(2 / inputs), kernel).astype("float32"))
    for layer in branch_ends(model):
        weight = layer.gamma if hasattr(layer, "gamma") else layer.kernel
        weight.assign(
            RESIDUAL_SCALE * np.ones_like(weight) if hasattr(layer, "gamma") else RESIDUAL_SCALE * weight
        )
    set_statistics(model, images[:CALIBRATION_IMAGES])


def branch_ends(model: keras.Model) -> list[keras.Layer]:
    """The last layer with weights of each residual branch, and every LayerScale.

    Of the tensors that an Add joins, the branch is the one that took more layers to compute.
    """
    depth: dict = {}
    for operation in model.operations:
        before = [tensor._keras_history.operation for tensor in keras.tree.flatten(operation.input)]
        depth[operation] = 1 + max((depth[other] for other in before if other in depth), default=0)
    ends = [layer for layer in model.layers if type(layer).__name__ == "LayerScale"]
    for layer in model.layers:
        if isinstance(layer, keras.layers.Add):
            end = max((tensor._keras_history.operation for tensor in layer.input), key=depth.get)
            while not end.weights:
                end = keras.tree.flatten(end.input)[0]._keras_history.operation
            ends.append(end)
    return ends


def set_statistics(model: keras.Model, images: np.ndarray) -> None:
    """Set the moving statistics of all BatchNorm layers to those of one batch; dropout is off meanwhile."""
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    drops = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Dropout)]
    if not norms:
        return
    momenta, rates = [layer.momentum for layer in norms], [layer.rate for layer in drops]
    for layer in norms:
        layer.momentum = 0.0
    for layer in drops:
        layer.rate = 0.0
    model(images, training=True)
    for layer, momentum in zip(norms, momenta, strict=True):
        layer.momentum = momentum
    for layer, rate in zip(drops, rates, strict=True):
        layer.rate = rate
