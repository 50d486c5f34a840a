"""Training with Adam and early stopping; heads are compiled once and trained again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bcd_utils.models.head import build_head
from bcd_utils.models.trainer import Trainer
from bcd_utils.utils.backend import jit_compile, keras, seed_layers
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.memmap import in_batches, release

if TYPE_CHECKING:
    from bcd_utils.models.candidates.base import Fold
    from bcd_utils.study.settings import Study

Build = Callable[[tuple[int, ...], int, "Study"], keras.Model]
Transform = Callable[[np.ndarray, int, np.ndarray], np.ndarray]
HISTORY_COLUMNS = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")


@dataclass(frozen=True)
class Batches:
    """Batches of one set's rows, in an order that depends only on seed and epoch.

    Attributes
    ----------
    values : ndarray, shape (n, ...)
        Features or images of all sets; may be memory-mapped.
    labels : ndarray, int, shape (n,)
    rows : ndarray, int, shape (m,)
        Which rows belong to this set.
    classes : int
    batch_size : int
    seed : int or None
        Shuffles the rows anew in every epoch; None keeps their order.
    transform : callable or None
        ``transform(values, epoch, rows) -> float32``, applied to each batch.
    """

    values: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    classes: int
    batch_size: int
    seed: int | None = None
    transform: Transform | None = None

    def of_epoch(self, epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (values float32, one-hot labels float32) of one epoch, counted from 0."""
        order = self.rows
        if self.seed is not None:
            order = np.random.default_rng([self.seed, epoch]).permutation(order)
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            values = self.values[rows]
            if self.transform:
                values = self.transform(values, epoch, rows)
            one_hot = np.eye(self.classes, dtype=np.float32)[self.labels[rows]]
            yield np.asarray(values, dtype=np.float32), one_hot
            release(self.values)


def balanced_weights(labels: np.ndarray) -> dict[int, float]:
    """Class weights n / (classes * count) of the classes that there are.

    Examples
    --------
    >>> balanced_weights(np.array([0, 0, 0, 1]))
    {0: 0.6666666666666666, 1: 2.0}
    """
    from sklearn.utils.class_weight import compute_class_weight

    classes = np.unique(labels)
    weights = compute_class_weight("balanced", classes=classes, y=labels)
    return {int(label): float(weight) for label, weight in zip(classes, weights, strict=True)}


def train(
    model: keras.Model,
    training: Batches,
    validation: Batches,
    study: Study,
    epochs: int,
    learning_rate: float,
    compile_with_xla: bool | str = "auto",
    on_progress: Callable[[int, int, str], None] = lambda done, total, note: None,
    rates: Sequence[float] | None = None,
) -> tuple[pd.DataFrame, int]:
    """Train in place with Adam, cross-entropy and early stopping, restoring the best epoch.

    What ``fit`` with ``EarlyStopping(restore_best_weights=True)`` does. With ``rates``, each trainable
    weight array has its own share of the learning rate.

    Returns
    -------
    history : pandas.DataFrame
        Columns `HISTORY_COLUMNS`; epochs count from 1.
    restored_epoch : int
        The epoch with the lowest validation loss, whose weights the model now has.

    Raises
    ------
    StudyError
        If the loss stops being a number.
    """
    trainer = Trainer(model, learning_rate, compile_with_xla, rates)
    return train_with(trainer, training, validation, study, epochs, on_progress)


