"""The paper's head on a frozen backbone: Flatten, BatchNorm, three ReLU layers with dropout, softmax."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from bcd_utils.backend import jit_compile, keras
from bcd_utils.errors import StudyError
from bcd_utils.streaming import in_batches, release
from bcd_utils.study import Study

HISTORY_COLUMNS = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")


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
    transform: Callable[[np.ndarray, int, np.ndarray], np.ndarray] | None = None

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
            yield (
                np.asarray(values, dtype=np.float32),
                np.eye(self.classes, dtype=np.float32)[self.labels[rows]],
            )
            release(self.values)


def balanced_weights(labels: np.ndarray, classes: int) -> dict[int, float]:
    """Class weights n / (classes * count), as scikit-learn's "balanced".

    Examples
    --------
    >>> balanced_weights(np.array([0, 0, 0, 1]), 2)
    {0: 0.6666666666666666, 1: 2.0}
    """
    counts = np.bincount(labels, minlength=classes)
    return {index: float(len(labels) / (classes * count)) for index, count in enumerate(counts)}


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

    What ``fit`` with ``EarlyStopping(restore_best_weights=True)`` does, batch by batch: its input
    pipeline costs as much as the head's own arithmetic on a CPU. With ``rates``, each trainable weight
    array has its own share of the learning rate.

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
    trainer = trainer_of(model, learning_rate, compile_with_xla, rates)
    return train_with(trainer, training, validation, study, epochs, on_progress)


def trainer_of(
    model: keras.Model,
    learning_rate: float,
    compile_with_xla: bool | str = "auto",
    rates: Sequence[float] | None = None,
) -> keras.Model:
    """A second model over the same layers that carries the optimiser, so that saving ``model`` leaves it out."""
    trainer = keras.Model(model.inputs, model.outputs)
    trainer.compile(
        keras.optimizers.Adam(learning_rate) if rates is None else DiscriminativeAdam(learning_rate, rates),
        "categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=compile_with_xla,
    )
    return trainer


class DiscriminativeAdam(keras.optimizers.Adam):
    """Adam with its own share of the learning rate for each trainable weight array, in the model's order."""

    def __init__(self, learning_rate: float, rates: Sequence[float]):
        super().__init__(learning_rate)
        self.rates = list(rates)

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(
            gradient, variable, learning_rate * self.rates[self._get_variable_index(variable)]
        )


def start_again(trainer: keras.Model, model: keras.Model) -> None:
    """Give a trainer the weights and random states of ``model``, and an optimiser that has seen nothing.

    It then trains as a new trainer of ``model`` would, without being compiled anew.
    """
    for variable, fresh in zip(trainer.variables, model.variables, strict=True):
        variable.assign(fresh)
    for variable in trainer.optimizer.variables:
        if variable is not trainer.optimizer.learning_rate:
            variable.assign(keras.ops.zeros_like(variable))


def train_with(
    trainer: keras.Model,
    training: Batches,
    validation: Batches,
    study: Study,
    epochs: int,
    on_progress: Callable[[int, int, str], None] = lambda done, total, note: None,
) -> tuple[pd.DataFrame, int]:
    """What `train` does, with a model that `trainer_of` compiled."""
    balanced = study.class_weights == "balanced"
    weights = balanced_weights(training.labels[training.rows], training.classes) if balanced else None
    rows, kept, best = [], None, (np.inf, 0)
    for epoch in range(1, epochs + 1):
        fitted = _mean_logs(
            training.of_epoch(epoch - 1), partial(trainer.train_on_batch, class_weight=weights)
        )
        checked = _mean_logs(validation.of_epoch(epoch - 1), trainer.test_on_batch)
        rows.append((epoch, fitted["accuracy"], fitted["loss"], checked["accuracy"], checked["loss"]))
        on_progress(epoch, epochs, f"loss {fitted['loss']:.3f}, validation loss {checked['loss']:.3f}")
        if not np.isfinite(checked["loss"]):
            raise StudyError(
                f"The loss is not a number after epoch {epoch}",
                f"use a learning_rate below {float(trainer.optimizer.learning_rate):.3g}",
            )
        if checked["loss"] < best[0]:
            best, kept = (checked["loss"], epoch), trainer.get_weights()
        elif epoch - best[1] >= study.patience:
            break
    trainer.set_weights(kept)
    return pd.DataFrame(rows, columns=list(HISTORY_COLUMNS)).astype(float).astype({"epoch": int}), best[1]


def _mean_logs(batches: Iterator[tuple[np.ndarray, np.ndarray]], step: Callable) -> dict[str, float]:
    """Loss and accuracy of ``step(values, one_hot)`` over batches, each image counting once."""
    images, sums = 0, {"loss": 0.0, "accuracy": 0.0}
    for values, one_hot in batches:
        logs = step(values, one_hot, return_dict=True)
        images += len(values)
        sums = {name: total + len(values) * float(logs[name]) for name, total in sums.items()}
    return {name: total / images for name, total in sums.items()}


def train_head(
    head: keras.Model, training: Batches, validation: Batches, study: Study, on_progress=lambda *_: None
) -> tuple[pd.DataFrame, int]:
    """Train the head on (cached) features; see `train`."""
    with_xla = jit_compile(head.count_params())
    return train(head, training, validation, study, study.epochs, study.learning_rate, with_xla, on_progress)


def predict(model: keras.Model, values: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Class probabilities, streaming over rows.

    Returns
    -------
    ndarray, float32, shape (n, classes)
    """
    parts = []
    for batch in in_batches(values, batch_size):
        found = model(np.asarray(batch, dtype=np.float32), training=False)
        parts.append(keras.ops.convert_to_numpy(found))
    return np.concatenate(parts)
