"""The protocol again over many splits and seeds: what one split's number could also have been."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bcd_utils.files import sha256_of_file, sha256_of_json
from bcd_utils.pooling import pooled
from bcd_utils.runs import Run
from bcd_utils.splits import SETS, grouped_folds, split_by_group, split_images
from bcd_utils.streaming import sha256_of_array
from bcd_utils.study import Study
from bcd_utils.sweep import Result, sweep

Splits = dict[tuple[str, int], pd.Series]


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
    ndarray, float32, shape (n, 1, 1, c) where the lottery's pooling is "average"; else the features themselves
    """
    if study.lottery.pooling == "flatten":
        return features
    return pooled(features)[:, None, None]


@dataclass(frozen=True)
class Job:
    """One training: which image is in which set (index into `SETS`; -1: in none), and the seed."""

    sets: tuple[int, ...]
    seed: int


@dataclass(frozen=True)
class Shared:
    """What all trainings read; arrays of float32 or bfloat16 (n, h, w, c) and int (n,)."""

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
    features : ndarray, float32 or bfloat16, shape (n, h, w, c)
        See `lottery_features`; may be memory-mapped.
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

    from bcd_utils import classifier, head_training

    return sha256_of_json(
        [
            sha256_of_array(features),
            list(features.shape),
            labels.tolist(),
            {name: study.as_dict()[name] for name in head_training.HEAD_SETTINGS},
            [sha256_of_file(module.__file__) for module in (classifier, head_training)],
            [os.environ.get("KERAS_BACKEND", ""), version("keras")],
        ]
    )


def train_once(job: Job, shared: Shared) -> Result:
    """One training from one split, in a worker process."""
    from bcd_utils.classifier import predict
    from bcd_utils.head_training import fit_head

    sets = np.array(job.sets)
    head, history, best_epoch = fit_head(
        shared.features,
        shared.labels,
        np.flatnonzero(sets == 0),
        np.flatnonzero(sets == 1),
        shared.classes,
        replace(shared.study, seed=job.seed),
    )
    return {
        "probabilities": predict(head, shared.features),
        "epochs": np.int64(len(history)),
        "best_epoch": np.int64(best_epoch),
    }
