"""From a run's images to a trained model and its predictions, each step callable from a notebook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.augmentation import augment
from bcd_utils.backbones import Backbone, freeze, load_backbone
from bcd_utils.backend import device, keras
from bcd_utils.classifier import Batches, train_head
from bcd_utils.datasets import dataset_of
from bcd_utils.evaluation import class_numbers, with_predictions
from bcd_utils.features import cached_features, features_of
from bcd_utils.files import sha256_of_file
from bcd_utils.fine_tuning import as_new_backbone, fine_tune
from bcd_utils.random_weights import CALIBRATION_IMAGES
from bcd_utils.runs import Run
from bcd_utils.splits import SETS


@dataclass(frozen=True)
class Sets:
    """Images, labels and sets of a run.

    Attributes
    ----------
    images : ndarray, uint8, shape (n, s, s, 3)
    labels : ndarray, int, shape (n,)
    rows : dict of set name to ndarray, int
    classes : tuple of str
    """

    images: np.ndarray
    labels: np.ndarray
    rows: dict[str, np.ndarray]
    classes: tuple[str, ...]


def load_sets(run: Run) -> Sets:
    """Read what the preprocessing notebook wrote."""
    classes = dataset_of(run.study).classes
    splits = run.read_csv("splits.csv")
    labels = class_numbers(splits["label"], classes)
    rows = {name: np.flatnonzero(splits["split"] == name) for name in SETS}
    return Sets(run.images(), labels, rows, classes)


def frozen_backbone(run: Run, sets: Sets) -> Backbone:
    """The study's backbone before any fine-tuning."""
    return load_backbone(run.study, np.asarray(sets.images[sets.rows["train"][:CALIBRATION_IMAGES]]))


def trained_backbone(run: Run, sets: Sets) -> Backbone:
    """The backbone that the run's head was trained on: fine-tuned, where the study fine-tunes."""
    backbone = frozen_backbone(run, sets)
    if run.study.fine_tuning is None:
        return backbone
    path = run.artifact("backbone.keras")
    backbone.model.set_weights(keras.models.load_model(path, compile=False).get_weights())
    return as_new_backbone(backbone, sha256_of_file(path))


def features(run: Run, backbone: Backbone, on_progress: Callable = lambda *_: None) -> np.ndarray:
    """The backbone's features of all images of the run, from the cache where they are there."""
    return cached_features(
        backbone,
        run.images(),
        sha256_of_file(run.artifact("images.npy")),
        run.study.feature_dtype,
        on_progress,
    )


def fit(
    run: Run,
    sets: Sets,
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

        def transform(images, epoch, rows):
            return features_of(backbone, augment(images, study.augmentation, study.seed, epoch, rows))

    source = sets.images if study.augmentation else values
    common = {"classes": len(sets.classes), "batch_size": study.batch_size}
    training = Batches(
        source, sets.labels, sets.rows["train"], seed=study.seed, transform=transform, **common
    )
    validation = Batches(values, sets.labels, sets.rows["validation"], **common)
    return train_head(head, training, validation, study, on_progress)


def fit_further(
    run: Run,
    sets: Sets,
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

    def transform(images, epoch, rows):
        if study.augmentation:
            images = augment(images, study.augmentation, study.seed, epoch, rows)
        return backbone.prepare(images)

    further, restored, layers = fine_tune(
        backbone, head, sets.images, sets.labels, sets.rows["train"], sets.rows["validation"], study, transform,
        on_progress,
    )  # fmt: skip
    with run.writing("backbone.keras") as temporary:
        backbone.model.save(temporary)
    freeze(backbone.model)
    identity = sha256_of_file(run.artifact("backbone.keras"))
    further = further.assign(stage="fine-tuning", epoch=further["epoch"] + len(history))
    all_epochs = pd.concat([history, further], ignore_index=True)
    return all_epochs, len(history) + restored, layers, as_new_backbone(backbone, identity)


def predictions_table(run: Run, sets: Sets, probabilities: np.ndarray) -> pd.DataFrame:
    """One row an image: id, split, label, predicted, probability of that, and ``p_<class>`` each."""
    rows = run.read_csv("splits.csv")[["id", "split", "label"]]
    return with_predictions(rows, probabilities, sets.classes)


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


def architecture(backbone: Backbone, head: keras.Model, sets: Sets) -> list[dict[str, Any]]:
    """Blocks of the whole network for the paper's Fig 4."""

    def times(shape) -> str:
        return " x ".join(str(side) for side in shape if side is not None)

    blocks = [
        {
            "name": "input",
            "shape": times(sets.images.shape[1:]),
            "parameters": 0,
            "trainable": False,
            "kind": "input",
        },
        {
            "name": backbone.name,
            "shape": times(head.input_shape),
            "parameters": backbone.model.count_params(),
            "trainable": bool(backbone.model.trainable_weights),
            "kind": "backbone",
        },
    ]
    for layer in head.layers[1:]:
        blocks.append(
            {
                "name": layer.name,
                "shape": times(layer.output.shape),
                "parameters": layer.count_params(),
                "trainable": bool(layer.trainable_weights),
                "kind": "output" if layer is head.layers[-1] else "head",
            }
        )
    return blocks
