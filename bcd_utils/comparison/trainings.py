"""Every contender trained on every fold, also on fewer images and with rare classes given more weight."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.comparison.values import exists, values_of
from bcd_utils.contenders import all_contenders
from bcd_utils.contenders.base import Contender, Encoder, Fitted, Fold, Material
from bcd_utils.files import sha256_of_file, sha256_of_json
from bcd_utils.splits import SETS
from bcd_utils.streaming import in_batches
from bcd_utils.study import Study
from bcd_utils.sweep import Result, sweep

SLICE = 256  # images; a copy of all feature maps of a large data set would not fit into memory
IMBALANCE = ("none", "class_weights", "oversampling")

#: (contender, variant, fold from 0): one training.
Key = tuple[str, "Variant", int]


@dataclass(frozen=True)
class Variant:
    """How a training differs from the plain one.

    Attributes
    ----------
    fraction : float
        Share of the fold's training groups.
    imbalance : {"none", "class_weights", "oversampling"}
    """

    fraction: float = 1.0
    imbalance: str = "none"


PLAIN = Variant()


@dataclass(frozen=True)
class Job:
    """One training: who, which image is in which set (index into `SETS`; -1: in none), and how."""

    contender: str
    sets: tuple[int, ...]
    seed: int
    imbalance: str


@dataclass(frozen=True)
class Shared:
    """What all trainings on one representation read; arrays of shape (n, ...) and int (n,)."""

    values: np.ndarray
    labels: np.ndarray
    classes: int
    study: Study


def variants_of(name: str, study: Study) -> list[Variant]:
    """The trainings that a contender goes through, the plain one first."""
    settings = study.comparison
    variants = [PLAIN]
    if name in settings.curve_contenders:
        variants += [Variant(fraction=fraction) for fraction in settings.curve_fractions]
    if name in settings.imbalance_contenders:
        variants += [Variant(imbalance=arm) for arm in IMBALANCE[1:]]
    return variants


def train_all(
    contenders: Iterable[Contender],
    folds: Sequence[pd.Series],
    labels: np.ndarray,
    classes: int,
    material: Material,
    on_progress: Callable[[int, int, str], None] = lambda done, total, note: None,
) -> tuple[dict[Key, Result], dict[str, Encoder], dict[str, np.ndarray]]:
    """Train contenders, representation after representation; see `sweep.sweep` for where, and what is kept.

    Parameters
    ----------
    contenders : iterable of Contender
        Whose weights are at hand.
    folds : sequence of pandas.Series of str
    labels : ndarray of int, shape (n,)
    classes : int
    material : Material
    on_progress : callable
        ``on_progress(done, total, note)``, counting trainings.

    Returns
    -------
    results : dict of key to dict
        See `train_contender`.
    encoders : dict of representation name to Encoder
    vectors : dict of representation name to ndarray, float32, shape (n, c)
        What linear and classical contenders read: the values, feature maps averaged over positions.
    """
    study = material.study
    by_representation: dict = {}
    for contender in contenders:
        by_representation.setdefault(contender.representation, []).append(contender)
    results, encoders, vectors = {}, {}, {}
    trainings = [len(variants_of(each.name, study)) for of in by_representation.values() for each in of]
    for representation, group in by_representation.items():
        tell = partial(_tell, on_progress, len(results), len(folds) * sum(trainings), representation.title)
        encoder = representation.prepare(material)
        values = values_of(
            encoder, len(labels), lambda done, of, tell=tell: tell(0, f"{done} of {of} images")
        )
        encoders[representation.name] = encoder.let_go()
        if as_vectors(values) is not None:
            vectors[representation.name] = as_vectors(values)
        jobs, keys = {}, {}
        for contender in group:
            code = code_of(contender, study)
            for variant in variants_of(contender.name, study):
                for number, split in enumerate(folds):
                    job = _job(contender, variant, split.where(exists(values), ""), number, material)
                    recipe = [encoder.identity, labels.tolist(), vars(job), code]
                    keys[contender.name, variant, number] = sha256_of_json(recipe)[:32]
                    jobs[keys[contender.name, variant, number]] = job
        shared = Shared(values, labels, classes, study)
        found = sweep(train_contender, jobs, shared, lambda done, of, tell=tell: tell(done, ""))
        results |= {name: found[key] for name, key in keys.items()}
        del encoder, values, shared  # before the next is loaded beside it
    on_progress(len(results), len(results), "")
    return results, encoders, vectors


def _tell(on_progress: Callable, before: int, total: int, title: str, done: int, note: str) -> None:
    on_progress(before + done, total, f"{title}: {note}" if note else title)


def as_vectors(values: np.ndarray) -> np.ndarray | None:
    """Values as one vector an image; None for pixels and for several versions of a map."""
    from bcd_utils.pooling import pooled

    if values.dtype == np.uint8 or values.ndim not in (2, 4):
        return None
    return pooled(values) if values.ndim == 4 else np.asarray(values)


def _job(contender: Contender, variant: Variant, split: pd.Series, number: int, material: Material) -> Job:
    seed = material.study.seed + number
    if variant.fraction < 1:
        split = fewer_groups(split, material.table, variant.fraction, seed)
    codes = split.map({name: index for index, name in enumerate(SETS)}).fillna(-1)
    return Job(contender.name, tuple(int(code) for code in codes), seed, variant.imbalance)


def fewer_groups(split: pd.Series, table: pd.DataFrame, fraction: float, seed: int) -> pd.Series:
    """The split with only a share of the training groups of each class, at least two of each.

    A smaller share is part of a larger one.

    Examples
    --------
    >>> table = pd.DataFrame({"label": ["a", "b"] * 10, "group": [str(number) for number in range(20)]})
    >>> fewer_groups(pd.Series(["train"] * 20), table, 0.3, seed=0).value_counts().to_dict()
    {'': 14, 'train': 6}
    """
    training = table[(split == "train").to_numpy()]
    groups = training.groupby("group", sort=True)["label"].first().sample(frac=1, random_state=seed)
    kept: list[str] = []
    for _, members in groups.groupby(groups):
        kept += members.index[: max(2, round(fraction * len(members)))].tolist()
    dropped = (split == "train") & ~table["group"].isin(kept).to_numpy()
    return split.where(~dropped, "")


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


def train_contender(job: Job, shared: Shared) -> Result:
    """One training, in a worker process.

    Returns
    -------
    dict of ndarray
        ``probabilities`` float32 (n, classes), NaN for images that are in no set; ``parameters`` and
        ``multiply_adds`` (-1 where not countable); ``choices``, what was chosen on validation, as text;
        ``heat_maps`` float16 (test images, h, w) of the predicted class, where the contender has them.
    """
    study = replace(shared.study, seed=job.seed)
    if job.imbalance == "class_weights":
        study = replace(study, class_weights="balanced")
    sets = np.array(job.sets)
    training = np.flatnonzero(sets == 0)
    if job.imbalance == "oversampling":
        training = oversampled(training, shared.labels, job.seed)
    fold = Fold(shared.values, shared.labels, training, np.flatnonzero(sets == 1), shared.classes, study)
    fitted = all_contenders(shared.study)[job.contender].learn(fold)
    probabilities = np.full((len(sets), shared.classes), np.nan, np.float32)
    for rows in in_batches(np.flatnonzero(sets >= 0), SLICE):
        probabilities[rows] = fitted.predict(shared.values[rows])
    found = _of_fitted(fitted, shared.values, np.flatnonzero(sets == 2), probabilities)
    return {"probabilities": probabilities, **found}


def _of_fitted(fitted: Fitted, values: np.ndarray, tested: np.ndarray, probabilities: np.ndarray) -> Result:
    counts = {"parameters": fitted.parameters, "multiply_adds": fitted.multiply_adds}
    found = {name: np.int64(-1 if count is None else count) for name, count in counts.items()}
    found["choices"] = np.str_(", ".join(f"{name}={value}" for name, value in fitted.choices.items()))
    if fitted.heat_maps:
        parts = [
            fitted.heat_maps(values[rows], probabilities[rows].argmax(axis=1))
            for rows in in_batches(tested, SLICE)
        ]
        found["heat_maps"] = np.concatenate(parts).astype(np.float16)
    return found


def code_of(contender: Contender, study: Study) -> list:
    """What decides a training besides its data: the learner's code and settings, the backbone's file, libraries."""
    from importlib.metadata import version

    from bcd_utils import attention, augmentation, classifier, explain, fine_tuning, head_training, pooling
    from bcd_utils.backend import keras
    from bcd_utils.contenders import two_parts

    learner = sys.modules[contender.learn.__module__]
    modules = (
        learner,
        classifier,
        fine_tuning,
        head_training,
        two_parts,
        attention,
        augmentation,
        explain,
        pooling,
    )
    files = [contender.source, *(module.__file__ for module in modules)]
    settings = {
        name: study.as_dict()[name] for name in (*head_training.HEAD_SETTINGS, "augmentation", "fine_tuning")
    }
    scratch = [study.comparison.scratch_epochs, study.comparison.scratch_patience]
    network = [
        sha256_of_file(name) if Path(name).is_file() else name for name in (study.backbone, study.weights)
    ]
    return [
        [sha256_of_file(file) for file in files],
        [settings, scratch, network, study.scaling],
        [f"{name} {version(name)}" for name in (keras.backend.backend(), "keras", "scikit-learn")],
    ]


def of_contender(results: Mapping[Key, Result], name: str, variant: Variant = PLAIN) -> list[Result]:
    """A contender's results, fold after fold."""
    found = {fold: result for (who, how, fold), result in results.items() if (who, how) == (name, variant)}
    return [found[fold] for fold in sorted(found)]
