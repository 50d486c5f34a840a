"""The paper's head on a frozen backbone: Flatten, BatchNorm, three ReLU layers with dropout, softmax."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from bcd_utils.backend import jit_compile, keras
from bcd_utils.study import Study

HISTORY_COLUMNS = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")


def build_head(feature_shape: Sequence[int], classes: int, study: Study) -> keras.Model:
    """The paper's classification head (section 3.4), untrained.

    Parameters
    ----------
    feature_shape : (h, w, c)
    classes : int
    study : Study
        Reads pooling, hidden_units, dropout and seed; every random draw has its own seed.

    Returns
    -------
    keras.Model
        Features (n, h, w, c) to probabilities (n, classes), with the logits in the layer "logits".
    """
    layers = keras.layers
    inputs = keras.Input(tuple(feature_shape), name="features")
    if study.pooling == "flatten":
        x = layers.Flatten(name="flatten")(inputs)
    else:
        x = layers.GlobalAveragePooling2D(name="average_pooling")(inputs)
    x = layers.BatchNormalization(name="batch_normalization")(x)
    for number, units in enumerate(study.hidden_units, start=1):
        initializer = keras.initializers.GlorotUniform(seed=study.seed + number)
        x = layers.Dense(units, activation="relu", kernel_initializer=initializer, name=f"dense_{number}")(x)
        if study.dropout:
            x = layers.Dropout(study.dropout, seed=study.seed + number, name=f"dropout_{number}")(x)
    initializer = keras.initializers.GlorotUniform(seed=study.seed)
    logits = layers.Dense(classes, kernel_initializer=initializer, name="logits")(x)
    return keras.Model(inputs, layers.Softmax(name="probabilities")(logits), name="head")


class Batches(keras.utils.PyDataset):
    """Batches of rows of an array, in an order that depends only on seed and epoch.

    Parameters
    ----------
    values : ndarray, shape (n, ...)
        Features or images; may be memory-mapped.
    labels : ndarray, int, shape (n,)
    rows : ndarray, int, shape (m,)
        Which rows of ``values`` and ``labels`` belong to this set.
    classes : int
    transform : callable, optional
        ``transform(values, epoch, rows) -> float32``, applied to each batch.
    """

    def __init__(
        self,
        values: np.ndarray,
        labels: np.ndarray,
        rows: np.ndarray,
        classes: int,
        batch_size: int,
        seed: int | None = None,
        transform: Callable[[np.ndarray, int, np.ndarray], np.ndarray] | None = None,
    ):
        super().__init__()
        self.values, self.rows, self.batch_size = values, np.asarray(rows), batch_size
        self.one_hot = np.eye(classes, dtype=np.float32)[labels]
        self.seed, self.transform = seed, transform
        self.epoch = -1
        self.order = self.rows

    def on_epoch_begin(self) -> None:
        """Draw the next epoch's order; Keras calls this."""
        self.epoch += 1
        if self.seed is not None:
            self.order = np.random.default_rng([self.seed, self.epoch]).permutation(self.rows)

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        values = self.values[rows]
        if self.transform:
            values = self.transform(values, self.epoch, rows)
        return np.asarray(values, dtype=np.float32), self.one_hot[rows]


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
) -> tuple[pd.DataFrame, int]:
    """Train in place with Adam, cross-entropy and early stopping, restoring the best epoch.

    Returns
    -------
    history : pandas.DataFrame
        Columns `HISTORY_COLUMNS`; epochs count from 1.
    restored_epoch : int
        The epoch with the lowest validation loss, whose weights the model now has.
    """
    # A second model over the same layers carries the optimiser, so that saving ``model`` leaves it out.
    trainer = keras.Model(model.inputs, model.outputs)
    trainer.compile(
        keras.optimizers.Adam(learning_rate),
        "categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=compile_with_xla,
    )
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=study.patience, restore_best_weights=True)

    def report(epoch: int, logs: dict) -> None:
        note = f"loss {logs['loss']:.3f}, validation loss {logs['val_loss']:.3f}"
        on_progress(epoch + 1, epochs, note)

    labels = training.one_hot[training.rows].argmax(axis=1)
    weights = balanced_weights(labels, training.one_hot.shape[1]) if study.class_weights == "balanced" else None
    fitted = trainer.fit(
        training,
        validation_data=validation,
        epochs=epochs,
        callbacks=[stopping, keras.callbacks.LambdaCallback(on_epoch_end=report)],
        class_weight=weights,
        shuffle=False,
        verbose=0,
    )
    history = pd.DataFrame(fitted.history)
    history.insert(0, "epoch", np.arange(1, len(history) + 1))
    return history[list(HISTORY_COLUMNS)], int(history["val_loss"].idxmin()) + 1


def train_head(
    head: keras.Model, training: Batches, validation: Batches, study: Study, on_progress=lambda *_: None
) -> tuple[pd.DataFrame, int]:
    """Train the head on (cached) features; see `train`."""
    return train(
        head, training, validation, study, study.epochs, study.learning_rate, jit_compile(), on_progress
    )


def predict(model: keras.Model, values: np.ndarray, batch_size: int = 64) -> np.ndarray:
    """Class probabilities, streaming over rows.

    Returns
    -------
    ndarray, float32, shape (n, classes)
    """
    parts = []
    for start in range(0, len(values), batch_size):
        batch = np.asarray(values[start : start + batch_size], dtype=np.float32)
        parts.append(np.asarray(model(batch, training=False)))
    return np.concatenate(parts)
