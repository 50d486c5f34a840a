"""Attention on a feature map: squeeze-and-excitation, and the convolutional block attention module."""

from __future__ import annotations

from bcd_utils.utils.backend import keras

RATIO = 16
KERNEL = 7


class Bottleneck(keras.layers.Layer):
    """A layer whose `excite` answers `squeeze`: c / 16 ReLU units, then a value for each of c channels.

    Parameters
    ----------
    seed : int
        Of the first weights.
    """

    def __init__(self, seed: int = 0, **options):
        super().__init__(**options)
        self.seed = seed

    def build(self, input_shape):
        channels, first_weights = input_shape[-1], keras.initializers.GlorotUniform
        hidden = max(channels // RATIO, 1)
        self.squeeze = keras.layers.Dense(hidden, "relu", kernel_initializer=first_weights(self.seed))
        self.excite = keras.layers.Dense(channels, kernel_initializer=first_weights(self.seed + 1))
        self.squeeze.build((None, channels))
        self.excite.build((None, hidden))
        super().build(input_shape)

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


@keras.saving.register_keras_serializable("bcd_utils")
class SqueezeExcitation(Bottleneck):
    """Weigh channels by what the whole map says of them (Hu, Shen and Sun 2018, CVPR, equations 2 to 4).

    The map is averaged over its positions, (n, c); a bottleneck of c / 16 ReLU units and c sigmoid units
    gives each channel a weight in 0..1; the map is multiplied by them. Shape (n, h, w, c) stays.
    """

    def call(self, features):
        mean = keras.ops.mean(features, axis=(1, 2))
        weights = keras.ops.sigmoid(self.excite(self.squeeze(mean)))
        return features * weights[:, None, None]


@keras.saving.register_keras_serializable("bcd_utils")
class BlockAttention(Bottleneck):
    """Weigh channels, then positions (CBAM; Woo et al. 2018, ECCV, equations 2 and 3).

    Channels: one bottleneck of c / 16 ReLU units serves the mean and the maximum over positions, (n, c)
    each; the sigmoid of the sum of both answers is the channel's weight. Positions: mean and maximum over
    channels, (n, h, w, 2), pass a 7 x 7 convolution; its sigmoid, (n, h, w, 1), is the position's weight.
    Shape (n, h, w, c) stays.
    """

    def build(self, input_shape):
        initializer = keras.initializers.GlorotUniform(seed=self.seed + 2)
        self.place = keras.layers.Conv2D(
            1, KERNEL, padding="same", use_bias=False, kernel_initializer=initializer
        )
        self.place.build((*input_shape[:-1], 2))
        super().build(input_shape)

    def call(self, features):
        ops = keras.ops
        answers = [self.excite(self.squeeze(pool(features, axis=(1, 2)))) for pool in (ops.mean, ops.max)]
        features = features * ops.sigmoid(answers[0] + answers[1])[:, None, None]
        over_channels = [pool(features, axis=-1, keepdims=True) for pool in (ops.mean, ops.max)]
        return features * ops.sigmoid(self.place(ops.concatenate(over_channels, axis=-1)))
