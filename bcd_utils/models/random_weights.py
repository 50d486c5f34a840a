"""Honest random features: an untrained network whose output still says something about the image."""

from __future__ import annotations

import numpy as np

from bcd_utils.models.networks_within import is_network, layers_of, networks_in
from bcd_utils.utils.backend import keras

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
    generator = np.random.default_rng(seed)
    for layer in model._flatten_layers(recursive=True):
        if isinstance(layer, keras.layers.Normalization):
            continue  # prepares pixels, and is not learned
        for weight in layer._trainable_variables + layer._non_trainable_variables:
            weight.assign(_first_values(layer, weight, generator))
    for layer in branch_ends(model):
        weight = layer.gamma if hasattr(layer, "gamma") else layer.kernel
        weight.assign(RESIDUAL_SCALE * weight)
    set_statistics(model, images[:CALIBRATION_IMAGES])


def _first_values(layer: keras.Layer, weight, generator: np.random.Generator) -> np.ndarray:
    """He-normal kernels, scales and variances of 1, all else 0."""
    shape = tuple(weight.shape)
    if weight.name.endswith("kernel"):
        own_channel = weight.name == "depthwise_kernel" or isinstance(layer, keras.layers.DepthwiseConv2D)
        inputs = np.prod(shape[:2] if own_channel else shape[:-1])
        return generator.normal(0, np.sqrt(2 / inputs), shape).astype("float32")
    is_one = any(weight is getattr(layer, name, None) for name in ("gamma", "moving_variance"))
    return np.full(shape, float(is_one), "float32")


def branch_ends(model: keras.Model) -> list[keras.Layer]:
    """The last layer with weights of each residual branch, and every LayerScale; those of nested networks too.

    Of the tensors that an Add layer joins, the branch is the one that took more layers to compute.
    """
    ends = [end for network in networks_in(model) for end in _ends_in(network)]
    return list(dict.fromkeys(ends))


def _ends_in(network: keras.Model) -> list[keras.Layer]:
    if isinstance(network, keras.Sequential):
        return []  # nothing is joined in it
    depth: dict = {}
    for operation in network.operations:
        depth[operation] = 1 + max((depth.get(other, 0) for other in _before(operation)), default=0)
    ends = [layer for layer in network.layers if type(layer).__name__ == "LayerScale"]
    for layer in network.layers:
        if isinstance(layer, keras.layers.Add):
            end = max(_before(layer), key=depth.__getitem__)
            while not end.weights and _before(end):
                end = _before(end)[0]
            within = layers_of(end) if is_network(end) else [end]
            ends += [each for each in within if each.weights][-1:]
    return ends


def _before(operation) -> list:
    """The operations whose results an operation is given."""
    sources = [tensor._keras_history.operation for tensor in keras.tree.flatten(operation.input)]
    return [source for source in sources if source is not operation]


def set_statistics(model: keras.Model, images: np.ndarray) -> None:
    """Set the moving statistics of all BatchNorm layers to those of one batch; dropout is off meanwhile."""
    before = []
    for layer in model._flatten_layers():
        meanwhile = {"rate": 0.0} if isinstance(layer, keras.layers.Dropout) else {}
        if isinstance(layer, keras.layers.BatchNormalization):
            meanwhile = {"momentum": 0.0, "trainable": True}  # a frozen one would keep its statistics
        for name, value in meanwhile.items():
            before.append((layer, name, getattr(layer, name)))
            setattr(layer, name, value)
    if before:
        model(images, training=True)
    for layer, name, value in before:
        setattr(layer, name, value)
