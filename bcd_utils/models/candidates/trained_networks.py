"""Learners of whole networks: a plain one from scratch, and a pretrained backbone that is trained further.

They stand apart from what names them as candidates, so that a change there trains nothing again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bcd_utils.models.candidates.base import Fitted, Fold
from bcd_utils.models.candidates.keras_heads import BUILDERS, as_fitted
from bcd_utils.study.settings import Augmentation, FineTuning
from bcd_utils.utils.memmap import in_batches

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
    from bcd_utils.utils.backend import keras

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
    last = initializer(11, keras.initializers.GlorotUniform)
    logits = layers.Dense(classes, name="logits", kernel_initializer=last)(x)
    return body, keras.Model(features, layers.Softmax()(logits), name="head")


def learn_from_scratch(fold: Fold) -> Fitted:
    """Train it with Adam, augmentation and early stopping on the validation rows."""
    from bcd_utils.images.augmentation import augment
    from bcd_utils.models.training import Batches, train
    from bcd_utils.utils.backend import keras

    study, settings = fold.study, fold.study.comparison
    study = replace(study, epochs=settings.scratch_epochs, patience=settings.scratch_patience)
    amounts = study.augmentation or Augmentation()
    keras.utils.set_random_seed(study.seed)
    body, head = build_plain_cnn(fold.values.shape[1], fold.classes, study.seed)
    whole = keras.Model(body.input, head(body.output))

    def vary(images: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        return augment(np.asarray(images), amounts, study.seed, epoch, rows)

    sizes = fold.classes, study.batch_size
    training = Batches(fold.values, fold.labels, fold.training, *sizes, study.seed, vary)
    validation = Batches(fold.values, fold.labels, fold.validation, *sizes)
    history, best_epoch = train(whole, training, validation, study, study.epochs, study.learning_rate)
    return as_fitted(body, head, np.asarray, history, best_epoch)


def fine_tune_from(trainable_from: str) -> Callable[[Fold], Fitted]:
    """A learner that trains the paper's head on frozen features, then head and backbone together.

    Discriminative rates (Howard and Ruder 2018) and class weights, with the study's augmentation; BatchNorm
    stays frozen. The epochs of both stages are chosen on the validation rows.
    """

    def learn(fold: Fold) -> Fitted:
        from bcd_utils.models.backbones import load_backbone
        from bcd_utils.models.features import BATCH, features_of
        from bcd_utils.models.fine_tuning import fine_tune
        from bcd_utils.models.random_weights import CALIBRATION_IMAGES
        from bcd_utils.models.training import fit_head

        tuning = fold.study.fine_tuning or FineTuning(learning_rate=1e-4, rate_decay=2.6)
        tuning = replace(tuning, trainable_from=trainable_from)
        study = replace(fold.study, class_weights="balanced", fine_tuning=tuning)
        images, rows = fold.values, np.unique(np.concatenate([fold.training, fold.validation]))
        backbone = load_backbone(study, np.asarray(images[fold.training[:CALIBRATION_IMAGES]]))
        features = np.concatenate(
            [features_of(backbone, np.asarray(images[batch])) for batch in in_batches(rows, BATCH)]
        )
        places = np.searchsorted(rows, fold.training), np.searchsorted(rows, fold.validation)
        head, _, _ = fit_head(Fold(features, fold.labels[rows], *places, fold.classes, study), BUILDERS[""])
        history, best_epoch, _ = fine_tune(backbone, head, replace(fold, study=study))
        return as_fitted(backbone.model, head, backbone.prepare, history, best_epoch)

    return learn
