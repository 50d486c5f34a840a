"""The second stage: training the backbone's last layers too, at a low rate."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from bcd_utils.backbones import Backbone
from bcd_utils.backend import keras
from bcd_utils.classifier import Batches, train
from bcd_utils.errors import StudyError
from bcd_utils.study import Study


def unfreeze_from(model: keras.Model, layer_name: str) -> list[str]:
    """Make a backbone's layers trainable from ``layer_name`` to the end; BatchNorm stays frozen.

    ``training=False`` in a call does not protect BatchNorm's statistics, since ``fit`` overrides
    it; only ``trainable=False`` does.

    Returns
    -------
    list of str
        Names of the layers that will be trained.

    Raises
    ------
    StudyError
        If there is no such layer.
    """
    names = [layer.name for layer in model.layers]
    if layer_name not in names:
        with_weights = [layer.name for layer in model.layers if layer.weights]
        raise StudyError(
            f"fine_tuning.trainable_from = {layer_name!r} is no layer of {model.name}",
            f"name one of its layers, the last being {', '.join(with_weights[-6:])}",
        )
    model.trainable = True
    for index, layer in enumerate(model.layers):
        frozen = index < names.index(layer_name) or isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = not frozen
    return [layer.name for layer in model.layers if layer.trainable_weights]


def fine_tune(
    backbone: Backbone,
    head: keras.Model,
    images: np.ndarray,
    labels: np.ndarray,
    training_rows: np.ndarray,
    validation_rows: np.ndarray,
    study: Study,
    transform,
    on_progress=lambda *_: None,
) -> tuple[pd.DataFrame, int, list[str]]:
    """Train head and last backbone layers together, in place; see `classifier.train`.

    Parameters
    ----------
    images : ndarray, uint8, shape (n, s, s, 3)
    transform : callable
        ``transform(images, epoch, rows) -> float32`` for training batches (augmentation, scaling).

    Returns
    -------
    history : pandas.DataFrame
    restored_epoch : int
    trained_layers : list of str
    """
    trained_layers = unfreeze_from(backbone.model, study.fine_tuning.trainable_from)
    inputs = keras.Input(images.shape[1:])
    whole = keras.Model(inputs, head(backbone.model(inputs)))
    classes = head.output_shape[-1]

    def prepare(values, epoch, rows):
        return backbone.prepare(values)

    training = Batches(images, labels, training_rows, classes, study.batch_size, study.seed, transform)
    validation = Batches(images, labels, validation_rows, classes, study.batch_size, transform=prepare)
    history, restored = train(
        whole,
        training,
        validation,
        study,
        study.fine_tuning.epochs,
        study.fine_tuning.learning_rate,
        on_progress=on_progress,
    )
    return history, restored, trained_layers


def as_new_backbone(backbone: Backbone, weights_sha256: str) -> Backbone:
    """The same backbone under its new weights' identity, so that cached features are not mixed up."""
    return dataclasses.replace(
        backbone, weights=f"{backbone.weights}, fine-tuned", weights_sha256=weights_sha256, untrained=False
    )
