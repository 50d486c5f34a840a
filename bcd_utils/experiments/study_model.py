"""From a run's images to a trained model and its predictions, each step callable from a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.predictions import with_predictions
from bcd_utils.images.augmentation import augment
from bcd_utils.models.backbones import Backbone, freeze, load_backbone
from bcd_utils.models.features import features_of, image_features
from bcd_utils.models.fine_tuning import as_new_backbone, fine_tune
from bcd_utils.models.random_weights import CALIBRATION_IMAGES
from bcd_utils.models.training import Batches, train_head
from bcd_utils.study.run import Run
from bcd_utils.utils.backend import device, keras
from bcd_utils.utils.files import sha256_of_file


def frozen_backbone(run: Run, images: ImageSet) -> Backbone:
    """The study's backbone before any fine-tuning."""
    return load_backbone(run.study, np.asarray(images.pixels[images.rows["train"][:CALIBRATION_IMAGES]]))


def trained_backbone(run: Run, images: ImageSet) -> Backbone:
    """The backbone that the run's head was trained on: fine-tuned, where the study fine-tunes."""
    backbone = frozen_backbone(run, images)
    if run.study.fine_tuning is None:
        return backbone
    path = run.artifact("backbone.keras")
    backbone.model.set_weights(keras.models.load_model(path, compile=False).get_weights())
    return as_new_backbone(backbone, sha256_of_file(path))


def features(run: Run, backbone: Backbone, on_progress: Callable = lambda *_: None) -> np.ndarray:
    """The backbone's features of all images of the run, from the cache where they are there."""
    return image_features(backbone, ImageSet.of_run(run), run.study.feature_dtype, on_progress)


def fit(
    run: Run,
    images: ImageSet,
    backbone: Backbone,
    values: np.ndarray,
    head: keras.Model,
    on_progress=lambda *_: None,
):
    """Train the head on features; with augmentation, on features of freshly changed images.

    Returns
    -------
    history : pandas.DataFrame
    restored_epoch : int
    """
    study = run.study
    transform = None
    if study.augmentation:

        def transform(pixels, epoch, rows):
            return features_of(backbone, augment(pixels, study.augmentation, study.seed, epoch, rows))

    varied = images.pixels if study.augmentation else values
    common = {"classes": len(images.classes), "batch_size": study.batch_size}
    training = Batches(
        varied, images.labels, images.rows["train"], seed=study.seed, transform=transform, **common
    )
    validation = Batches(values, images.labels, images.rows["validation"], **common)
    return train_head(head, training, validation, study, on_progress)


def fit_further(
    run: Run,
    images: ImageSet,
    backbone: Backbone,
    head: keras.Model,
    history: pd.DataFrame,
    best_epoch: int,
    on_progress=lambda *_: None,
):
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
        All epochs, with the column ``stage``: "head" or "fine-tuning".
    restored_epoch : int
        Counted over both stages.
    trained_layers : list of str
        Empty where the backbone stays frozen.
    backbone : Backbone
        A fine-tuned one is saved as an artifact.
    """
    study = run.study
    history = history.assign(stage="head")
    if study.fine_tuning is None:
        return history, best_epoch, [], backbone

    def transform(pixels, epoch, rows):
        if study.augmentation:
            pixels = augment(pixels, study.augmentation, study.seed, epoch, rows)
        return backbone.prepare(pixels)

    rows = (images.rows["train"], images.rows["validation"])
    further, restored, layers = fine_tune(
        backbone, head, images.pixels, images.labels, *rows, study, transform, on_progress
    )
    with run.writing("backbone.keras") as temporary:
        backbone.model.save(temporary)
    freeze(backbone.model)
    identity = sha256_of_file(run.artifact("backbone.keras"))
    further = further.assign(stage="fine-tuning", epoch=further["epoch"] + len(history))
    all_epochs = pd.concat([history, further], ignore_index=True)
    return all_epochs, len(history) + restored, layers, as_new_backbone(backbone, identity)


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


def architecture(backbone: Backbone, head: keras.Model, images: ImageSet) -> list[dict[str, Any]]:
    """Blocks of the whole network for the paper's Fig 4."""

    def times(shape) -> str:
        return " x ".join(str(side) for side in shape if side is not None)

    def block(name: str, shape, part, kind: str) -> dict[str, Any]:
        count, trained = (
            (part.count_params(), bool(part.trainable_weights)) if part is not None else (0, False)
        )
        return {"name": name, "shape": times(shape), "parameters": count, "trainable": trained, "kind": kind}

    blocks = [
        block("input", images.pixels.shape[1:], None, "input"),
        block(backbone.name, head.input_shape, backbone.model, "backbone"),
    ]
    for layer in head.layers[1:]:
        kind = "output" if layer is head.layers[-1] else "head"
        blocks.append(block(layer.name, layer.output.shape, layer, kind))
    return blocks
