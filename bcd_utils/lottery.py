"""The protocol again over many splits and seeds: what one split's number could also have been."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock

import numpy as np
import pandas as pd

from bcd_utils.files import sha256_of_file, sha256_of_json
from bcd_utils.pooling import pooled
from bcd_utils.runs import Run
from bcd_utils.splits import SETS, grouped_folds, split_by_group, split_images
from bcd_utils.study import Study
from bcd_utils.sweep import Result, sweep

#: The settings that a head's training reads.
HEAD_SETTINGS = (
    "pooling", "hidden_units", "dropout", "batch_size", "epochs", "patience", "learning_rate", "class_weights",
)  # fmt: skip

Splits = dict[tuple[str, int], pd.Series]
_one_at_a_time = Lock()  # a worker with several threads would train one model twice at once


def audited_images(run: Run) -> pd.DataFrame:
    """The images that the study uses, with the groups that the audit joined.

    Returns
    -------
    pandas.DataFrame
        The audited manifest's rows in the order of splits.csv and images.npy.
    """
    audited = run.read_csv("audited_manifest.csv").set_index("id", drop=False)
    return audited.loc[run.read_csv("splits.csv")["id"]].reset_index(drop=True)


def plain_splits(manifest: pd.DataFrame, study: Study) -> Splits:
    """The lottery's splits by image alone; the first is the study's own.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns label and status.

    Returns
    -------
    dict of ("plain", number) to pandas.Series of str
        As in `lottery_splits`.
    """
    fractions = (study.test_fraction, study.validation_fraction)
    return {
        ("plain", number): split_images(manifest, *fractions, study.stratify, study.seed + number)
        for number in range(study.lottery.splits)
    }


def lottery_splits(manifest: pd.DataFrame, study: Study) -> Splits:
    """All splits of the lottery.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns label, group, status; ``group`` as the audit joined it.
    study : Study
        Reads lottery, seed, the fractions and stratify.

    Returns
    -------
    dict of (scheme, number) to pandas.Series of str
        ``plain``: by image, as the paper; ``grouped``: no group in two sets; ``folds``: grouped
        cross-validation, repeat after repeat. The first plain split is the study's own.
    """
    draw, fractions = study.lottery, (study.test_fraction, study.validation_fraction)
    grouped = [split_by_group(manifest, *fractions, study.seed + number) for number in range(draw.splits)]
    folds = [
        split
        for repeat in range(draw.repeats)
        for split in grouped_folds(manifest, draw.folds, fractions[1], study.seed + repeat)
    ]
    return {
        **plain_splits(manifest, study),
        **{("grouped", number): split for number, split in enumerate(grouped)},
        **{("folds", number): split for number, split in enumerate(folds)},
    }


def lottery_features(features: np.ndarray, study: Study) -> np.ndarray:
    """Features as the lottery's heads read them.

    Parameters
    ----------
    features : ndarray, shape (n, h, w, c)

    Returns
    -------
    ndarray, float32, shape (n, 1, 1, c) where the lottery's pooling is "average", else (n, h, w, c)
    """
    if study.lottery.pooling == "flatten":
        return np.asarray(features, dtype=np.float32)
    return pooled(features)[:, None, None]


@dataclass(frozen=True)
class Job:
    """One training: which image is in which set (index into `SETS`; -1: in none), and the seed."""

    sets: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class Shared:
    """What all trainings read; arrays of float32 (n, h, w, c) and int (n,)."""

    features: np.ndarray
    labels: np.ndarray
    classes: int
    study: Study


def play(
    splits: Splits,
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    study: Study,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[tuple[str, int], Result]:
    """Train the head anew on each split; see `sweep.sweep` for where, and for what is kept.

    Parameters
    ----------
    splits : dict of key to pandas.Series of str
        Sets of the n images, in the order of ``features``.
    features : ndarray, float32, shape (n, h, w, c)
        See `lottery_features`.
    labels : ndarray of int, shape (n,)

    Returns
    -------
    dict of key to dict
        ``probabilities`` float32 (n, classes) of all n images, ``epochs`` and ``best_epoch``. The training
        of split number i is seeded with ``study.seed`` + i.
    """
    study = replace(study, pooling=study.lottery.pooling)
    same = _identity(features, labels, study)
    codes = {name: index for index, name in enumerate(SETS)}
    jobs, keys = {}, {}
    for name, split in splits.items():
        job = Job(tuple(int(code) for code in split.map(codes).fillna(-1)), study.seed + name[-1])
        keys[name] = sha256_of_json([same, job.sets, job.seed])[:32]
        jobs[keys[name]] = job
    results = sweep(train_once, jobs, Shared(features, labels, classes, study), on_progress)
    return {name: results[key] for name, key in keys.items()}


def _identity(features: np.ndarray, labels: np.ndarray, study: Study) -> str:
    from importlib.metadata import version

    from bcd_utils import classifier

    return sha256_of_json(
        [
            hashlib.sha256(np.ascontiguousarray(features)).hexdigest(),
            list(features.shape),
            labels.tolist(),
            {name: study.as_dict()[name] for name in HEAD_SETTINGS},
            [sha256_of_file(classifier.__file__), sha256_of_file(__file__)],
            [os.environ.get("KERAS_BACKEND", ""), version("keras")],
        ]
    )


def train_once(job: Job, shared: Shared) -> Result:
    """One training from one split, in a worker process."""
    # One thread a process: the cores are shared out by job, and sums do not depend on their number.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
    from bcd_utils.backend import keras
    from bcd_utils.classifier import Batches, build_head, predict, start_again, train_with

    study = replace(shared.study, seed=job.seed)
    sets = np.array(job.sets)
    with _one_at_a_time:
        keras.utils.set_random_seed(job.seed)
        head, trainer = _compiled_head(shared.features.shape[1:], shared.classes, _head_settings(study))
        start_again(trainer, build_head(shared.features.shape[1:], shared.classes, study))
        common = {"classes": shared.classes, "batch_size": study.batch_size}
        training, validation = (
            Batches(shared.features, shared.labels, np.flatnonzero(sets == code), seed=seed, **common)
            for code, seed in ((0, study.seed), (1, None))
        )
        history, best_epoch = train_with(trainer, training, validation, study, study.epochs)
        probabilities = predict(head, shared.features)
    return {
        "probabilities": probabilities,
        "epochs": np.int64(len(history)),
        "best_epoch": np.int64(best_epoch),
    }


def _head_settings(study: Study) -> Study:
    """The study with only what compiling a head depends on, so that one compiled head serves all seeds."""
    settings: Mapping = {name: getattr(study, name) for name in HEAD_SETTINGS}
    return Study(name="lottery", **settings)


@lru_cache(maxsize=2)
def _compiled_head(feature_shape: tuple[int, ...], classes: int, study: Study):
    from bcd_utils.backend import jit_compile
    from bcd_utils.classifier import build_head, trainer_of

    # Compiling costs seconds for each size of batch; it pays only where Adam has millions of weights to pass over.
    with_xla = jit_compile() if study.pooling == "flatten" else False
    head = build_head(feature_shape, classes, study)
    return head, trainer_of(head, study.learning_rate, with_xla)
