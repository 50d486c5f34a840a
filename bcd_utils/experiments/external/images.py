"""Images from another source, and what a run's trained model says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bcd_utils.audit.lesions import Rule, Sheet, grouped
from bcd_utils.datasets import MANIFEST_COLUMNS, Dataset, dataset_of, recorded_dataset
from bcd_utils.datasets.at_hand import read_source
from bcd_utils.datasets.examples import typical
from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.manifest import build_manifest, data_hash
from bcd_utils.evaluation.predictions import with_predictions
from bcd_utils.images.fitting import Fitting
from bcd_utils.images.reading import read_with_mask
from bcd_utils.study.data_settings import External
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study
from bcd_utils.study.source import spoken_of
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.memmap import pooled

if TYPE_CHECKING:
    from bcd_utils.models.backbones import Backbone


def external_source(study: Study, known: Sequence[str] = ()) -> External | None:
    """Where a study's external images come from, of classes that its model knows; None where it names none.

    They are stained as the network's own images are.

    Parameters
    ----------
    study : Study
    known : sequence of str
        The model's classes; empty: those that the study's data set declares.

    Raises
    ------
    StudyError
        If they share no class with the model, or their own stain is named and is another than the study's.

    Examples
    --------
    >>> from bcd_utils.study.loading import make_study
    >>> settings = {"name": "mine", "external": {"dataset": "folder", "data_dir": "/photos"}}
    >>> external_source(make_study(settings)).classes
    ('benign', 'malignant', 'normal')
    """
    named, stain = study.external, study.source.stain
    if named is None:
        return None
    if named.stain not in ("none", stain):
        raise StudyError(
            f"external.stain = {named.stain}, and the network is shown images with stain = {stain}",
            "leave external.stain out",
        )
    known, offered = tuple(known) or dataset_of(study.source).classes, dataset_of(named, "external").classes
    shared = tuple(label for label in known if label in offered) if offered else known
    unknown = set(named.classes or ()) - set(known) if known else set()
    if unknown or (known and not shared):
        problem = f"external images have the classes {', '.join(offered)}, the model knows {', '.join(known)}"
        fix = "say what the model's classes are called there: --set 'external.classes={benign: [B]}', say"
        raise StudyError(problem, fix)
    spelt = named.classes if isinstance(named.classes, dict) else shared
    return replace(named, stain=stain, classes=spelt or None)


def find_images(
    study: Study, mine: Dataset, sheet: Sheet, progress_of: Callable[[str], OnProgress] = lambda what: silent
) -> tuple[ImageSet | None, pd.DataFrame]:
    """Find and inspect the external images; a class may be absent.

    Parameters
    ----------
    study : Study
    mine : Dataset
        The study's own, with the classes that it has.
    sheet : callable
        Draws look-alikes that are too many; see `lesions.Sheet`.
    progress_of : callable
        ``progress_of(what)`` gives a callable ``(done, total)``.

    Returns
    -------
    images : ImageSet or None
        None where the study names none. Its groups are those of `lesions.grouped`.
    manifest : pandas.DataFrame
        As `manifest.build_manifest` gives it, with images that were set aside, all columns of the source and these
        groups; no row where the study names none.

    Raises
    ------
    StudyError
        If they are not where the study says, none is usable, or far too many look alike.
    """
    source = external_source(study, mine.classes)
    if source is None:
        return None, pd.DataFrame(columns=list(MANIFEST_COLUMNS))
    found = read_source(source, "external")
    with spoken_of("external"):
        manifest, remarks = build_manifest(found, source.allow_partial, progress_of("inspected"), False)
    ok = manifest["status"] == "ok"
    rule = Rule.of(found.dataset, manifest, "external")
    joined = grouped(manifest[ok], rule, found.folder, sheet, progress_of("compared"))
    manifest.loc[ok, "group"] = joined
    usable = manifest[ok].reset_index(drop=True)
    aside = manifest.loc[~ok, "label"].value_counts()
    patients = usable["group"].nunique() if rule.named else None
    images = ImageSet(
        source, usable, mine.classes, data_hash(manifest), study.input, study.image_size, found.dataset.title, aside,
        patients, remarks, Fitting.of(study),
    )  # fmt: skip
    return images, manifest


def introduction(images: ImageSet | None) -> str:
    """Which images this is about; where there are none, how to name some."""
    if images is None:
        return (
            "**No external images were named, so nothing is tested here.** Name a data set with "
            "`--set external.dataset=bus_uclm`, or your own images with `--set external.dataset=folder "
            "--set external.data_dir=FOLDER`, where FOLDER holds folders called as the classes (any of "
            "them) and, if you know the patients, a table `groups.csv` with the columns `path,group`."
        )
    patients, drawn = f"{images.patients} patients", ""
    if not images.patients:
        patients = f"unnamed patients ({images.table['group'].nunique()} {Rule.of_set(images).units})"
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
    there = set(images.table["label"])
    rows = typical(images.table, tuple(label for label in images.classes if label in there), each)
    return {
        label: [(*read_with_mask(images.folder, row), row["id"]) for _, row in chosen.iterrows()]
        for label, chosen in rows.items()
    }


def predict_images(
    run: Run, images: ImageSet | None, on_progress: OnProgress = silent
) -> tuple[pd.DataFrame, np.ndarray]:
    """What the run's trained model says of the external images.

    Returns
    -------
    predictions : pandas.DataFrame
        One row a usable image: id, group, label, predicted, probability of that, and ``p_<class>`` each;
        no row without images.
    features : ndarray of float32, shape (n, c)
        The backbone's features before any tuning, averaged over the image.
    """
    from bcd_utils.experiments import study_model
    from bcd_utils.models.features import image_features
    from bcd_utils.models.training import predict
    from bcd_utils.utils.backend import keras

    if images is None:
        classes = recorded_dataset(run).classes
        nothing = pd.DataFrame(columns=["id", "group", "label"])
        return predictions_table(nothing, np.zeros((0, len(classes))), classes), np.zeros((0, 1))

    def features(backbone: Backbone) -> np.ndarray:
        return image_features(backbone, images, run.study.feature_dtype, on_progress)

    here = ImageSet.of_run(run)
    values = features(study_model.trained_backbone(run, here))
    untuned = features(study_model.frozen_backbone(run, here)) if run.study.tunes_backbone else values
    head = keras.models.load_model(run.artifact("head.keras"), compile=False)
    return predictions_table(images.table, predict(head, values), images.classes), pooled(untuned)


def predictions_table(rows: pd.DataFrame, probabilities: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Columns id, group, label, predicted, probability of that, and ``p_<class>`` each."""
    return with_predictions(rows[["id", "group", "label"]], probabilities, classes)
