"""One protocol on each data set: the same frozen backbone, linear probe, grouped folds and scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.arrays import cached_images
from bcd_utils.comparison.scores import Scored, out_of_fold, score_on
from bcd_utils.contenders import scikit
from bcd_utils.contenders.base import Fold
from bcd_utils.evaluation import class_numbers
from bcd_utils.files import sha256_of_file, sha256_of_json
from bcd_utils.modalities.sources import Collection
from bcd_utils.patient_scores import recognition_rates
from bcd_utils.pooling import pooled
from bcd_utils.splits import SETS, grouped_folds
from bcd_utils.streaming import sha256_of_array
from bcd_utils.study import Study
from bcd_utils.sweep import Result, sweep

Progress = Callable[[int, int], None]

#: `contenders.frozen.PROBE`, for features that are averaged already.
learn_probe = scikit.scikit_learn(scikit.logistic_regression, {"C": scikit.PENALTIES})


def encode(collection: Collection, backbone, on_progress: Progress = lambda done, total: None) -> np.ndarray:
    """A frozen backbone's features of a data set's images, averaged over the image; kept in the cache by content.

    Parameters
    ----------
    collection : Collection
    backbone : backbones.Backbone

    Returns
    -------
    ndarray, float32, shape (n, c)
    """
    from bcd_utils.features import cached_features

    own = collection.study
    path = cached_images(
        collection.folder, collection.images, collection.data_sha256, own.input, own.image_size, on_progress, own.stain
    )  # fmt: skip
    pictures = np.load(path, mmap_mode="r")
    return pooled(cached_features(backbone, pictures, sha256_of_file(path), own.feature_dtype, on_progress))


@dataclass(frozen=True)
class Job:
    """One training of the probe.

    Attributes
    ----------
    sets : tuple of int
        Which set (index into `SETS`; -1: none) each image of the first data set is in.
    labels : tuple of int
        Class of each; anything where the set is -1.
    classes : int
    seed : int
    """

    sets: tuple[int, ...]
    labels: tuple[int, ...]
    classes: int
    seed: int


def train_probe(job: Job, shared: tuple[Study, Sequence[np.ndarray]]) -> Result:
    """Train on the first data set and predict all of them, in a worker process.

    Returns
    -------
    dict of ndarray
        ``choices``, what was chosen on the validation images, as text; and for data set i ``of_<i>``, float32
        (images, classes), the probabilities; see `of_dataset`.
    """
    study, vectors = shared
    sets = np.array(job.sets)
    rows = [np.flatnonzero(sets == index) for index in range(2)]
    fold = Fold(vectors[0], np.array(job.labels), *rows, job.classes, replace(study, seed=job.seed))
    fitted = learn_probe(fold)
    choices = ", ".join(f"{name}={value:g}" for name, value in fitted.choices.items())
    of = {f"of_{index}": fitted.predict(each).astype(np.float32) for index, each in enumerate(vectors)}
    return {"choices": np.str_(choices)} | of


def train_folds(
    vectors: Sequence[np.ndarray],
    labels: np.ndarray,
    folds: Sequence[pd.Series],
    classes: int,
    study: Study,
    on_progress: Progress = lambda done, total: None,
) -> list[Result]:
    """`train_probe` on each fold of the first data set; what was trained once is not again.

    Parameters
    ----------
    vectors : sequence of ndarray, float32, shape (n_i, c)
        Of the data set to learn from, then of others to predict too.
    labels : ndarray of int, shape (n_0,)
    folds : sequence of pandas.Series of str, shape (n_0,)
        "train", "validation", "test", or "" for images that take no part.
    """
    from importlib.metadata import version

    given = [sha256_of_array(each) for each in vectors]
    code = [sha256_of_file(__file__), sha256_of_file(scikit.__file__), version("scikit-learn")]
    codes = {name: index for index, name in enumerate(SETS)}
    jobs = {}
    for number, split in enumerate(folds):
        sets = split.map(codes).fillna(-1).astype(int)
        job = Job(tuple(sets.tolist()), tuple(labels.tolist()), classes, study.seed + number)
        jobs[sha256_of_json(["probe", given, vars(job), study.class_weights, code])[:32]] = job
    return list(sweep(train_probe, jobs, (study, vectors), on_progress).values())


def of_dataset(results: Sequence[Result], index: int) -> list[Result]:
    """What `train_folds` says of one data set, fold after fold, as the comparison has it: ``probabilities``."""
    return [{"probabilities": result[f"of_{index}"]} for result in results]


@dataclass(frozen=True)
class Outcome:
    """What the protocol gives on one data set.

    Attributes
    ----------
    folds : list of pandas.Series of str
        For each fold the set of each image.
    probe, majority : Scored
        The linear probe out of fold; and always saying the most common class.
    choices : list of str
        What was chosen on validation images, fold after fold.
    rates : dict or None
        `patient_scores.recognition_rates`, where patients are known.
    """

    folds: list[pd.Series]
    probe: Scored
    majority: Scored
    choices: list[str]
    rates: dict[str, Any] | None


def run_protocol(
    collection: Collection, vectors: np.ndarray, on_progress: Progress = lambda done, total: None
) -> Outcome:
    """Cross-validate the linear probe on a data set.

    Raises
    ------
    StudyError
        If the data set has too few images or groups for the folds.
    """
    own, images, classes = collection.study, collection.images, collection.classes
    folds = grouped_folds(images, own.modalities.folds, own.validation_fraction, own.seed)
    labels = class_numbers(images["label"], classes)
    results = train_folds([vectors], labels, folds, len(classes), own, on_progress)
    probabilities = out_of_fold(of_dataset(results, 0), folds)
    constant = always_the_most_common(labels, len(classes))
    probe, majority = (
        score_on(found, labels, images["group"], classes, own) for found in (probabilities, constant)
    )
    rates = None
    if collection.patients and images["group"].nunique() > 1:
        predicted = images.assign(predicted=np.asarray(classes)[probabilities.argmax(axis=1)])
        rates = recognition_rates(predicted, own.bootstrap_samples, own.confidence, own.seed)
    return Outcome(folds, probe, majority, [str(result["choices"]) for result in results], rates)


def always_the_most_common(labels: np.ndarray, classes: int) -> np.ndarray:
    """Probabilities (n, classes) of a model that looks at nothing: 1 for the most common class, always.

    Examples
    --------
    >>> always_the_most_common(np.array([1, 1, 0]), 2).tolist()
    [[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    """
    constant = np.zeros((len(labels), classes))
    constant[:, np.bincount(labels).argmax()] = 1
    return constant


def predictions_table(at_hand: Mapping[str, Collection], outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Out-of-fold probabilities of every data set: source, id, label, group, fold, predicted, ``p_<class>``."""
    parts = []
    for name, outcome in outcomes.items():
        images, classes = at_hand[name].images, at_hand[name].classes
        tested = [(split == "test").to_numpy() for split in outcome.folds]
        part = images[["id", "label", "group"]].assign(
            source=name, fold=np.select(tested, range(1, len(tested) + 1))
        )
        probabilities = outcome.probe.probabilities
        part["predicted"] = np.asarray(classes)[probabilities.argmax(axis=1)]
        for index, label in enumerate(classes):
            part[f"p_{label}"] = probabilities[:, index].round(7)
        parts.append(part)
    table = pd.concat(parts, ignore_index=True)
    first = ["source", "id", "label", "group", "fold", "predicted"]
    return table[[*first, *table.columns.difference(first, sort=False)]]
