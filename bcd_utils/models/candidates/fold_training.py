"""One training on one fold: the job of the parallel runner, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bcd_utils.datasets.splits import SETS
from bcd_utils.models.candidates.base import Fitted, Fold
from bcd_utils.utils.memmap import in_batches

if TYPE_CHECKING:
    from bcd_utils.study.settings import Study
    from bcd_utils.utils.parallel import Result

SLICE = 256  # images; a copy of all feature maps of a large data set would not fit into memory


@dataclass(frozen=True)
class Training:
    """Which images a model learns from, and how.

    Attributes
    ----------
    sets : tuple of int
        Set of each image, as its place in `SETS`; -1: in none.
    seed : int
    model : str
        Name of the model, where not all trainings are of one.
    imbalance : {"none", "class_weights", "oversampling"}
    """

    sets: tuple[int, ...]
    seed: int
    model: str = ""
    imbalance: str = "none"

    @classmethod
    def of_split(cls, split: pd.Series, seed: int, model: str = "", imbalance: str = "none") -> Training:
        """The training on one split: "train", "validation", "test", or another word for images in no set.

        Examples
        --------
        >>> Training.of_split(pd.Series(["test", "train", ""]), seed=3)
        Training(sets=(2, 0, -1), seed=3, model='', imbalance='none')
        """
        return cls(tuple(pd.Categorical(split, SETS).codes.tolist()), seed, model, imbalance)

    def rows(self, name: str) -> np.ndarray:
        """Rows of one of the `SETS`."""
        return np.flatnonzero(np.array(self.sets) == SETS.index(name))


@dataclass(frozen=True)
class TrainingData:
    """What all trainings of one sweep read.

    Attributes
    ----------
    values : ndarray, shape (n, ...)
    labels : ndarray of int, shape (n,)
        Anything for images that are in no set.
    classes : int
    study : Study
    others : tuple of ndarray, shape (m, ...)
        Values of other images, which every model is to predict too.
    """

    values: np.ndarray
    labels: np.ndarray
    classes: int
    study: Study
    others: tuple[np.ndarray, ...] = ()


def train_fold(learn: Callable[[Fold], Fitted], training: Training, data: TrainingData) -> Result:
    """Learn and predict, in a worker process.

    Returns
    -------
    dict of ndarray
        ``probabilities`` float32 (n, classes), NaN for images that are in no set, and ``other_<i>`` of other images;
        ``parameters`` and ``multiply_adds`` (-1 where not countable); ``choices``, what was chosen on validation, as
        text; ``heat_maps`` float16 (test images, h, w) of the predicted class, where the model has them.
    """
    study = replace(data.study, seed=training.seed)
    if training.imbalance == "class_weights":
        study = replace(study, class_weights="balanced")
    rows = training.rows("train")
    if training.imbalance == "oversampling":
        rows = oversampled(rows, data.labels, training.seed)
    fitted = learn(Fold(data.values, data.labels, rows, training.rows("validation"), data.classes, study))
    probabilities = np.full((len(training.sets), data.classes), np.nan, np.float32)
    for batch in in_batches(np.flatnonzero(np.array(training.sets) >= 0), SLICE):
        probabilities[batch] = fitted.predict(data.values[batch])
    result = {"probabilities": probabilities}
    for name, count in (("parameters", fitted.parameters), ("multiply_adds", fitted.multiply_adds)):
        result[name] = np.array(-1 if count is None else count)
    result["choices"] = np.array(", ".join(f"{name}={value}" for name, value in fitted.choices.items()))
    if fitted.heat_maps:
        maps = [
            fitted.heat_maps(data.values[batch], probabilities[batch].argmax(axis=1))
            for batch in in_batches(training.rows("test"), SLICE)
        ]
        result["heat_maps"] = np.concatenate(maps).astype(np.float16)
    for index, values in enumerate(data.others):
        result[f"other_{index}"] = fitted.predict(values).astype(np.float32)
    return result


def oversampled(rows: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """Rows with random repeats, so that every class has as many as the largest.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 1])
    >>> np.bincount(labels[oversampled(np.arange(4), labels, seed=0)]).tolist()
    [3, 3]
    """
    generator = np.random.default_rng(seed)
    counts = np.bincount(labels[rows])
    extra = [
        generator.choice(rows[labels[rows] == label], counts.max() - count)
        for label, count in enumerate(counts)
        if count
    ]
    return np.concatenate([rows, *extra])
