"""Convolutions of each channel alone, as the layer that TensorFlow computes fast.

ConvNeXt of Keras Applications writes them as ``Conv2D(groups=channels)``, which TensorFlow computes on a CPU group by
group: a fifth as fast as `keras.layers.DepthwiseConv2D`, which is the same sum in another order.
"""

from __future__ import annotations

from bcd_utils.utils.backend import keras


def is_depthwise(layer: keras.Layer) -> bool:
    """Whether a layer convolves each channel alone, written as one with groups."""
    return (
        isinstance(layer, keras.layers.Conv2D) and 1 < layer.groups == layer.filters == layer.input.shape[-1]
    )


def with_depthwise_layers(model: keras.Model) -> keras.Model:
    """A functional model with such layers exchanged, in weights and names as before; without any, the model itself.

    Parameters
    ----------
    model : keras.Model
        Nested models stay as they are.

    Examples
    --------
    >>> image = keras.Input((8, 8, 4))
    >>> model = keras.Model(image, keras.layers.Conv2D(4, 3, groups=4, name="alone")(image))
    >>> type(with_depthwise_layers(model).get_layer("alone")).__name__
    'DepthwiseConv2D'
    """
    exchanged = {layer.name for layer in model.layers if is_depthwise(layer)}
    if not exchanged:
        return model

    def clone(layer: keras.Layer) -> keras.Layer:
        if layer.name not in exchanged:
            return layer.__class__.from_config(layer.get_config())
        same = ("strides", "padding", "dilation_rate", "activation", "use_bias", "name")
        given = {name: getattr(layer, name) for name in same}
        return keras.layers.DepthwiseConv2D(layer.kernel_size, **given, dtype=layer.dtype_policy)

    found = keras.models.clone_model(model, clone_function=clone)
    for layer, new in zip(model.layers, found.layers, strict=True):
        weights = layer.get_weights()
        if layer.name in exchanged:
            weights[0] = weights[0].transpose(0, 1, 3, 2)  # (h, w, 1, channels) to (h, w, channels, 1)
        new.set_weights(weights)
    return found
