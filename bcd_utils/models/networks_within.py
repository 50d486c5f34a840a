"""The layers of a network that may have other networks nested in it."""

from __future__ import annotations

from collections.abc import Iterator

from bcd_utils.utils.backend import keras


def is_network(layer: keras.Layer) -> bool:
    """Whether a layer is itself a network of known layers; one that only its code describes counts as a layer."""
    return isinstance(layer, keras.Sequential) or hasattr(layer, "operations")


def layers_of(network: keras.Model) -> list[keras.Layer]:
    """Layers in the order in which they compute; those of a nested network stand in its place.

    Examples
    --------
    >>> layers = keras.layers
    >>> inner = keras.Sequential([keras.Input((8,)), layers.Dense(4, name="deep"), layers.ReLU(name="relu")])
    >>> outer = keras.Sequential([keras.Input((8,)), layers.Rescaling(2.0, name="scale"), inner])
    >>> [layer.name for layer in layers_of(outer)]
    ['scale', 'deep', 'relu']
    """
    return [each for layer in network.layers for each in (layers_of(layer) if is_network(layer) else [layer])]


def networks_in(network: keras.Model) -> Iterator[keras.Model]:
    """A network and all that are nested in it, at any depth."""
    yield network
    for layer in network.layers:
        if is_network(layer):
            yield from networks_in(layer)
