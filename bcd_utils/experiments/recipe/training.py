"""Every arm trained on every fold: frozen ones on features, tuned ones on pixels."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.experiments.recipe.arms import Arm
from bcd_utils.images.fitting import Fitting
from bcd_utils.models.candidates.base import Fitted, Fold
from bcd_utils.models.candidates.fold_training import Training, TrainingData, train_fold
from bcd_utils.models.candidates.frozen import own_backbone
from bcd_utils.models.candidates.keras_heads import train_head
from bcd_utils.models.candidates.representations import AugmentedFeatures, values_of
from bcd_utils.study.settings import Study
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.files import sha256_of_file, sha256_of_json
from bcd_utils.utils.memmap import in_batches, sha256_of_array
from bcd_utils.utils.parallel import Result, run_jobs

OCCLUDED = 120  # images; a map is 50 passes of the network

#: (arm, fold from 0): one training.
Key = tuple[str, int]
Jobs = dict[Key, tuple[str, Training]]


def study_of(arm: Arm, study: Study) -> Study:
    """The study as an arm has it."""
    return replace(study, **arm.study, recipe=replace(study.recipe, **(arm.recipe or {})))


def images_of(study: Study, images: ImageSet) -> ImageSet:
    """The run's images, fitted as an arm's study asks for."""
    fitting, size = Fitting.of(study), study.image_size
    if (fitting, size) == (images.fitting, images.size):
        return images
    return replace(images, fitting=fitting, size=size, stored=None)


def train_arms(
    arms: Mapping[str, Arm],
    folds: Sequence[pd.Series],
    images: ImageSet,
    study: Study,
    on_progress: Callable[[int, int, str], None] = lambda done, total, note: None,
) -> tuple[dict[Key, Result], Mapping[str, object]]:
    """Results of each trained arm on each fold; see `parallel.run_jobs` for where, and for what is kept.

    Returns
    -------
    results : dict of (arm, fold from 0) to dict
        ``probabilities`` float32 (n, classes), NaN where not predicted, and ``seconds``, the processor's time from
        features or pixels to there. Of tuned arms also ``flipped``, the probabilities of images seen in a mirror;
        ``history``, see `tuning.tune`; ``maps`` float16 (3, test images, h, w): Grad-CAM of the true class, the
        predicted and the positive one; and, of the first tuned arm, ``occlusion`` float16 (m, h, w), of the true
        class, of those test images that are among `occluded_rows`.
    origin : mapping
        Of the network before any tuning; see `Backbone.origin`.
    """
    trained = [arm for arm in arms.values() if arm.trained]
    total = len(trained) * len(folds)
    results: dict[Key, Result] = {}
    tuned: dict[str, TrainingData] = {}
    origin: Mapping[str, object] = {}
    for arm in trained:
        if arm.recipe is not None:
            tuned[arm.name] = tuning_data(arm, images, study)
            continue
        on_progress(len(results), total, arm.title)
        own = study_of(arm, study)
        found, origin = _on_features(arm, folds, images_of(own, images), own)
        results |= found
    before = len(results)

    def tell(done: int, of: int) -> None:
        on_progress(before + done, total, "networks tuned")

    results |= tune_arms(tuned, folds, images, study.seed, tell)
    return results, origin or own_backbone(study).prepare(images).origin


def tune_arms(
    tuned: Mapping[str, TrainingData],
    splits: Sequence[pd.Series],
    images: ImageSet,
    seed: int,
    on_progress: OnProgress = silent,
) -> dict[Key, Result]:
    """Results of tuned arms, each with its own images and settings, on each split; see `train_arms`."""
    from bcd_utils.models.tuning import settings_of

    jobs: Jobs = {}
    positive, nothing = images.classes.index(images.dataset.positive), np.empty(0, int)
    occluded = dict.fromkeys(tuned, nothing) | {name: occluded_rows(images.table) for name in [*tuned][:1]}
    shared = {"data": tuned, "positive": positive, "occluded": occluded}
    for name, data in tuned.items():
        told = [positive, occluded[name].tolist(), images.labels.tolist()]
        parts = [_network(data.study), settings_of(data.study.recipe), sha256_of_array(data.values)]
        jobs |= _jobs(name, splits, seed, [*parts, *told, code_identity(__name__)])
    finished = run_jobs(tune_on_fold, dict(jobs.values()), shared, on_progress)
    return {name: finished[key] for name, (key, _) in jobs.items()}


def tuning_data(arm: Arm, images: ImageSet, study: Study) -> TrainingData:
    """What a tuned arm learns from."""
    own = study_of(arm, study)
    return TrainingData(images_of(own, images).pixels, images.labels, len(images.classes), own)


def occluded_rows(table: pd.DataFrame) -> np.ndarray:
    """Rows of `OCCLUDED` images with a mask file, evenly spaced; all of them where there are no more.

    Examples
    --------
    >>> occluded_rows(pd.DataFrame({"masks": ["", "a.png", "b.png"]})).tolist()
    [1, 2]
    """
    rows = np.flatnonzero(table["masks"] != "")
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(OCCLUDED, len(rows))).astype(int))]


def _on_features(
    arm: Arm, folds: Sequence[pd.Series], shown: ImageSet, study: Study
) -> tuple[dict[Key, Result], Mapping[str, object]]:
    from bcd_utils.models.training import head_settings

    features = own_backbone(study)
    copies = study.comparison.augmented_copies
    given = AugmentedFeatures(features.name, features.title, study, copies) if arm.copies else features
    encoder = given.prepare(shown)
    values = values_of(encoder, len(shown.table))
    parts = [encoder.identity, head_settings(study), shown.labels.tolist(), code_identity(__name__)]
    jobs = _jobs(arm.name, folds, study.seed, parts)
    data = TrainingData(values, shown.labels, len(shown.classes), study)
    finished = run_jobs(train_on_copies if arm.copies else train_on_features, dict(jobs.values()), data)
    return {name: finished[key] for name, (key, _) in jobs.items()}, encoder.origin


def _network(study: Study) -> list[str]:
    """What names a study's network before it is loaded."""
    names = (study.backbone, study.weights)
    return [sha256_of_file(name) if Path(name).is_file() else name for name in names] + [
        study.scaling,
        study.precision,
    ]


