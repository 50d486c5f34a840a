"""From a run's images to a trained model and its predictions, each step callable from a notebook."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.predictions import with_predictions
from bcd_utils.images.augmentation import augment
from bcd_utils.models.backbones import Backbone, compute_in, freeze, load_backbone
from bcd_utils.models.candidates.base import Fold
from bcd_utils.models.features import features_of, image_features
from bcd_utils.models.fine_tuning import as_new_backbone, fine_tune, unfreeze_from
from bcd_utils.models.head import build_head
from bcd_utils.models.random_weights import CALIBRATION_IMAGES
from bcd_utils.models.saving import save_undated
from bcd_utils.models.training import HISTORY_COLUMNS, Batches, train
from bcd_utils.models.tuning import kept_epoch, softmax_head, tuned
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Augmentation, Study
from bcd_utils.utils.backend import device, jit_compile, keras
from bcd_utils.utils.files import sha256_of_file


def frozen_backbone(run: Run, images: ImageSet) -> Backbone:
    """The study's backbone before any fine-tuning."""
    return load_backbone(run.study, np.asarray(images.pixels[images.rows["train"][:CALIBRATION_IMAGES]]))


def trained_backbone(run: Run, images: ImageSet) -> Backbone:
    """The backbone that the run's head was trained on: tuned, where the study tunes it."""
    backbone = frozen_backbone(run, images)
    if not run.study.tunes_backbone:
        return backbone
    path = run.artifact("backbone.keras")
    backbone.model.set_weights(keras.models.load_model(path, compile=False).get_weights())
    return as_new_backbone(backbone, sha256_of_file(path))


def features(run: Run, backbone: Backbone, on_progress: Callable = lambda *_: None) -> np.ndarray:
    """The backbone's features of all images of the run, from the cache where they are there."""
    return image_features(backbone, ImageSet.of_run(run), run.study.feature_dtype, on_progress)


def new_head(images: ImageSet, values: np.ndarray, study: Study) -> keras.Model:
    """The study's head for features (n, h, w, c), untrained."""
    shape, classes = values.shape[1:], len(images.classes)
    if study.training == "recipe":
        return softmax_head(shape, classes, study.recipe.dropout, study.seed)
    return build_head(shape, classes, study)


def fit(
    run: Run, images: ImageSet, backbone: Backbone, values: np.ndarray, head: keras.Model,
    on_progress: Callable = lambda *_: None,
) -> tuple[pd.DataFrame, int]:  # fmt: skip
    """Train the head on features; with augmentation, on features of freshly changed images.

    By the recipe the backbone learns with it, in place.

    Returns
    -------
    history : pandas.DataFrame
        Columns `training.HISTORY_COLUMNS`.
    restored_epoch : int
    """
    study, labels, rows = run.study, images.labels, images.rows
    if study.training == "recipe":
        learned, history, _ = tuned(backbone, _fold(images, study), study.recipe, on_progress)
        head.set_weights(learned.get_weights())
        table = pd.DataFrame(history, columns=["loss", "accuracy", "val_loss", "val_accuracy"])
        table.insert(0, "epoch", np.arange(1, len(table) + 1))
        return table[list(HISTORY_COLUMNS)], kept_epoch(history, study.recipe)
    sizes, vary = (len(images.classes), study.batch_size), None
    if study.augmentation:
        vary = partial(_varied_features, backbone, study.augmentation, study.seed)
    drawn = images.pixels if vary else values
    training = Batches(drawn, labels, rows["train"], *sizes, study.seed, vary)
    validation = Batches(values, labels, rows["validation"], *sizes)
    with_xla = jit_compile(head.count_params())
    return train(head, training, validation, study, study.epochs, study.learning_rate, with_xla, on_progress)


def _varied_features(backbone, amounts: Augmentation, seed: int, pixels, epoch: int, rows) -> np.ndarray:
    return features_of(backbone, augment(pixels, amounts, seed, epoch, rows))


def fit_further(
    run: Run,
    images: ImageSet,
    backbone: Backbone,
    head: keras.Model,
    history: pd.DataFrame,
    best_epoch: int,
    on_progress: Callable = lambda *_: None,
) -> tuple[pd.DataFrame, int, list[str], Backbone]:
    """Fine-tune where the study asks for it; the epochs go on from those of the head.

    Parameters
    ----------
    history : pandas.DataFrame
        The head's epochs, as `fit` returns them.
    best_epoch : int
        The head's restored epoch.

    Returns
    -------
    history : pandas.DataFrame
        All epochs, with the column ``stage``: "head" or "fine-tuning"; by the recipe "whole network".
    restored_epoch : int
        Counted over both stages.
    trained_layers : list of str
        Empty where the backbone stays frozen.
    backbone : Backbone
        A tuned one is saved as an artifact.
    """
    study = run.study
    history = history.assign(stage="whole network" if study.training == "recipe" else "head")
    if not study.tunes_backbone:
        return history, best_epoch, [], backbone

    if study.fine_tuning:
        further, restored, layers = fine_tune(backbone, head, _fold(images, study), on_progress)
        further = further.assign(stage="fine-tuning", epoch=further["epoch"] + len(history))
        history, best_epoch = pd.concat([history, further], ignore_index=True), len(history) + restored
    else:
        layers = unfreeze_from(backbone.model, study.recipe.trainable_from)
        compute_in(backbone.model, study.precision)
    with run.writing("backbone.keras") as temporary:
        save_undated(backbone.model, temporary)
    freeze(backbone.model)
    identity = sha256_of_file(run.artifact("backbone.keras"))
    return history, best_epoch, layers, as_new_backbone(backbone, identity)


def _fold(images: ImageSet, study: Study) -> Fold:
    rows = images.rows["train"], images.rows["validation"]
    return Fold(images.pixels, images.labels, *rows, len(images.classes), study)


def predictions_table(run: Run, images: ImageSet, probabilities: np.ndarray) -> pd.DataFrame:
    """One row an image: id, split, label, predicted, probability of that, and ``p_<class>`` each."""
    return with_predictions(images.table[["id", "split", "label"]], probabilities, images.classes)


def training_record(
    backbone: Backbone, head: keras.Model, history: pd.DataFrame, best_epoch: int, determinism: str
) -> dict[str, Any]:
    """What the reports say about how the model was made."""
    return {
        "epochs": len(history),
        "best_epoch": best_epoch,
        **backbone.origin,
        "backbone_parameters": backbone.model.count_params(),
        "head_parameters": head.count_params(),
        "backend": keras.backend.backend(),
        "device": device(),
        "determinism": determinism,
    }


def architecture(
    backbone: Backbone, head: keras.Model, images: ImageSet, study: Study
) -> list[dict[str, Any]]:
    """Blocks of the whole network for the paper's Fig 4; a backbone that the study tunes counts as trained."""

    def block(name: str, shape, part, kind: str) -> dict[str, Any]:
        trained = bool(part and part.trainable_weights) or (kind == "backbone" and study.tunes_backbone)
        count = part.count_params() if part else 0
        shown = " x ".join(str(side) for side in shape if side is not None)
        return {"name": name, "shape": shown, "parameters": count, "trainable": trained, "kind": kind}

    blocks = [
        block("input", images.pixels.shape[1:], None, "input"),
        block(backbone.name, head.input_shape, backbone.model, "backbone"),
    ]
    for layer in head.layers[1:]:
        kind = "output" if layer is head.layers[-1] else "head"
        blocks.append(block(layer.name, layer.output.shape, layer, kind))
    return blocks
