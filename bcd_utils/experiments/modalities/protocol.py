"""One protocol on each data set: the same frozen backbone, linear probe, grouped folds and scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.splits import grouped_folds
from bcd_utils.evaluation.cross_validation import out_of_fold, score_on
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.patients import recognition_rates
from bcd_utils.evaluation.predictions import with_predictions
from bcd_utils.models.candidates.fold_training import Training, TrainingData, train_fold
from bcd_utils.models.candidates.scikit_learn import PENALTIES, logistic_regression, scikit_learn
from bcd_utils.study.settings import Study
from bcd_utils.utils.code_identity import code_identity
from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.memmap import pooled, sha256_of_array
from bcd_utils.utils.parallel import Result, run_jobs

if TYPE_CHECKING:
    from bcd_utils.models.backbones import Backbone

Progress = Callable[[int, int], None]

#: `frozen.PROBE`, for features that are averaged already.
learn_probe = scikit_learn(logistic_regression, {"C": PENALTIES})


def encode(
    images: ImageSet, backbone: Backbone, study: Study, on_progress: Progress = lambda done, total: None
) -> np.ndarray:
    """A frozen backbone's features of a data set's images, averaged over the image, float32 (n, c)."""
    from bcd_utils.models.features import image_features

    return pooled(image_features(backbone, images, study.feature_dtype, on_progress))


def train_probe(training: Training, data: TrainingData) -> Result:
    """`fold_training.train_fold` of the probe."""
    return train_fold(learn_probe, training, data)


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
    own, *others = vectors
    code = code_identity(train_fold.__module__, learn_probe.__module__)
    hashes = [sha256_of_array(values) for values in vectors]
    same = [hashes, labels.tolist(), classes, study.class_weights, code]
    trainings = [Training.of_split(split, study.seed + number) for number, split in enumerate(folds)]
    jobs = {sha256_of_json(["probe", same, vars(training)])[:32]: training for training in trainings}
    data = TrainingData(own, labels, classes, study, tuple(others))
    return list(run_jobs(train_probe, jobs, data, on_progress).values())


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
        `patients.recognition_rates`, where patients are known.
    """

    folds: list[pd.Series]
    probe: Scored
    majority: Scored
    choices: list[str]
    rates: dict[str, Any] | None


def run_protocol(
    images: ImageSet, vectors: np.ndarray, study: Study, on_progress: Progress = lambda done, total: None
) -> Outcome:
    """Cross-validate the linear probe on a data set.

    Raises
    ------
    StudyError
        If the data set has too few images or groups for the folds.
    """
    table, labels, classes = images.table, images.labels, images.classes
    folds = grouped_folds(table, study.modalities.folds, study.validation_fraction, study.seed)
    results = train_folds([vectors], labels, folds, len(classes), study, on_progress)
    probabilities = out_of_fold(results, folds)
    constant = always_the_most_common(labels, len(classes))
    given = (labels, table["group"], classes, study, folds)
    probe, majority = score_on(probabilities, *given), score_on(constant, *given)
    rates = None
    if images.patients and table["group"].nunique() > 1:
        predicted = table.assign(predicted=np.asarray(classes)[probabilities.argmax(axis=1)])
        rates = recognition_rates(predicted, study.confidence)
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


def predictions_table(available: Mapping[str, ImageSet], outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Out-of-fold probabilities of every data set: source, id, label, group, fold, predicted, ``p_<class>``."""
    parts = []
    for name, outcome in outcomes.items():
        tested = [(split == "test").to_numpy() for split in outcome.folds]
        fold = np.select(tested, range(1, len(tested) + 1))
        rows = available[name].table[["id", "label", "group"]].assign(fold=fold)
        rows.insert(0, "source", name)
        parts.append(with_predictions(rows, outcome.probe.probabilities, available[name].classes))
    return pd.concat(parts, ignore_index=True).drop(columns="probability").round(7)
