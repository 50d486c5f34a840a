"""What all contenders are given: the run's images, and the grouped folds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bcd_utils.contenders.base import Material
from bcd_utils.datasets import dataset_of
from bcd_utils.files import sha256_of_file
from bcd_utils.images import network_input, resize
from bcd_utils.lottery import audited_images
from bcd_utils.random_weights import CALIBRATION_IMAGES
from bcd_utils.runs import Run
from bcd_utils.splits import grouped_folds
from bcd_utils.study import Study

CALIBRATION_SEED = 977


def material_of(run: Run) -> Material:
    """The run's images and their groups, as the audit joined them."""
    return Material(
        study=run.study,
        table=audited_images(run),
        folder=dataset_of(run.study).locate(run.study),
        images=run.images(),
        images_sha256=sha256_of_file(run.artifact("images.npy")),
        data_sha256=run.read_json("dataset.json")["data_sha256"],
        calibration_images=calibration_images(run.study),
    )


def calibration_images(study: Study) -> np.ndarray:
    """A few phantoms as network input: in cross-validation every real image is a test image once.

    Returns
    -------
    ndarray, uint8, shape (8, s, s, 3)
    """
    from bcd_utils.datasets.phantom_generator import draw_phantom

    labels = (["benign", "malignant", "normal"] * CALIBRATION_IMAGES)[:CALIBRATION_IMAGES]
    drawn = [draw_phantom(label, [CALIBRATION_SEED, number]) for number, label in enumerate(labels)]
    shown = [
        network_input(np.repeat(image[..., None], 3, axis=2), mask, study.input) for image, mask in drawn
    ]
    return np.stack([resize(image, study.image_size) for image in shown])


def folds_of(material: Material) -> list[pd.Series]:
    """The grouped folds: each image is tested once, by a model that saw nothing of its group.

    Returns
    -------
    list of pandas.Series of str
        For each fold "train", "validation" or "test" of each image, in the material's order.
    """
    study = material.study
    return grouped_folds(material.table, study.comparison.folds, study.validation_fraction, study.seed)


def folds_table(material: Material, folds: list[pd.Series]) -> pd.DataFrame:
    """The folds as a table anyone can read: id, label, group, and ``fold_<i>``, the image's set in fold i."""
    sets = {f"fold_{number}": split.to_numpy() for number, split in enumerate(folds, start=1)}
    return material.table[["id", "label", "group"]].assign(**sets)
