"""One network from the pixels of an image to calibrated probabilities, resizing included.

TensorFlow's own operations stand here, for both formats are converted from its graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bcd_utils.evaluation.counts import EPSILON
from bcd_utils.images.fitting import Fitting
from bcd_utils.prediction.network import Network
from bcd_utils.utils.backend import keras

OUTPUTS = ("probabilities", "calibrated")


def resizes_inside(network: Network) -> bool:
    """Whether a graph can do all that the study does to an image: resize it, but not change contrast or stain."""
    study = network.run.study
    return study.contrast == "none" and study.source.stain == "none"


def whole_network(network: Network) -> keras.Model:
    """From one image to what the run says of it.

    Returns
    -------
    keras.Model
        ``pixels``, uint8 (1, height, width, 3), of any size where `resizes_inside` and else as the backbone takes it,
        to `OUTPUTS`, float32 (1, k) each: as trained, and after temperature scaling.
    """
    size = network.run.study.image_size
    if resizes_inside(network):
        pixels = keras.Input((None, None, 3), 1, "uint8", name="pixels")
        square = Squared(network.fitting, size)(pixels)
    else:
        pixels = keras.Input((size, size, 3), 1, "uint8", name="pixels")
        square = keras.ops.cast(pixels, "float32")
    channels, factor, shift = preparation(network.backbone.prepare)
    prepared = keras.ops.take(square, channels, axis=-1) * factor + shift
    features = network.backbone.model(prepared, training=False)
    probabilities = network.head(features, training=False)
    temperature = network.evaluation["calibration"]["temperature"]
    logits = keras.ops.log(keras.ops.maximum(probabilities, EPSILON)) / temperature
    return keras.Model(pixels, dict(zip(OUTPUTS, (probabilities, keras.ops.softmax(logits)), strict=True)))


def signature(model: keras.Model) -> list[keras.InputSpec]:
    """What a converter must know of its input."""
    return [keras.InputSpec("uint8", model.input_shape, name="pixels")]


def preparation(prepare: Callable[[np.ndarray], np.ndarray]) -> tuple[list[int], np.ndarray, np.ndarray]:
    """What a backbone's preparation does, found by trying: it may change the order of channels, scale and shift them.

    Returns
    -------
    channels : list of int
        Of the image, in the order that the backbone takes them.
    factor, shift : ndarray of float32, shape (3,)
        Prepared is pixels[..., channels] * factor + shift.

    Examples
    --------
    >>> preparation(lambda images: images[..., ::-1].astype(np.float32) / 2 - 1)[0]
    [2, 1, 0]
    """
    dark, *bright = prepare(np.array([np.zeros(3), *255 * np.eye(3)], np.uint8).reshape(4, 1, 1, 3)).reshape(
        4, 3
    )
    change = (
        np.asarray(bright, float) - dark
    ) / 255  # row: channel of the image, column: of what is prepared
    channels = abs(change).argmax(axis=0)
    return channels.tolist(), change[channels, range(3)].astype(np.float32), np.asarray(dark, np.float32)


class Squared(keras.layers.Layer):
    """`Fitting.squared` as two products of matrices, of area averaging or of bilinear interpolation as OpenCV's.

    Parameters
    ----------
    fitting : Fitting
    size : int
        Pixels a side.
    """

    def __init__(self, fitting: Fitting, size: int):
        super().__init__(name="squared")
        self.way, self.size = fitting.resize, size

    def call(self, image: Any) -> Any:
        """Images (1, height, width, 3) of any size to whole grey levels, float32 (1, size, size, 3)."""
        import tensorflow as tf

        frame = tf.cast(tf.shape(image)[1:3], tf.float32)
        seen, drawn = frame, tf.fill([2], float(self.size))  # what is taken of the frame, what it fills
        if self.way == "crop":
            seen = tf.fill([2], tf.reduce_min(frame))
        elif self.way == "letterbox":
            drawn = tf.maximum(tf.round(frame * float(self.size) / tf.reduce_max(frame)), 1.0)
        shrinks = tf.reduce_all(seen >= drawn)
        vertical, horizontal = (
            _weights(self.size, frame[axis], seen[axis], drawn[axis], shrinks) for axis in (0, 1)
        )
        rows = tf.einsum("iy,nyxc->nixc", vertical, tf.cast(image, tf.float32))
        return tf.floor(tf.einsum("jx,nixc->nijc", horizontal, rows) + 0.5)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Of the squares."""
        return shape[0], self.size, self.size, 3


def _weights(size: int, length: Any, seen: Any, drawn: Any, shrinks: Any) -> Any:
    """What each of ``length`` pixels along one side of an image adds to each of ``size``; float32 (size, length)."""
    import tensorflow as tf

    target = tf.range(float(size))[:, None] - tf.floor((size - drawn) / 2)
    source = tf.range(length)[None] - tf.floor((length - seen) / 2)
    ratio = seen / drawn
    overlap = tf.minimum((target + 1) * ratio, source + 1) - tf.maximum(target * ratio, source)
    middle = tf.clip_by_value((target + 0.5) * ratio - 0.5, 0.0, seen - 1)
    weights = tf.where(
        shrinks, tf.maximum(overlap, 0.0) / ratio, tf.maximum(1 - tf.abs(middle - source), 0.0)
    )
    inside = (target >= 0) & (target < drawn) & (source >= 0) & (source < seen)
    return tf.where(inside, weights, 0.0)
