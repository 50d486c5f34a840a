"""A network tuned end to end: its softmax layer first, then all of it at a rate that falls to zero."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from bcd_utils.images.augmentation import augment
from bcd_utils.models.backbones import Backbone, compute_in
from bcd_utils.models.features import BATCH, features_of
from bcd_utils.models.fine_tuning import discriminative_rates, unfreeze_from
from bcd_utils.models.trainer import Trainer
from bcd_utils.models.training import Batches, balanced_weights, predict
from bcd_utils.utils.backend import keras
from bcd_utils.utils.cache import entry_of, kept
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import atomic_path
from bcd_utils.utils.memmap import in_batches, pooled, sha256_of_array

if TYPE_CHECKING:
    from bcd_utils.models.candidates.base import Fold
    from bcd_utils.study.settings import Recipe

Item = TypeVar("Item")
HISTORY = ("loss", "accuracy", "tuning_loss", "tuning_accuracy")

#: Called with (epochs done, all epochs, how it stands).
OnEpoch = Callable[[int, int, str], None]


def softmax_head(feature_shape: tuple[int, ...], classes: int, dropout: float, seed: int) -> keras.Model:
    """Average pooling, dropout and one softmax layer, untrained.

    Parameters
    ----------
    feature_shape : (h, w, c)

    Returns
    -------
    keras.Model
        Features (n, h, w, c) to probabilities (n, classes), with the logits in the layer "logits".
    """
    layers = keras.layers
    inputs = keras.Input(feature_shape, name="features")
    x = layers.GlobalAveragePooling2D(name="average_pooling")(inputs)
    if dropout:
        x = layers.Dropout(dropout, seed=seed, name="dropout")(x)
    kernel = keras.initializers.GlorotUniform(seed=seed)
    logits = layers.Dense(classes, kernel_initializer=kernel, name="logits", dtype="float32")(x)
    return keras.Model(inputs, layers.Softmax(name="probabilities", dtype="float32")(logits), name="head")


def tuned(
    backbone: Backbone, fold: Fold, recipe: Recipe, on_progress: OnEpoch = lambda done, total, note: None
) -> tuple[keras.Model, np.ndarray, float]:
    """What `tune` gives, from the cache or trained into it, and the processor's seconds that training took.

    The backbone has the weights that belong to it. Of a tuning that was killed, the seconds are those since then.
    """
    given = [
        backbone.identity,
        sha256_of_array(fold.values),
        fold.labels.tolist(),
        fold.classes,
        fold.study.seed,
    ]
    rows = [fold.training.tolist(), fold.validation.tolist()]
    made: list[keras.Model] = []

    def write(path: Path) -> None:
        started = time.process_time()
        head, history = tune(backbone, fold, recipe, path, on_progress)
        made.append(head)
        with open(path, "wb") as file:
            np.savez(
                file,
                time.process_time() - started,
                history,
                *backbone.model.get_weights(),
                *head.get_weights(),
            )

    identity = [*given, *rows, settings_of(recipe), code_identity(__name__)]
    entry = kept(entry_of("tuned", identity, ".npz"), write, goes_on=True)
    with np.load(entry) as stored:
        seconds, history, *weights = stored.values()
    head = made[0] if made else _head_for(backbone, fold, recipe)
    if not made:
        compute_in(backbone.model, recipe.precision)
    count = len(backbone.model.weights)
    backbone.model.set_weights(weights[:count])
    head.set_weights(weights[count:])
    return head, history, float(seconds)


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """The settings that decide a tuning: which steps are measured, and on how many folds, do not."""
    return {name: value for name, value in asdict(recipe).items() if name not in ("steps", "folds")}


def kept_epoch(history: np.ndarray, recipe: Recipe) -> int:
    """The epoch, from 1, whose weights `tune` keeps.

    Parameters
    ----------
    history : ndarray, shape (epochs, 4)
        Columns `HISTORY`.

    Examples
    --------
    >>> from bcd_utils.study.training_settings import Recipe
    >>> history = np.array([[0.9, 0.5, 0.8, 0.5], [0.5, 0.7, 0.6, 0.7], [0.2, 0.9, 0.7, 0.7]])
    >>> kept_epoch(history, Recipe()), kept_epoch(history, Recipe(keep="best"))
    (3, 2)
    """
    tuning_loss = history[:, HISTORY.index("tuning_loss")]
    return len(history) - (0 if recipe.keep == "last" else int(tuning_loss[::-1].argmin()))


def believed(backbone: Backbone, head: keras.Model, images: np.ndarray) -> np.ndarray:
    """Class probabilities, float32 (n, classes), of images as they are: uint8 (n, s, s, 3), perhaps memory-mapped."""
    parts = (features_of(backbone, np.asarray(batch)) for batch in in_batches(images, BATCH))
    return np.concatenate([predict(head, features) for features in parts])


def _head_for(backbone: Backbone, fold: Fold, recipe: Recipe) -> keras.Model:
    return softmax_head(backbone.model.output_shape[1:], fold.classes, recipe.dropout, fold.study.seed)


def tune(
    backbone: Backbone,
    fold: Fold,
    recipe: Recipe,
    path: Path,
    on_progress: OnEpoch = lambda done, total, note: None,
) -> tuple[keras.Model, np.ndarray]:
    """Tune a network on a fold; killed and called again, it goes on from the last epoch that was finished.

    Parameters
    ----------
    backbone : Backbone
        Trained in place.
    fold : Fold
        Its values are images, uint8 (n, s, s, 3); of its study the seed is read.
    recipe : Recipe
    path : Path
        Beside it stands the checkpoint.

    Returns
    -------
    head : keras.Model
        Features to probabilities; see `softmax_head`.
    history : ndarray, float, shape (epochs, 4)
        Columns `HISTORY`; augmentation and dropout are on in the first two.

    Raises
    ------
    StudyError
        If the backbone has no such layer, or the loss stops being a number.
    """
    seed = fold.study.seed
    keras.utils.set_random_seed(seed)
    head = _head_for(backbone, fold, recipe)
    weights = balanced_weights(fold.labels[fold.training]) if recipe.class_weights == "balanced" else None
    checkpoint = Checkpoint(path.with_name("epoch.npz"))
    if not checkpoint.path.exists():
        _train_head(backbone, head, fold, recipe, weights)
    unfreeze_from(backbone.model, recipe.trainable_from)
    compute_in(backbone.model, recipe.precision)
    inputs = keras.Input(fold.values.shape[1:])
    whole = keras.Model(inputs, head(backbone.model(inputs)))
    steps = recipe.epochs * -(-len(fold.training) // recipe.batch_size)
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, steps)
    rates = discriminative_rates(whole, backbone.model, recipe.rate_decay) if recipe.rate_decay > 1 else None
    trainer = Trainer(whole, rate, "auto", rates, recipe.weight_decay, recipe.label_smoothing)

    def vary(images: np.ndarray, epoch: int, rows: np.ndarray) -> np.ndarray:
        changes = recipe.augmentation
        return backbone.prepare(augment(images, changes, seed, epoch, rows) if changes else images)

    sizes = fold.classes, recipe.batch_size
    training = Batches(fold.values, fold.labels, fold.training, *sizes, seed, vary)
    constant = Batches(
        fold.values, fold.labels, fold.validation, *sizes, None, lambda x, *_: backbone.prepare(x)
    )
    history, best = checkpoint.restore(trainer)
    for epoch in range(len(history), recipe.epochs):
        fitted = trainer.fit_epoch(one_ahead(training.of_epoch(epoch)), weights)
        checked = trainer.score_epoch(one_ahead(constant.of_epoch(epoch)))
        if not np.isfinite(fitted["loss"]):
            fix = f"use a recipe.learning_rate below {recipe.learning_rate:.3g}"
            raise StudyError(f"The loss is not a number after epoch {epoch + 1}", fix)
        history.append((fitted["loss"], fitted["accuracy"], checked["loss"], checked["accuracy"]))
        if recipe.keep == "last" or checked["loss"] <= min(row[2] for row in history):
            best = trainer.model.get_weights()
        checkpoint.save(trainer, history, best)
        on_progress(epoch + 1, recipe.epochs, f"loss {fitted['loss']:.3f}, tuning loss {checked['loss']:.3f}")
    trainer.model.set_weights(best)
    return head, np.array(history)


def _train_head(
    backbone: Backbone, head: keras.Model, fold: Fold, recipe: Recipe, weights: dict[int, float] | None
) -> None:
    """The softmax layer alone, on features of the training images as they are."""
    parts = (np.asarray(fold.values[rows]) for rows in in_batches(fold.training, BATCH))
    features = np.concatenate([pooled(features_of(backbone, part)) for part in parts])[:, None, None]
    only = softmax_head(features.shape[1:], fold.classes, recipe.dropout, fold.study.seed)
    trainer = Trainer(only, recipe.head_rate, False)
    rows = np.arange(len(features))
    labels = fold.labels[fold.training]
    batches = Batches(features, labels, rows, fold.classes, recipe.batch_size, fold.study.seed)
    for epoch in range(recipe.head_epochs):
        trainer.fit_epoch(batches.of_epoch(epoch), weights)
    head.set_weights(only.get_weights())


class Checkpoint:
    """All that a training goes on from: weights, states of random draws, the optimiser's moments, the epochs so far.

    Parameters
    ----------
    path : Path
        An ``.npz`` file, replaced as a whole after each epoch.
    """

    def __init__(self, path: Path):
        self.path = path

    def save(self, trainer: Trainer, history: list[tuple[float, ...]], best: list[np.ndarray]) -> None:
        """Store the state after an epoch."""
        arrays = {f"variable_{number}": np.array(each) for number, each in enumerate(_state(trainer))}
        kept = {f"best_{number}": each for number, each in enumerate(best)}
        with atomic_path(self.path) as temporary, open(temporary, "wb") as file:
            np.savez(file, history=np.array(history), **arrays, **kept)  # type: ignore[arg-type]

    def restore(self, trainer: Trainer) -> tuple[list[tuple[float, ...]], list[np.ndarray]]:
        """Set a trainer to the state that was stored; returns its epochs and the weights to keep so far."""
        if not self.path.exists():
            return [], []
        with np.load(self.path) as stored:
            for number, variable in enumerate(_state(trainer)):
                variable.assign(stored[f"variable_{number}"])
            history = [tuple(map(float, row)) for row in stored["history"]]
            best = [stored[f"best_{number}"] for number in range(len(trainer.model.weights))]
        return history, best


def _state(trainer: Trainer) -> list[Any]:
    return [*trainer.model.variables, *trainer.model.optimizer.variables]


def one_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items, each made while the one before is used.

    Examples
    --------
    >>> list(one_ahead(range(3)))
    [0, 1, 2]
    """
    end, waiting = object(), iter(items)
    with ThreadPoolExecutor(1) as maker:
        coming: Any = maker.submit(next, waiting, end)
        while (item := coming.result()) is not end:
            coming = maker.submit(next, waiting, end)
            yield item
