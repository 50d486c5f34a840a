"""A study's protocol in words."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bcd_utils.datasets import Dataset
from bcd_utils.datasets.manifest import known_patients
from bcd_utils.datasets.splits import groups_per_set, patients_across_sets
from bcd_utils.evaluation.reported import other_classes
from bcd_utils.reporting.statements.data import shown
from bcd_utils.study.networks import NETWORKS
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.study.settings import Study

#: How images become squares, and what of their contrast, for sentences; see `fitting.Fitting`.
RESIZED = {
    "stretch": "resized",
    "letterbox": "resized between black bars",
    "crop": "cut to the middle square and resized",
}
CONTRASTED = {
    "none": "",
    "equalize": ", histogram equalised,",
    "clahe": ", contrast equalised in tiles (CLAHE),",
}
FEW = 5  # patients of a class in a set: below, one of them is more than a fifth of what is known of the class


def protocol_steps(study: Study, dataset: Dataset) -> list[tuple[str, str]]:
    """The steps of the paper's Fig 1 with this study's values: (title, detail) each.

    Examples
    --------
    >>> from bcd_utils.datasets import dataset_of
    >>> from bcd_utils.study.loading import make_study
    >>> study = make_study({"name": "mine"})
    >>> protocol_steps(study, dataset_of(study.source))[2]
    ('Split', '15% test, then 10% of the rest for tuning, by image; stratified; seed 42')
    """
    side = f"{study.image_size} × {study.image_size} pixels"
    seen = "the whole image"
    if study.input != "image":
        seen = shown(study.input).removeprefix("The network sees ").rstrip(".")
    stain = "" if study.source.stain == "none" else f"; stains normalised ({study.source.stain.capitalize()})"
    fitted = RESIZED[study.resize] + CONTRASTED[study.contrast]
    scaled = {"unit": "pixels divided by 255", "imagenet": "pixels prepared as for ImageNet"}[study.scaling]
    if study.backbone in NETWORKS:
        network = NETWORKS[study.backbone]
        weights = {"imagenet": "ImageNet weights", "random": "untrained"}.get(
            study.weights, "weights of a file"
        )
        backbone = (
            f"{network.title}, {weights}; {'scales pixels itself' if network.scales_inside else scaled}"
        )
    else:
        backbone = f"{Path(study.backbone).stem.replace('_', ' ')}, from a file; scales pixels itself"
    few = len(dataset.classes) < 5
    classes = (
        ", ".join(name.replace("_", " ") for name in dataset.classes)
        if few
        else f"{len(dataset.classes)} classes"
    )
    tuned, head, learning = _learning_in_words(study)
    return [
        ("Data", f"{dataset.title} ({dataset.modality}): {classes}"),
        ("Cleaning and resizing", f"unusable images set aside; {seen}, {fitted} to {side}, RGB{stain}"),
        ("Split", f"{split_in_words(study)}; seed {study.seed}"),
        ("Backbone" if study.tunes_backbone else "Frozen backbone", backbone + tuned),
        ("New head", head),
        ("Training", learning),
        ("Evaluation", "accuracy, F1, kappa, ROC AUC, confusion matrix; intervals on the internal test set"),
        ("Explanation", "Grad-CAM against lesion masks, beside chance and a shuffled head"),
    ]


def _learning_in_words(study: Study) -> tuple[str, str, str]:
    """What is tuned of the backbone, the head, and how it learns."""
    recipe = study.recipe
    changed = recipe.augmentation if study.training == "recipe" else study.augmentation
    augmentation = "rotation, flip, zoom of training images" if changed else "no augmentation"
    if study.training == "recipe":
        part = {"all": "all layers", "last_stage": "the last stage"}.get(
            recipe.trainable_from, f"layers from {recipe.trainable_from} on"
        )
        return (
            f"; {part} trained, BatchNorm frozen",
            f"feature map averaged, dropout {recipe.dropout:g}, softmax",
            f"AdamW, batches of {recipe.batch_size}, {recipe.head_epochs} epochs of the head, then {recipe.epochs} of "
            f"all, the rate falling to zero; {augmentation}",
        )
    tuned = ""
    if further := study.fine_tuning:
        tuned = f"; trained from {further.trainable_from} on, after the head (≤ {further.epochs} epochs)"
    units = ", ".join(map(str, study.hidden_units))
    pooled = {"flatten": "feature map flattened", "average": "feature map averaged"}[study.pooling]
    stop = f"at most {study.epochs} epochs, stopped after {study.patience} without gain"
    return (
        tuned,
        f"{pooled}, batch normalisation, dense layers of {units} with dropout {study.dropout:g}, softmax",
        f"Adam, batches of {study.batch_size}, {stop}; {augmentation}",
    )


def split_in_words(study: Study) -> str:
    """How a study draws its sets.

    Examples
    --------
    >>> from bcd_utils.study.loading import make_study
    >>> split_in_words(make_study({"name": "mine", "split": "official"}))
    'published test set; 10% of the rest for tuning, by group'
    """
    tuning = f"{study.validation_fraction:.0%} of the rest for tuning, by"
    if study.split == "official":
        return f"published test set; {tuning} group"
    drawn = f"{study.test_fraction:.0%} test, then {tuning} {study.split}"
    if study.split == "group":
        return drawn
    words = {True: "stratified", False: "not stratified", "test": "the first cut stratified"}
    return f"{drawn}; {words[study.stratify]}"


def sizes_in_words(splits: pd.DataFrame, study: Study, dataset: Dataset) -> str:
    """How many images each set has, and how many it should have where it is the paper's protocol on all of BUSI.

    Examples
    --------
    >>> table = pd.DataFrame({"split": ["train", "train", "validation", "test"]})
    >>> from bcd_utils.datasets import dataset_of
    >>> from bcd_utils.study.loading import make_study
    >>> study = make_study({"name": "mine", "source": {"dataset": "breakhis"}})
    >>> sizes_in_words(table, study, dataset_of(study.source))
    'Training 2, tuning 1, internal test 1 images.'
    """
    text = ", ".join(f"{title} {(splits['split'] == name).sum()}" for name, title in SET_TITLES.items())
    text = text.capitalize() + " images."
    shares = study.split, study.test_fraction, study.validation_fraction
    if dataset.name == "busi" and not other_classes(dataset.classes) and shares == ("image", 0.15, 0.10):
        text += (
            " For all of BUSI the paper's own accuracies imply 596, 67 and 117 (589/596, 61/67 and 110/117)."
        )
    return text


def patients_in_words(splits: pd.DataFrame, split: str = "image") -> str:
    """How many patients have images in more than one set, as far as they are known, then `few_in_words`.

    Examples
    --------
    >>> table = pd.DataFrame({"patient": ["eve", "eve"], "group": ["eve", "eve"], "split": ["train", "test"]})
    >>> patients_in_words(table)
    '1 of 1 patients have images in more than one set.'
    >>> patients_in_words(table.assign(patient="", group=["a", "b"]))
    'The data set names no patients.'
    """
    patients = known_patients(splits)
    known = "The data set names no patients."
    if patients is not None:
        known = f"{patients_across_sets(splits)} of {patients} patients have images in more than one set."
    return f"{known} {few_in_words(splits, patients, split)}".strip()


def few_in_words(splits: pd.DataFrame, patients: int | None, split: str) -> str:
    """Which classes have fewer than `FEW` patients in a set; "" where none has, or nothing was split by group.

    Parameters
    ----------
    splits : pandas.DataFrame
        Columns label, group, split.
    patients : int or None
        How many there are; None where they are not known, so that groups are copies of one image.
    split : str
        The study's setting.

    Examples
    --------
    >>> rows = [(f"{name}{number}", name) for name, count in (("train", 9), ("validation", 2), ("test", 5))
    ...         for number in range(count)]
    >>> few_in_words(pd.DataFrame(rows, columns=["group", "split"]).assign(label="benign"), 16, "group")
    'Few patients: the tuning set has 2 of class benign. With fewer than 5, one patient can change a score a lot.'
    """
    if split == "image":
        return ""
    unit = "group" if patients is None else "patient"
    table = groups_per_set(splits).drop(index="all")
    few = [
        f"the {SET_TITLES[name]} set has {', '.join(f'{count} of class {label}' for label, count in counts.items())}"
        for name in SET_TITLES
        if len(counts := table.loc[table[name] < FEW, name])
    ]
    if not few:
        return ""
    return f"Few {unit}s: {'; '.join(few)}. With fewer than {FEW}, one {unit} can change a score a lot."
