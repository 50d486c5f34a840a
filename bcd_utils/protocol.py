"""A study's protocol in words."""

from __future__ import annotations

from bcd_utils.datasets import Dataset
from bcd_utils.study import Study


def protocol_steps(study: Study, dataset: Dataset) -> list[tuple[str, str]]:
    """The steps of the paper's Fig 1 with this study's values: (title, detail) each.

    Examples
    --------
    >>> from bcd_utils.datasets import dataset_of
    >>> from bcd_utils.study_file import make_study
    >>> study = make_study({"name": "mine"})
    >>> protocol_steps(study, dataset_of(study))[2]
    ('Split', '15% test, then 10% of the rest for validation; stratified; seed 42')
    """
    side = study.image_size
    augmentation = "rotation, flip, zoom of training images" if study.augmentation else "no augmentation"
    if study.backbone == "resnet50":
        backbone = f"ResNet50, weights {study.weights}, {study.scaling} scaling"
    else:
        backbone = f"{study.backbone.split('/')[-1]}, scaling inside"
    tuned = f"; then trained from {study.fine_tuning.trainable_from}" if study.fine_tuning else ""
    units = ", ".join(map(str, study.hidden_units))
    fraction = (
        f"{study.test_fraction:.0%} test, then {study.validation_fraction:.0%} of the rest for validation"
    )
    return [
        ("Data", f"{dataset.title} ({dataset.modality}): {', '.join(dataset.classes)}"),
        ("Cleaning and resizing", f"unusable images set aside; {study.input} at {side} x {side} pixels, RGB"),
        ("Split", f"{fraction}; {'stratified' if study.stratify else 'not stratified'}; seed {study.seed}"),
        ("Frozen backbone", backbone + tuned),
        ("New head", f"{study.pooling}, BatchNorm, Dense {units} with dropout {study.dropout:g}, softmax"),
        (
            "Training",
            f"Adam, batch {study.batch_size}, at most {study.epochs} epochs, patience {study.patience}; {augmentation}",
        ),
        ("Evaluation", "accuracy, F1, kappa, ROC AUC, confusion matrix; bootstrap intervals on test"),
        ("Explanation", "Grad-CAM against lesion masks, beside chance and a shuffled head"),
    ]