def _jobs(name: str, folds: Sequence[pd.Series], seed: int, parts: list[Any]) -> Jobs:
    trainings = [Training.of_split(split, seed + number, name) for number, split in enumerate(folds)]
    return {
        (name, number): (sha256_of_json([parts, vars(training)])[:32], training)
        for number, training in enumerate(trainings)
    }


def train_on_features(training: Training, data: TrainingData) -> Result:
    """The paper's head on a frozen network's features."""
    return _timed(train_head(), training, data)


def train_on_copies(training: Training, data: TrainingData) -> Result:
    """The same, where each image has augmented copies of which training draws one in each epoch."""
    return _timed(train_head(versions=True), training, data)


def _timed(learn: Callable[[Fold], Fitted], training: Training, data: TrainingData) -> Result:
    started = time.process_time()
    result = train_fold(learn, training, data)
    return {"probabilities": result["probabilities"], "seconds": np.array(time.process_time() - started)}


def tune_on_fold(training: Training, shared: Mapping[str, Any]) -> Result:
    """Tune a network on a fold, in a worker process, and predict its tuning and test images."""
    from bcd_utils.explain.gradcam import grad_cam
    from bcd_utils.explain.occlusion import occlusion_maps
    from bcd_utils.models.backbones import load_backbone
    from bcd_utils.models.features import BATCH, features_of
    from bcd_utils.models.random_weights import CALIBRATION_IMAGES
    from bcd_utils.models.training import predict
    from bcd_utils.models.tuning import believed, tuned

    data: TrainingData = shared["data"][training.model]
    study = replace(data.study, seed=training.seed)
    learned, tuning, test = (training.rows(name) for name in ("train", "validation", "test"))
    backbone = load_backbone(data.study, np.asarray(data.values[learned[:CALIBRATION_IMAGES]]))
    fold = Fold(data.values, data.labels, learned, tuning, data.classes, study)
    head, history, tuning_seconds = tuned(backbone, fold, study.recipe)
    started = time.process_time()
    probabilities = np.full((2, len(training.sets), data.classes), np.nan, np.float32)
    maps = []
    for rows in (tuning, test):
        for batch in in_batches(rows, BATCH):
            pixels = np.asarray(data.values[batch])
            features = features_of(backbone, pixels)
            probabilities[0, batch] = predict(head, features)
            probabilities[1, batch] = predict(head, features_of(backbone, pixels[:, :, ::-1]))
            if rows is test:
                predicted = probabilities[0, batch].argmax(axis=1)
                wanted = (data.labels[batch], predicted, np.full(len(batch), shared["positive"]))
                maps.append(np.stack([grad_cam(head, features, classes) for classes in wanted]))
    seconds = tuning_seconds + time.process_time() - started
    covered = np.intersect1d(test, shared["occluded"][training.model])
    pixels = np.asarray(data.values[covered])
    occlusion = occlusion_maps(partial(believed, backbone, head), pixels, data.labels[covered])
    return {
        "probabilities": probabilities[0],
        "flipped": probabilities[1],
        "history": history,
        "maps": np.concatenate(maps, axis=1).astype(np.float16),
        "occlusion": occlusion.astype(np.float16),
        "seconds": np.array(seconds),
    }
