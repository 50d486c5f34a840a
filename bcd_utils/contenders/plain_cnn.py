"""The paper's "current system": a plain convolutional network, trained from scratch with augmentation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bcd_utils.contenders.base import Contender, Fitted, Fold
from bcd_utils.contenders.heads import as_fitted
from bcd_utils.contenders.representations import Pixels
from bcd_utils.study import Augmentation, Study

FILTERS = (8, 16, 32, 64, 128)
DENSE = 128


def build_plain_cnn(side: int, classes: int, seed: int):
    """Convolution, ReLU and pooling five times, then dense layers and softmax (the paper's section 3.1).

    Parameters
    ----------
    side : int
        Of the images; at least 32.
    classes, seed : int

    Returns
    -------
    body : keras.Model
        Pixels 0..255, (n, side, side, 3), to the last feature map.
    head : keras.Model
        That map to probabilities (n, classes), with the logits in the layer "logits".
    """
    from bcd_utils.backend import keras

    layers = keras.layers

    def initializer(number: int, kind=keras.initializers.HeNormal):
        return kind(seed=seed + number)

    inputs = keras.Input((side, side, 3))
    x = layers.Rescaling(1 / 255)(inputs)
    for number, filters in enumerate(FILTERS):
        options = {"padding": "same", "activation": "relu", "kernel_initializer": initializer(number)}
        x = layers.Conv2D(filters, 3, **options)(x)
        if number < len(FILTERS) - 1:
            x = layers.MaxPooling2D()(x)
    body = keras.Model(inputs, x, name="body")
    features = keras.Input(body.output_shape[1:])
    x = layers.Flatten()(layers.MaxPooling2D()(features))
    x = layers.Dropout(0.5, seed=seed)(x)
    x = layers.Dense(DENSE, activation="relu", kernel_initializer=initializer(10))(x)
    x = layers.Dropout(0.5, seed=seed + 1)(x)
    logits = layers.Dense(
        classes, name="logits", kernel_initializer=initializer(11, keras.initializers.GlorotUniform)
    )(x)
    return body, keras.Model(features, layers.Softmax()(logits), name="head")


def learn(fold: Fold) -> Fitted:
    """Train it with Adam, augmentation and early stopping on the validation rows."""
    from bcd_utils.augmentation import augment
    from bcd_utils.backend import keras
    from bcd_utils.classifier import Batches, train

    study, settings = fold.study, fold.study.comparison
    study = replace(study, epochs=settings.scratch_epochs, patience=settings.scratch_patience)
    amounts = study.augmentation or Augmentation()
    keras.utils.set_random_seed(study.seed)
    body, head = build_plain_cnn(fold.values.shape[1], fold.classes, study.seed)
    whole = keras.Model(body.input, head(body.output))

    def vary(images: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        return augment(np.asarray(images), amounts, study.seed, epoch, rows)

    common = {"classes": fold.classes, "batch_size": study.batch_size}
    training = Batches(fold.values, fold.labels, fold.training, seed=study.seed, transform=vary, **common)
    validation = Batches(fold.values, fold.labels, fold.validation, **common)
    history, best_epoch = train(whole, training, validation, study, study.epochs, study.learning_rate)
    return as_fitted(body, head, lambda images: images, {"epochs": len(history), "best_epoch": best_epoch})


def contenders(study: Study) -> Iterator[Contender]:
    yield Contender("plain_cnn", "Plain CNN, from scratch", "plain_cnn", Pixels(), learn)
