"""Rival explanations run: each over its own repeated splits, every row predicted by every training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.splits import SETS
from bcd_utils.evaluation.predictions import class_numbers
from bcd_utils.experiments.repeated_splits.training import Splits, plain_splits, train_splits
from bcd_utils.experiments.rival_explanations.declared import Rival, splits_of
from bcd_utils.experiments.rival_explanations.material import rows_of, values_for
from bcd_utils.experiments.rival_explanations.tuned import tune_splits
from bcd_utils.models.backbones import Backbone
from bcd_utils.study.settings import Study
from bcd_utils.utils.counting import OnProgress, silent


@dataclass(frozen=True)
class Outcome:
    """What the trainings of one rival predict.

    Attributes
    ----------
    labels : ndarray of int, shape (n,)
    sets : ndarray of int8, shape (splits, n)
        Set of each row, as its place in `SETS`.
    probabilities : ndarray of float32, shape (splits, n, classes)
    """

    labels: np.ndarray
    sets: np.ndarray
    probabilities: np.ndarray


def splits_for(rival: Rival, rows: pd.DataFrame, images: int, study: Study) -> Splits:
    """The splits of a rival; where it splits the images alone, they are those of `plain_splits`, the first ones."""
    count = splits_of(rival, len(rows), images, study)
    drawn = replace(study.repeated_splits, splits=count)
    stratify = "test" if rival.validation == "cut off" else study.stratify
    return plain_splits(rows, replace(study, repeated_splits=drawn, stratify=stratify))


def learned_from(rival: Rival, split: pd.Series) -> pd.Series:
    """The sets that a training is told: where early stopping watches the test set, that is its validation set.

    Examples
    --------
    >>> watching = Rival("a", "A", "protocol", "", validation="test")
    >>> learned_from(watching, pd.Series(["train", "validation", "test"])).tolist()
    ['train', '', 'validation']
    """
    if rival.validation != "test":
        return split
    return split.replace({"validation": "", "test": "validation"})


def run_rivals(
    chosen: Sequence[Rival],
    images: ImageSet,
    backbone: Backbone,
    study: Study,
    on_features: OnProgress = silent,
    on_trainings: OnProgress = silent,
) -> dict[str, Outcome]:
    """Train each rival on each of its splits; see `parallel.sweep` for where, and for what is kept.

    Returns
    -------
    dict of name to Outcome
        Without the luckiest split, which is chosen among those of plain images.
    """
    trained = [rival for rival in chosen if not rival.luckiest]
    rows = {rival.name: rows_of(rival, images.table) for rival in trained}
    splits = {rival.name: splits_for(rival, rows[rival.name], len(images.table), study) for rival in trained}
    before = dict(zip(splits, accumulate(map(len, splits.values()), initial=0), strict=False))
    total, outcomes = sum(map(len, splits.values())), {}
    for rival in trained:
        labels = class_numbers(rows[rival.name]["label"], images.classes)
        told = {name: learned_from(rival, split) for name, split in splits[rival.name].items()}

        def on_progress(done: int, of: int, first: int = before[rival.name]) -> None:
            on_trainings(first + done, total)

        if rival.tuned:
            results = tune_splits(told, images, backbone.identity, study, on_progress)
        else:
            values = values_for(rival, images, backbone, study, on_features)
            results = train_splits(told, values, labels, len(images.classes), study, on_progress)
        outcomes[rival.name] = Outcome(
            labels,
            np.stack([pd.Categorical(split, SETS).codes for split in splits[rival.name].values()]),
            np.stack([result["probabilities"] for result in results.values()]),
        )
    return outcomes


def save_outcomes(outcomes: Mapping[str, Outcome], path: Path) -> None:
    """Write all predictions as one ``.npz``: ``<rival>/labels``, ``/sets`` and ``/probabilities``."""
    arrays = {
        f"{name}/{part}": array for name, each in outcomes.items() for part, array in vars(each).items()
    }
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays)
