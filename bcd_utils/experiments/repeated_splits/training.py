"""The protocol again over many splits and seeds: what one split's number could also have been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bcd_utils.datasets.splits import grouped_folds, split_by_group, split_images
from bcd_utils.models.candidates.base import Fold
from bcd_utils.models.candidates.fold_training import Training, TrainingData
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.memmap import pooled, sha256_of_array
from bcd_utils.utils.parallel import Result, run_jobs

if TYPE_CHECKING:
    from bcd_utils.study.settings import Study

Splits = dict[tuple[str | int, int], pd.Series]

#: Each cross-validation, and the manifest's column whose images it keeps together.
FOLDS = {"folds": "group", "strict_folds": "strict_group", "image_folds": "id"}


def plain_splits(manifest: pd.DataFrame, study: Study) -> Splits:
    """The repeated splits by image alone; the first is the study's own.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns label and status.

    Returns
    -------
    dict of ("plain", number) to pandas.Series of str
        As in `draw_splits`.
    """
    fractions = (study.test_fraction, study.validation_fraction)
    return {
        ("plain", number): split_images(manifest, *fractions, study.stratify, study.seed + number)
        for number in range(study.repeated_splits.splits)
    }


def draw_splits(manifest: pd.DataFrame, study: Study) -> Splits:
    """All repeated splits.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns id, label, group, strict_group, status; the groups as the audit joined them.
    study : Study
        Reads repeated_splits, seed, the fractions and stratify.

    Returns
    -------
    dict of (scheme, number) to pandas.Series of str
        ``plain``: by image, as the paper; ``grouped``: no group in two sets. Cross-validation, repeat after repeat:
        ``folds`` by group, ``strict_folds`` by strict group where that is another, ``image_folds`` by image. The
        first plain split is the study's own.
    """
    draw, fractions = study.repeated_splits, (study.test_fraction, study.validation_fraction)
    grouped = [split_by_group(manifest, *fractions, study.seed + number) for number in range(draw.splits)]
    splits = plain_splits(manifest, study)
    splits |= {("grouped", number): split for number, split in enumerate(grouped)}
    repeats = range(study.seed, study.seed + draw.repeats)
    for scheme, column in FOLDS.items():
        if scheme != "strict_folds" or not manifest[column].equals(manifest["group"]):
            together = manifest.assign(group=manifest[column])
            folds = chain(*(grouped_folds(together, draw.folds, fractions[1], seed) for seed in repeats))
            splits |= {(scheme, number): split for number, split in enumerate(folds)}
    return splits


def crossed_splits(manifest: pd.DataFrame, study: Study) -> Splits:
    """Some splits by image, each to be trained with the same few seeds.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns label and status.

    Returns
    -------
    dict of (split, seed) to pandas.Series of str
        Both counted from 0, which is the study's own; as in `draw_splits`.
    """
    draw = study.repeated_splits
    several = replace(study, repeated_splits=replace(draw, splits=draw.crossed_splits))
    splits = plain_splits(manifest, several).items()
    return {(number, seed): split for (_, number), split in splits for seed in range(draw.crossed_seeds)}


def head_inputs(features: np.ndarray, study: Study) -> np.ndarray:
    """Features as the heads of repeated splits read them.

    Parameters
    ----------
    features : ndarray, shape (n, h, w, c)

    Returns
    -------
    ndarray, float32, shape (n, 1, 1, c) where ``repeated_splits.pooling`` is "average"; else the features
    """
    return features if study.repeated_splits.pooling == "flatten" else pooled(features)[:, None, None]


def train_splits(
    splits: Splits,
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    study: Study,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[tuple[str | int, int], Result]:
    """Train the head anew on each split; see `parallel.sweep` for where, and for what is kept.

    Parameters
    ----------
    splits : dict of key to pandas.Series of str
        Sets of the n images, in the order of ``features``.
    features : ndarray, float32 or bfloat16, shape (n, h, w, c)
        See `head_inputs`; may be memory-mapped.
    labels : ndarray of int, shape (n,)

    Returns
    -------
    dict of key to dict
        ``probabilities`` float32 (n, classes) of all n images, ``epochs`` and ``best_epoch``. The training
        of split number i is seeded with ``study.seed`` + i.
    """
    from bcd_utils.models.training import head_settings

    study = replace(study, pooling=study.repeated_splits.pooling)
    values = [sha256_of_array(features), list(features.shape), labels.tolist()]
    same = sha256_of_json([values, head_settings(study), code_identity(__name__)])
    jobs, keys = {}, {}
    for name, split in splits.items():
        training = Training.of_split(split, study.seed + name[-1])
        keys[name] = sha256_of_json([same, vars(training)])[:32]
        jobs[keys[name]] = training
    results = run_jobs(train_once, jobs, TrainingData(features, labels, classes, study), on_progress)
    return {name: results[key] for name, key in keys.items()}


def train_once(training: Training, data: TrainingData) -> Result:
    """One training of the head from one split, in a worker process."""
    from bcd_utils.models.trainer import SPAN_BYTES
    from bcd_utils.models.training import fit_head, predict

    study = replace(data.study, seed=training.seed)
    rows = training.rows("train"), training.rows("validation")
    head, history, best_epoch = fit_head(Fold(data.values, data.labels, *rows, data.classes, study))
    epochs = {"epochs": np.array(len(history)), "best_epoch": np.array(best_epoch)}
    at_once = max(64, SPAN_BYTES // data.values[0].nbytes)
    return {"probabilities": predict(head, data.values, at_once), **epochs}
