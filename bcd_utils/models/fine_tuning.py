"""The second stage: training the backbone's last layers too, at a low rate."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bcd_utils.images.augmentation import augment
from bcd_utils.models.backbones import Backbone
from bcd_utils.models.networks_within import layers_of, networks_in
from bcd_utils.models.training import Batches, train
from bcd_utils.utils.backend import keras
from bcd_utils.utils.errors import StudyError

if TYPE_CHECKING:
    from bcd_utils.models.candidates.base import Fold

PARTS = 5


def unfreeze_from(model: keras.Model, layer_name: str) -> list[str]:
    """Make a backbone's layers trainable from ``layer_name`` to the end; BatchNorm stays frozen.

    Two names are understood besides those of layers and of networks nested in the backbone: ``last_stage`` (see
    `last_stage`) and ``all``.

    ``training=False`` in a call does not protect BatchNorm's statistics, since ``fit`` overrides
    it; only ``trainable=False`` does, wherever the layer is nested.

    Returns
    -------
    list of str
        Names of the layers that will be trained.

    Raises
    ------
    StudyError
        If there is no such layer.
    """
    layers = layers_of(model)
    places = {layer.name: place for place, layer in reversed(list(enumerate(layers)))}
    starts = {network.name: layers_of(network)[0].name for network in networks_in(model)}
    starts |= {"all": layers[0].name, "last_stage": last_stage(model)}
    layer_name = layer_name if layer_name in places else starts.get(layer_name, layer_name)
    if layer_name not in places:
        with_weights = [layer.name for layer in layers if layer.weights]
        raise StudyError(
            f"fine_tuning.trainable_from = {layer_name!r} is no layer of {model.name}",
            f"name one of its layers, the last being {', '.join(with_weights[-6:])}",
        )
    model.trainable = True
    for place, layer in enumerate(layers):
        layer.trainable = place >= places[layer_name]
    freeze_statistics(model)
    return [layer.name for layer in layers if layer.trainable_weights]


def freeze_statistics(model: keras.Model) -> None:
    """Freeze every BatchNorm of a network: it then normalises in training as it does in evaluation.

    The moving statistics of a head that was trained on frozen features lag behind a backbone that moves: with them, a
    tuning set would be scored by another network than the one that learns.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def last_stage(model: keras.Model) -> str:
    """Name of the first layer with weights whose map is as small as the last such layer's.

    In ResNet50 that is the first convolution of stage 5.
    """
    with_weights = [layer for layer in layers_of(model) if layer.weights]
    smallest = with_weights[-1].output.shape[1:3]
    return next(layer.name for layer in with_weights if layer.output.shape[1:3] == smallest)


def discriminative_rates(whole: keras.Model, backbone: keras.Model, decay: float) -> list[float]:
    """Share of the learning rate of each trainable weight array of ``whole``: 1 in the head, less further down.

    The backbone's layers are cut into five parts in their order; each learns ``decay`` times slower than the
    next (Howard and Ruder 2018, arXiv:1801.06146, section 3.2).
    """
    with_weights = [layer for layer in layers_of(backbone) if layer.weights]
    share: dict[int, float] = {}
    for place, layer in enumerate(with_weights):
        steps_down = PARTS - 1 - place * PARTS // len(with_weights)
        share |= {id(weight): decay**-steps_down for weight in layer.trainable_weights}
    return [share.get(id(weight), 1.0) for weight in whole.trainable_weights]


def fine_tune(
    backbone: Backbone,
    head: keras.Model,
    fold: Fold,
    on_progress: Callable[[int, int, str], None] = lambda done, total, note: None,
) -> tuple[pd.DataFrame, int, list[str]]:
    """Train head and last backbone layers together, in place, with the study's augmentation; see `training.train`.

    Parameters
    ----------
    backbone : Backbone
    head : keras.Model
    fold : Fold
        Its values are images, uint8 (n, s, s, 3); its study says how to fine-tune.

    Returns
    -------
    history : pandas.DataFrame
    restored_epoch : int
    trained_layers : list of str
    """
    study, tuning, amounts = fold.study, fold.study.fine_tuning, fold.study.augmentation
    assert tuning is not None, "only a study that fine-tunes comes here"
    trained_layers = unfreeze_from(backbone.model, tuning.trainable_from)
    freeze_statistics(head)
    inputs = keras.Input(fold.values.shape[1:])
    whole = keras.Model(inputs, head(backbone.model(inputs)))

    def vary(images: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        return backbone.prepare(augment(images, amounts, study.seed, epoch, rows) if amounts else images)

    def constant(images: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        return backbone.prepare(images)

    sizes = fold.classes, study.batch_size
    training = Batches(fold.values, fold.labels, fold.training, *sizes, study.seed, vary)
    validation = Batches(fold.values, fold.labels, fold.validation, *sizes, None, constant)
    rates = discriminative_rates(whole, backbone.model, tuning.rate_decay) if tuning.rate_decay > 1 else None
    pace = tuning.epochs, tuning.learning_rate
    history, restored = train(whole, training, validation, study, *pace, "auto", on_progress, rates)
    return history, restored, trained_layers


def as_new_backbone(backbone: Backbone, weights_sha256: str) -> Backbone:
    """The same backbone under its new weights' identity, so that cached features are not mixed up."""
    return dataclasses.replace(
        backbone, weights=f"{backbone.weights}, fine-tuned", weights_sha256=weights_sha256, untrained=False
    )
