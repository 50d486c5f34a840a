"""The rival that tunes its whole network: split by image as the paper does, every image predicted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.experiments.repeated_splits.training import Splits
from bcd_utils.models.candidates.base import Fold
from bcd_utils.models.candidates.fold_training import Training, TrainingData
from bcd_utils.study.settings import Study
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.memmap import sha256_of_array
from bcd_utils.utils.parallel import Result, run_jobs


def tune_splits(
    splits: Splits, images: ImageSet, network: str, study: Study, on_progress: OnProgress = silent
) -> dict[tuple[str | int, int], Result]:
    """Tune the study's network on each split; see `parallel.run_jobs` for where, and for what is kept.

    Parameters
    ----------
    splits : dict of key to pandas.Series of str
    network : str
        The identity of the backbone before it is tuned; see `Backbone.identity`.

    Returns
    -------
    dict of key to dict
        ``probabilities`` float32 (n, classes) of all n images. Split number i is seeded with ``study.seed`` + i.
    """
    from bcd_utils.models.tuning import settings_of

    data = TrainingData(images.pixels, images.labels, len(images.classes), study)
    parts = [network, sha256_of_array(data.values), images.labels.tolist(), settings_of(study.recipe)]
    jobs = {}
    for (scheme, number), split in splits.items():
        training = Training.of_split(split, study.seed + number, "tuned")
        key = sha256_of_json([*parts, vars(training), code_identity(__name__)])[:32]
        jobs[scheme, number] = key, training
    finished = run_jobs(tune_on_split, dict(jobs.values()), data, on_progress)
    return {split: finished[key] for split, (key, _) in jobs.items()}


def tune_on_split(training: Training, data: TrainingData) -> Result:
    """Tune a network on a split, in a worker process, and predict every image."""
    from bcd_utils.models.backbones import load_backbone
    from bcd_utils.models.random_weights import CALIBRATION_IMAGES
    from bcd_utils.models.tuning import believed, tuned

    study = replace(data.study, seed=training.seed)
    learned = training.rows("train")
    backbone = load_backbone(study, np.asarray(data.values[learned[:CALIBRATION_IMAGES]]))
    fold = Fold(data.values, data.labels, learned, training.rows("validation"), data.classes, study)
    head, *_ = tuned(backbone, fold, study.recipe)
    return {"probabilities": believed(backbone, head, data.values)}
