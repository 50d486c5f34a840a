"""Attention on a feature map: squeeze-and-excitation, and the convolutional block attention module."""

from __future__ import annotations

from bcd_utils.utils.backend import keras

RATIO = 16
KERNEL = 7


@keras.saving.register_keras_serializable("bcd_utils")
class SqueezeExcitation(keras.layers.Layer):
    """Weigh channels by what the whole map says of them (Hu, Shen and Sun 2018, CVPR, equations 2 to 4).

    The map is averaged over its positions, (n, c); a bottleneck of c / 16 ReLU units and c sigmoid units
    gives each channel a weight in 0..1; the map is multiplied by them. Shape (n, h, w, c) stays.

    Parameters
    ----------
    seed : int
        Of the first weights.
    """

    def __init__(self, seed: int = 0, **options):
        super().__init__(**options)
        self.seed = seed

    def build(self, input_shape):
        self.squeeze, self.excite = _bottleneck(input_shape[-1], self.seed)
        super().build(input_shape)

    def call(self, features):
        mean = keras.ops.mean(features, axis=(1, 2))
        weights = keras.ops.sigmoid(self.excite(self.squeeze(mean)))
        return features * weights[:, None, None]

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


@keras.saving.register_keras_serializable("bcd_utils")
class BlockAttention(keras.layers.Layer):
    """Weigh channels, then positions (CBAM; Woo et al. 2018, ECCV, equations 2 and 3).

    Channels: one bottleneck of c / 16 ReLU units serves the mean and the maximum over positions, (n, c)
    each; the sigmoid of the sum of both answers is the channel's weight. Positions: mean and maximum over
    channels, (n, h, w, 2), pass a 7 x 7 convolution; its sigmoid, (n, h, w, 1), is the position's weight.
    Shape (n, h, w, c) stays.

    Parameters
    ----------
    seed : int
        Of the first weights.
    """

    def __init__(self, seed: int = 0, **options):
        super().__init__(**options)
        self.seed = seed

    def build(self, input_shape):
        self.squeeze, self.excite = _bottleneck(input_shape[-1], self.seed)
        initializer = keras.initializers.GlorotUniform(seed=self.seed + 2)
        self.place = keras.layers.Conv2D(
            1, KERNEL, padding="same", use_bias=False, kernel_initializer=initializer
        )
        self.place.build((*input_shape[:-1], 2))
        super().build(input_shape)

    def call(self, features):
        ops = keras.ops
        said = [self.excite(self.squeeze(pool(features, axis=(1, 2)))) for pool in (ops.mean, ops.max)]
        features = features * ops.sigmoid(said[0] + said[1])[:, None, None]
        over_channels = [pool(features, axis=-1, keepdims=True) for pool in (ops.mean, ops.max)]
        return features * ops.sigmoid(self.place(ops.concatenate(over_channels, axis=-1)))

    def get_config(self):
        return super().get_config() | {"seed": self.seed}


def _bottleneck(channels: int, seed: int) -> tuple[keras.layers.Dense, keras.layers.Dense]:
    hidden = max(channels // RATIO, 1)
    layers = []
    for number, (units, inputs) in enumerate(((hidden, channels), (channels, hidden))):
        initializer = keras.initializers.GlorotUniform(seed=seed + number)
        activation = "relu" if number == 0 else None
        layers.append(keras.layers.Dense(units, activation=activation, kernel_initializer=initializer))
        layers[-1].build((None, inputs))
    return tuple(layers)
