"""One run's network with all that was fitted for it on training and tuning images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bcd_utils.datasets import Dataset, recorded_dataset
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.evaluation.calibration import apply_temperature
from bcd_utils.evaluation.conformal import prediction_sets
from bcd_utils.experiments import study_model
from bcd_utils.images.fitting import Fitting
from bcd_utils.images.stain import normalise_stain
from bcd_utils.models.backbones import Backbone
from bcd_utils.models.features import features_of
from bcd_utils.models.training import predict
from bcd_utils.prediction.seen import Distances, Seen
from bcd_utils.reporting.summary import announcements
from bcd_utils.study.run import Run
from bcd_utils.utils.backend import keras
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import sha256_of_file, sha256_of_json
from bcd_utils.utils.memmap import pooled
from bcd_utils.utils.paths import readable


@dataclass(frozen=True)
class Said:
    """What a network says of n images.

    Attributes
    ----------
    features : ndarray, shape (n, h, w, c)
    probabilities, calibrated : ndarray of float, shape (n, k)
    decisions : dict of str to ndarray of bool, shape (n,)
        By what was wanted of the threshold, such as "specificity 0.90": whether the positive class's probability, as
        trained, reaches it. Those without a threshold are left out.
    sets : ndarray of bool, shape (n, k)
        Conformal sets.
    distances : Distances
    """

    features: np.ndarray
    probabilities: np.ndarray
    calibrated: np.ndarray
    decisions: dict[str, np.ndarray]
    sets: np.ndarray
    distances: Distances


@dataclass(frozen=True, eq=False)
class Network:
    """A run's trained network.

    Attributes
    ----------
    run : Run
    dataset : Dataset
        With the classes, in the order of all probabilities, and the positive one.
    backbone : Backbone
    untuned : Backbone
        In whose features distances are measured: the same, unless the study tuned it.
    head : keras.Model
    evaluation : dict
        The run's ``evaluation.json``.
    seen : Seen
    announcements : sequence of str
        What must be said first: synthetic data, untrained weights.
    """

    run: Run
    dataset: Dataset
    backbone: Backbone
    untuned: Backbone
    head: keras.Model
    evaluation: dict[str, Any]
    seen: Seen
    announcements: Sequence[str] = ()

    @classmethod
    def of_run(cls, run: Run) -> Network:
        """Load it.

        Raises
        ------
        StudyError
            If the run's network was shown masks, or the run lacks what notebooks 03 and 04 leave.
        """
        if run.study.input != "image":
            raise StudyError(
                f"The network of {readable(run.folder)} was shown images with their masks (input = {run.study.input})",
                "name a run with input: image; a new image has no mask",
            )
        evaluation = run.read_json("evaluation.json")
        if "selective" not in evaluation:
            problem = f"{readable(run.artifact('evaluation.json'))} is of an earlier version of this program"
            raise StudyError(problem, run.command)
        images = ImageSet.of_run(run)
        known = images.table.iloc[images.rows["train"]]
        averages = np.load(run.artifact("average_features.npy"), mmap_mode="r")[images.rows["train"]]
        backbone = study_model.trained_backbone(run, images)
        return cls(
            run,
            recorded_dataset(run),
            backbone,
            study_model.frozen_backbone(run, images) if run.study.tunes_backbone else backbone,
            keras.models.load_model(run.artifact("head.keras"), compile=False),
            evaluation,
            Seen.of(averages, known["id"].to_numpy(), known["group"].to_numpy()),
            announcements(run.read_json("dataset.json"), run.read_json("training.json")),
        )

    @property
    def identity(self) -> str:
        """Hash of all that decides what it says."""
        names = ("head.keras", "evaluation.json", "average_features.npy", "splits.csv")
        hashes = [sha256_of_file(self.run.artifact(name)) for name in names]
        return sha256_of_json([self.run.study.as_dict(), self.backbone.identity, hashes])

    @property
    def fitting(self) -> Fitting:
        """How an image is made the square that it is shown."""
        return Fitting.of(self.run.study)

    @property
    def thresholds(self) -> dict[str, float]:
        """On the positive class's probability as trained, by what was wanted; without those that are not known."""
        wanted = self.evaluation["operating_points"]["wanted"]
        return {name: point["threshold"] for name, point in wanted.items() if point["threshold"] is not None}

    def shown(self, image: np.ndarray) -> np.ndarray:
        """What it is shown of an image, uint8 (height, width, 3), as `arrays.picture_of` makes it."""
        study = self.run.study
        stained = normalise_stain(image, study.source.stain)
        return self.fitting.squared(self.fitting.contrasted(stained), study.image_size)

    def say(self, squares: np.ndarray) -> Said:
        """What it says of images as it is shown them, uint8 (n, s, s, 3), n at most `features.BATCH`."""
        # as they are stored while the head is trained
        stored = self.run.study.feature_dtype
        features = features_of(self.backbone, squares).astype(stored)
        known = features
        if self.untuned is not self.backbone:
            known = features_of(self.untuned, squares).astype(stored)
        # as predictions.csv holds them, on which the thresholds were chosen
        probabilities = predict(self.head, features).astype(str).astype(float)
        scores = probabilities[:, self.dataset.classes.index(self.dataset.positive)]
        return Said(
            features,
            probabilities,
            apply_temperature(probabilities, self.evaluation["calibration"]["temperature"]),
            {name: scores >= threshold for name, threshold in self.thresholds.items()},
            prediction_sets(probabilities, self.evaluation["selective"]["least_probability"]),
            self.seen.distances(pooled(known)),
        )
