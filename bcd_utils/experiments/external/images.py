"""Images from another source, and what a run's trained model says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from bcd_utils.datasets import MANIFEST_COLUMNS, dataset_of
from bcd_utils.datasets.examples import typical
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.manifest import build_manifest, data_hash, known_patients
from bcd_utils.evaluation.predictions import with_predictions
from bcd_utils.images.reading import read_with_mask
from bcd_utils.study.data_settings import External
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.memmap import pooled

Progress = Callable[[int, int], None]


def external_source(study: Study) -> External | None:
    """Where a study's external images come from, stained as the network's own are; None where it names none.

    Raises
    ------
    StudyError
        If their data set has other classes, or their own stain is named and is another than the study's.

    Examples
    --------
    >>> from bcd_utils.study.loading import make_study
    >>> study = make_study({"name": "mine", "external": {"dataset": "folder", "data_dir": "/photos"}})
    >>> external_source(study).dataset, external_source(study).data_dir
    ('folder', '/photos')
    """
    named = study.external
    if named is None:
        return None
    if named.stain not in ("none", study.stain):
        raise StudyError(
            f"external.stain = {named.stain}, and the network is shown images with stain = {study.stain}",
            "leave external.stain out",
        )
    source = replace(named, stain=study.stain)
    own, other = dataset_of(study).classes, dataset_of(source).classes
    if set(own) != set(other):
        raise StudyError(
            f"external.dataset = {source.dataset} has the classes {', '.join(other)}, the model knows "
            f"{', '.join(own)}",
            "name a data set with the same classes",
        )
    return source


def find_images(
    study: Study, own: pd.DataFrame, on_progress: Progress = lambda done, total: None
) -> tuple[ImageSet | None, pd.DataFrame]:
    """Find and inspect the external images; a class may be absent.

    Parameters
    ----------
    study : Study
    own : pandas.DataFrame
        Manifest of the study's own images: an external image that is one of them is remarked.

    Returns
    -------
    images : ImageSet or None
        None where the study names none.
    manifest : pandas.DataFrame
        As `manifest.build_manifest` gives it, with images that were set aside; no row where the study names none.

    Raises
    ------
    StudyError
        If they are not where the study says, or none is usable.
    """
    source = external_source(study)
    if source is None:
        return None, pd.DataFrame(columns=list(MANIFEST_COLUMNS))
    dataset = dataset_of(source)
    folder = dataset.locate(source)
    manifest, remarks = build_manifest(dataset, folder, source.allow_partial, on_progress, False)
    known = manifest["sha256"].isin(set(own["sha256"]) - {""})
    if known.any():
        remarks.append(
            f"{known.sum()} external images are files of {dataset_of(study).title} too (first: "
            f"{manifest.loc[known, 'id'].iloc[0]}): on these the test is not external"
        )
    usable = manifest[manifest["status"] == "ok"].reset_index(drop=True)
    images = ImageSet(
        source, usable, dataset_of(study).classes, data_hash(manifest), study.input, study.image_size, dataset.title,
        manifest.loc[manifest["status"] != "ok", "label"].value_counts(), known_patients(usable), remarks,
    )  # fmt: skip
    return images, manifest


def introduction(images: ImageSet | None) -> str:
    """Which images this is about; where there are none, how to name some."""
    if images is None:
        return (
            "**No external images were named, so nothing is tested here.** Name a data set with "
            "`--set external.dataset=bus_uclm`, or your own images with `--set external.dataset=folder "
            "--set external.data_dir=FOLDER`, where FOLDER holds `benign`, `malignant` and `normal` (any of "
            "them) and, if you know the patients, a table `groups.csv` with the columns `path,group`."
        )
    patients, drawn = "unnamed patients, so each image counts as one", ""
    if images.patients:
        patients = f"{images.patients} patients"
    if images.dataset.synthetic:
        drawn = " **They are synthetic: no number here is evidence about patients.**"
    return (
        f"**{images.title}**: {len(images.table)} images of {patients}; {images.set_aside.sum()} set aside.{drawn} "
        f"Source: {images.dataset.citation}"
    )


def class_counts(own: pd.DataFrame, images: ImageSet | None, classes: Sequence[str]) -> pd.DataFrame:
    """Images of each class that the model was trained on, tested on, and is tested on now."""
    columns = {
        "training": own.loc[own["split"] == "train", "label"],
        "internal test": own.loc[own["split"] == "test", "label"],
        "external": images.table["label"] if images else pd.Series(dtype=object),
    }
    counts = {name: labels.value_counts().reindex(classes, fill_value=0) for name, labels in columns.items()}
    return pd.DataFrame(counts).astype(int).rename_axis(None)


def examples(images: ImageSet, each: int = 4) -> dict[str, list[tuple[np.ndarray, np.ndarray, str]]]:
    """Evenly spaced images of each class that is there, with masks and ids, for `plots.data.samples`."""
    rows = typical(images.table, tuple(images.table["label"].unique()), each)
    return {
        label: [(*read_with_mask(images.folder, row), row["id"]) for _, row in chosen.iterrows()]
        for label, chosen in sorted(rows.items())
    }


def predict_images(
    run: Run, images: ImageSet | None, on_progress: Progress = lambda *_: None
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
    from bcd_utils.experiments import study_model
    from bcd_utils.models.features import image_features
    from bcd_utils.models.training import predict
    from bcd_utils.utils.backend import keras

    if images is None:
        classes = dataset_of(run.study).classes
        nothing = pd.DataFrame(columns=["id", "group", "label"])
        return predictions_table(nothing, np.zeros((0, len(classes))), classes), np.zeros((0, 1))
    backbone = study_model.trained_backbone(run, ImageSet.of_run(run))
    features = image_features(backbone, images, run.study.feature_dtype, on_progress)
    head = keras.models.load_model(run.artifact("head.keras"), compile=False)
    return predictions_table(images.table, predict(head, features), images.classes), pooled(features)


def predictions_table(rows: pd.DataFrame, probabilities: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Columns id, group, label, predicted, probability of that, and ``p_<class>`` each."""
    return with_predictions(rows[["id", "group", "label"]], probabilities, classes)
