"""Images from another source, and what a run's trained model says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.arrays import cached_images
from bcd_utils.datasets import MANIFEST_COLUMNS, Dataset, dataset_of
from bcd_utils.errors import StudyError
from bcd_utils.evaluation import with_predictions
from bcd_utils.exploration import read_with_mask, typical
from bcd_utils.files import sha256_of_file
from bcd_utils.pooling import pooled
from bcd_utils.quality import build_manifest, data_hash, known_patients
from bcd_utils.runs import Run
from bcd_utils.study import Study
from bcd_utils.study_file import make_study

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Images:
    """Images from elsewhere; none, where a study names none.

    Attributes
    ----------
    dataset : Dataset or None
    folder : Path
    manifest : pandas.DataFrame
        As `quality.build_manifest` gives it.
    remarks : list of str
    """

    dataset: Dataset | None = None
    folder: Path = Path()
    manifest: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(MANIFEST_COLUMNS)))
    remarks: list[str] = field(default_factory=list)

    @property
    def usable(self) -> pd.DataFrame:
        """Rows that were not set aside, numbered from 0."""
        return self.manifest[self.manifest["status"] == "ok"].reset_index(drop=True)

    @property
    def patients(self) -> int | None:
        """How many patients the usable images are of; None where the data set does not say."""
        return known_patients(self.usable)


def external_study(study: Study) -> Study:
    """The study as if its external images were its own, for everything that reads a data set.

    Raises
    ------
    StudyError
        If the external data set has other classes.

    Examples
    --------
    >>> study = make_study({"name": "mine", "external": {"dataset": "folder", "data_dir": "/photos"}})
    >>> external_study(study).dataset, external_study(study).data_dir
    ('folder', '/photos')
    """
    settings = study.as_dict()
    elsewhere = make_study(settings | settings["external"] | {"external": None})
    own, other = (dataset_of(one).classes for one in (study, elsewhere))
    if set(own) != set(other):
        raise StudyError(
            f"external.dataset = {elsewhere.dataset} has the classes {', '.join(other)}, the model knows "
            f"{', '.join(own)}",
            "name a data set with the same classes",
        )
    return elsewhere


def find_images(study: Study, own: pd.DataFrame, on_progress: Progress = lambda done, total: None) -> Images:
    """Find and inspect the external images; a class may be absent.

    Parameters
    ----------
    study : Study
    own : pandas.DataFrame
        Manifest of the study's own images: an external image that is one of them is remarked.

    Raises
    ------
    StudyError
        If they are not where the study says, or none is usable.
    """
    if study.external is None:
        return Images()
    other = external_study(study)
    dataset = dataset_of(other)
    folder = dataset.locate(other)
    manifest, remarks = build_manifest(
        dataset, folder, other.allow_partial, on_progress, require_every_class=False
    )
    known = manifest["sha256"].isin(set(own["sha256"]) - {""})
    if known.any():
        remarks.append(
            f"{known.sum()} external images are files of {dataset_of(study).title} too (first: "
            f"{manifest.loc[known, 'id'].iloc[0]}): on these the test is not external"
        )
    return Images(dataset, folder, manifest, remarks)


def introduction(images: Images) -> str:
    """Which images this is about; where there are none, how to name some."""
    if images.dataset is None:
        return (
            "**No external images were named, so nothing is tested here.** Name a data set with "
            "`--set external.dataset=bus_uclm`, or your own images with `--set external.dataset=folder "
            "--set external.data_dir=FOLDER`, where FOLDER holds `benign`, `malignant` and `normal` (any of "
            "them) and, if you know the patients, a table `groups.csv` with the columns `path,group`."
        )
    usable, patients = images.usable, images.patients
    who = f"{patients} patients" if patients else "unnamed patients, so each image counts as one"
    aside = len(images.manifest) - len(usable)
    drawn = (
        " **They are synthetic: no number here is evidence about patients.**"
        if images.dataset.synthetic
        else ""
    )
    return (
        f"**{images.dataset.title}**: {len(usable)} images of {who}; {aside} set aside.{drawn} "
        f"Source: {images.dataset.citation}"
    )


def class_counts(own: pd.DataFrame, images: Images, classes: Sequence[str]) -> pd.DataFrame:
    """Images of each class that the model was trained on, tested on, and is tested on now."""
    columns = {
        "training": own.loc[own["split"] == "train", "label"],
        "internal test": own.loc[own["split"] == "test", "label"],
        "external": images.usable["label"],
    }
    counts = {name: labels.value_counts().reindex(classes, fill_value=0) for name, labels in columns.items()}
    return pd.DataFrame(counts).astype(int).rename_axis(None)


def examples(images: Images, each: int = 4) -> dict[str, list[tuple[np.ndarray, np.ndarray, str]]]:
    """Evenly spaced images of each class that is there, with masks and ids, for `plots.data.samples`."""
    rows = typical(images.manifest, tuple(images.usable["label"].unique()), each)
    return {
        label: [(*read_with_mask(images.folder, row), row["id"]) for _, row in chosen.iterrows()]
        for label, chosen in sorted(rows.items())
    }


def network_images(study: Study, images: Images, on_progress: Progress = lambda *_: None) -> np.ndarray:
    """What the network is shown of the usable images: uint8 (n, s, s, 3), memory-mapped from the cache.

    Raises
    ------
    StudyError
        If the study's input needs masks that these images do not have.
    """
    identity, looks = data_hash(images.manifest), (study.input, study.image_size)
    path = cached_images(images.folder, images.usable, identity, *looks, on_progress, study.stain)
    return np.load(path, mmap_mode="r")


def predict_images(
    run: Run, images: Images, on_progress: Progress = lambda *_: None
) -> tuple[pd.DataFrame, np.ndarray]:
    """What the run's trained model says of the external images.

    Returns
    -------
    predictions : pandas.DataFrame
        One row a usable image: id, group, label, predicted, probability of that, and ``p_<class>`` each;
        no row without images.
    features : ndarray of float32, shape (n, c)
        The backbone's features, averaged over the image.
    """
    from bcd_utils import training
    from bcd_utils.backend import keras
    from bcd_utils.classifier import predict
    from bcd_utils.features import cached_features

    classes = dataset_of(run.study).classes
    if images.dataset is None:
        return predictions_table(images.usable, np.zeros((0, len(classes))), classes), np.zeros((0, 1))
    pictures = network_images(run.study, images, on_progress)
    backbone = training.trained_backbone(run, training.load_sets(run))
    content = sha256_of_file(pictures.filename)
    features = cached_features(backbone, pictures, content, run.study.feature_dtype, on_progress)
    head = keras.models.load_model(run.artifact("head.keras"), compile=False)
    return predictions_table(images.usable, predict(head, features), classes), pooled(features)


def predictions_table(rows: pd.DataFrame, probabilities: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Columns id, group, label, predicted, probability of that, and ``p_<class>`` each."""
    return with_predictions(rows[["id", "group", "label"]], probabilities, classes)
