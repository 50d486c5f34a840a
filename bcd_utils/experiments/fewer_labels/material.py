"""What is learned from: the run's images with the comparison's folds, features and full-label probe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.cross_validation import out_of_fold
from bcd_utils.experiments.comparison.run import folds_of
from bcd_utils.experiments.comparison.training import train_all
from bcd_utils.experiments.fewer_labels.elsewhere import Elsewhere
from bcd_utils.experiments.fewer_labels.training import Shared
from bcd_utils.models.candidates import all_candidates
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError

FULL = "paper-linear"  # the comparison's candidate: a linear probe on the study's frozen network


@dataclass(frozen=True, eq=False)
class Material:
    """Images of a run, and what the comparison makes of all their labels.

    Attributes
    ----------
    images : ImageSet
        With the groups that the audit joined.
    folds : list of pandas.Series of str
        For each fold the set of each image; "train" and "validation" together are the pool.
    features : ndarray of float32, shape (n, c)
        Of the study's frozen network, averaged over positions.
    full : ndarray of float, shape (n, k)
        Out-of-fold probabilities of the probe that has all labels; its penalty is chosen on the fold's tuning images.
    network : dict
        Where the features are from.
    elsewhere : Elsewhere or None
        Images of another source.
    features_elsewhere : ndarray of float32, shape (m, c), or None
        Theirs, as ``features``.
    """

    images: ImageSet
    folds: list[pd.Series]
    features: np.ndarray
    full: np.ndarray
    network: dict[str, Any]
    elsewhere: Elsewhere | None = None
    features_elsewhere: np.ndarray | None = None

    @property
    def tested(self) -> list[np.ndarray]:
        """Rows that each fold tests."""
        return [np.flatnonzero((split == "test").to_numpy()) for split in self.folds]

    @property
    def shared(self) -> Shared:
        """What the trainings with few labels read."""
        groups = pd.factorize(self.images.table["group"], sort=True)[0]
        classes = len(self.images.classes)
        return Shared(self.features, self.images.labels, groups, classes, self.features_elsewhere)


def gather(
    run: Run,
    elsewhere: Elsewhere | None = None,
    on_progress: Callable[[int, int, str], None] = lambda done, total, note: None,
) -> Material:
    """The run's images, encoded and learned from as the comparison does; what it has computed is not computed again.

    Raises
    ------
    StudyError
        If the network's weights are not at hand, or there are too few images or groups for the folds.
    """
    images = ImageSet.audited(run)
    plain = replace(run.study.comparison, curve_candidates=(), imbalance_candidates=())
    study = replace(run.study, comparison=plain)
    probe = all_candidates(study)[FULL]
    if missing := probe.representation.missing():
        raise StudyError(f"The study's network is not at hand: {missing}", "get it, or name another backbone")
    folds = folds_of(study, images)
    results, encoders, vectors = train_all([probe], folds, images, study, on_progress)
    full = out_of_fold(list(results.values()), folds)
    name = probe.representation.name
    others = elsewhere.features(probe.representation) if elsewhere else None
    return Material(images, folds, vectors[name], full, dict(encoders[name].origin), elsewhere, others)
