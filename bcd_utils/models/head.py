"""The paper's head on a frozen backbone: Flatten, BatchNorm, three ReLU layers with dropout, softmax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bcd_utils.utils.backend import keras

if TYPE_CHECKING:
    from bcd_utils.study.settings import Study


def build_head(
    feature_shape: Sequence[int], classes: int, study: Study, attention: keras.layers.Layer | None = None
) -> keras.Model:
    """The paper's classification head (section 3.4), untrained.

    Parameters
    ----------
    feature_shape : (h, w, c)
    classes : int
    study : Study
        Reads pooling, hidden_units, dropout and seed; every random draw has its own seed.
    attention : keras.layers.Layer, optional
        Applied to the feature map before anything else.

    Returns
    -------
    keras.Model
        Features (n, h, w, c) to probabilities (n, classes), with the logits in the layer "logits".
    """
    layers = keras.layers
    inputs = keras.Input(tuple(feature_shape), name="features")
    x = attention(inputs) if attention else inputs
    if study.pooling == "flatten":
        x = layers.Flatten(name="flatten")(x)
    else:
        x = layers.GlobalAveragePooling2D(name="average_pooling")(x)
    x = layers.BatchNormalization(name="batch_normalization")(x)
    for number, units in enumerate(study.hidden_units, start=1):
        initializer = keras.initializers.GlorotUniform(seed=study.seed + number)
        x = layers.Dense(units, activation="relu", kernel_initializer=initializer, name=f"dense_{number}")(x)
        if study.dropout:
            x = layers.Dropout(study.dropout, seed=study.seed + number, name=f"dropout_{number}")(x)
    initializer = keras.initializers.GlorotUniform(seed=study.seed)
    logits = layers.Dense(classes, kernel_initializer=initializer, name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="probabilities")(logits), name="head")