def train_with(
    trainer: Trainer,
    training: Batches,
    validation: Batches,
    study: Study,
    epochs: int,
    on_progress: Callable[[int, int, str], None] = lambda done, total, note: None,
) -> tuple[pd.DataFrame, int]:
    """What `train` does, with what is compiled already."""
    balanced = study.class_weights == "balanced"
    weights = balanced_weights(training.labels[training.rows]) if balanced else None
    rows, kept, best = [], None, (np.inf, 0)
    for epoch in range(1, epochs + 1):
        fitted = trainer.fit_epoch(training.of_epoch(epoch - 1), weights)
        checked = trainer.score_epoch(validation.of_epoch(epoch - 1))
        rows.append((epoch, fitted["accuracy"], fitted["loss"], checked["accuracy"], checked["loss"]))
        on_progress(epoch, epochs, f"loss {fitted['loss']:.3f}, validation loss {checked['loss']:.3f}")
        if not np.isfinite(checked["loss"]):
            raise StudyError(
                f"The loss is not a number after epoch {epoch}",
                f"use a learning_rate below {trainer.learning_rate:.3g}",
            )
        if checked["loss"] < best[0]:
            best, kept = (checked["loss"], epoch), trainer.model.get_weights()
        elif epoch - best[1] >= study.patience:
            break
    trainer.model.set_weights(kept)
    return pd.DataFrame(rows, columns=list(HISTORY_COLUMNS)).astype(float).astype({"epoch": int}), best[1]


def predict(
    model: keras.Model,
    values: np.ndarray,
    batch_size: int = 64,
    prepare: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> np.ndarray:
    """What a model gives, such as class probabilities, streaming over rows.

    Parameters
    ----------
    model : keras.Model
    values : ndarray, shape (n, ...)
    batch_size : int
    prepare : callable
        Applied to each batch before the model.

    Returns
    -------
    ndarray, float32, shape (n, ...)
    """
    inputs = (np.asarray(prepare(batch), dtype=np.float32) for batch in in_batches(values, batch_size))
    return np.concatenate([keras.ops.convert_to_numpy(model(batch, training=False)) for batch in inputs])


def fit_head(
    fold: Fold, build: Build = build_head, vary: Transform | None = None, constant: Transform | None = None
) -> tuple[keras.Model, pd.DataFrame, int]:
    """Train a head on features, as `training.train` does.

    Parameters
    ----------
    fold : Fold
        Its values are feature maps, (n, h, w, c); of its study `head_settings` and seed are read.
    build : callable
        ``build(feature_shape, classes, study) -> keras.Model``.
    vary, constant : callable, optional
        ``transform(values, epoch, rows)`` for training and for validation batches, where the values hold
        more than one version of an image.

    Returns
    -------
    head : keras.Model
        Valid until the next call, which may train the same compiled model anew.
    history : pandas.DataFrame
    best_epoch : int
    """
    study, values, classes = fold.study, fold.values, fold.classes
    seed_layers(study.seed)
    shape = (values if constant is None else constant(values[:1], 0, np.zeros(1, int))).shape[1:]
    head, trainer = _compiled(build, shape, classes, study)
    trainer.start_again(build(shape, classes, study))
    training = Batches(values, fold.labels, fold.training, classes, study.batch_size, study.seed, vary)
    validation = Batches(values, fold.labels, fold.validation, classes, study.batch_size, None, constant)
    history, best_epoch = train_with(trainer, training, validation, study, study.epochs)
    return head, history, best_epoch


def head_settings(study: Study) -> dict[str, Any]:
    """The settings that a head's training reads, by name."""
    return {
        "pooling": study.pooling, "hidden_units": study.hidden_units, "dropout": study.dropout,
        "batch_size": study.batch_size, "epochs": study.epochs, "patience": study.patience,
        "learning_rate": study.learning_rate, "class_weights": study.class_weights,
    }  # fmt: skip


_compiled_heads: dict[tuple, tuple[keras.Model, Trainer]] = {}


def _compiled(build: Build, feature_shape: tuple[int, ...], classes: int, study: Study):
    key = build, feature_shape, classes, *(head_settings(study) | {"class_weights": None}).values()
    if key not in _compiled_heads:
        if len(_compiled_heads) > 1:
            _compiled_heads.pop(next(iter(_compiled_heads)))
        head = build(feature_shape, classes, study)
        # Compiling costs seconds for each size of batch; it pays only where Adam has millions of weights to pass over.
        with_xla = jit_compile(head.count_params()) if study.pooling == "flatten" else False
        _compiled_heads[key] = head, Trainer(head, study.learning_rate, with_xla)
    return _compiled_heads[key]
