"""A head trained again and again in one process: compiled once, started anew each time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd

from bcd_utils.backend import jit_compile, keras
from bcd_utils.classifier import Batches, build_head, start_again, train_with, trainer_of
from bcd_utils.study import Study

#: The settings that a head's training reads.
HEAD_SETTINGS = (
    "pooling", "hidden_units", "dropout", "batch_size", "epochs", "patience", "learning_rate", "class_weights",
)  # fmt: skip

Build = Callable[[tuple[int, ...], int, Study], keras.Model]
Transform = Callable[[np.ndarray, int, np.ndarray], np.ndarray]


def fit_head(
    features: np.ndarray,
    labels: np.ndarray,
    training_rows: np.ndarray,
    validation_rows: np.ndarray,
    classes: int,
    study: Study,
    build: Build = build_head,
    vary: Transform | None = None,
    constant: Transform | None = None,
) -> tuple[keras.Model, pd.DataFrame, int]:
    """Train a head on features, as `classifier.train` does.

    Parameters
    ----------
    features : ndarray, shape (n, h, w, c)
    labels : ndarray of int, shape (n,)
    training_rows, validation_rows : ndarray of int
    classes : int
    study : Study
        Reads `HEAD_SETTINGS` and seed.
    build : callable
        ``build(feature_shape, classes, study) -> keras.Model``.
    vary, constant : callable, optional
        ``transform(values, epoch, rows)`` for training and for validation batches, where ``features`` hold
        more than one version of an image.

    Returns
    -------
    head : keras.Model
        Valid until the next call, which may train the same compiled model anew.
    history : pandas.DataFrame
    best_epoch : int
    """
    keras.utils.set_random_seed(study.seed)
    shape = features.shape[1:] if constant is None else constant(features[:1], 0, np.zeros(1, int)).shape[1:]
    settings = Study(name="head", **{name: getattr(study, name) for name in HEAD_SETTINGS})
    head, trainer = _compiled(build, shape, classes, replace(settings, class_weights="none"))
    start_again(trainer, build(shape, classes, study))
    common = {"classes": classes, "batch_size": study.batch_size}
    training = Batches(features, labels, training_rows, seed=study.seed, transform=vary, **common)
    validation = Batches(features, labels, validation_rows, transform=constant, **common)
    history, best_epoch = train_with(trainer, training, validation, study, study.epochs)
    return head, history, best_epoch


@lru_cache(maxsize=2)
def _compiled(build: Build, feature_shape: tuple[int, ...], classes: int, study: Study):
    head = build(feature_shape, classes, study)
    # Compiling costs seconds for each size of batch; it pays only where Adam has millions of weights to pass over.
    with_xla = jit_compile(head.count_params()) if study.pooling == "flatten" else False
    return head, trainer_of(head, study.learning_rate, with_xla)
