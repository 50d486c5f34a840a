"""The trained model on images from elsewhere."""

from typing import Any

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.at_hand import read_source
from bcd_utils.experiments.external.images import external_source
from bcd_utils.pipeline.figures import LOOK_ALIKES, OUTLINE, OUTLINED, matrices, reliability
from bcd_utils.pipeline.outside import network_files
from bcd_utils.reporting.statements.results import external_test
from bcd_utils.study.settings import External, Study
from bcd_utils.study.source import spoken_of
from bcd_utils.study.stage import Figure, Stage
from bcd_utils.utils.files import listing_identity


def external_images_and_network(study: Study) -> list[Any]:
    """Identity of the files of the external images, where the study names some, and the network's files.

    The images are found, not only the folder: hours of training would come before the notebook that needs them.
    """
    other = study.external and external_source(study, classes_of(study))
    if other is None:
        return ["", network_files(study)]
    found = read_source(other, "external")
    if not other.allow_partial:
        with spoken_of("external"):
            found.dataset.check_counts(found.scan.images, found.folder)
    return [listing_identity([found.folder]), network_files(study)]


def classes_of(study: Study) -> tuple[str, ...]:
    """The classes that the study's model will know."""
    return dataset_of(study.source).classes or read_source(study.source).dataset.classes


STAGE = Stage(
    notebook="09_external_test",
    question="Does the number hold on images from elsewhere?",
    reads=(
        "dataset.json", "manifest.csv", "splits.csv", "images.npy", "training.json", "head.keras", "predictions.csv",
    ),
    also_reads=("backbone.keras",),
    writes=("external_manifest.csv", "external_predictions.csv", "external.json"),
    record="external.json",
    section=External,
    outside=external_images_and_network,
    statement=external_test,
    figures=(
        Figure(
            "external_examples",
            f"External images of each class. {OUTLINE}",
            OUTLINED,
        ),
        Figure(
            "external_scores",
            "Scores on the internal test set and on images from elsewhere. With their intervals.",
            "Markers on their intervals, a row a score, one marker a source of images.",
        ),
        matrices("external_confusion", "of the internal test and the external images"),
        reliability("external_reliability", "of the external images"),
        Figure(
            "external_shift",
            "How the external images differ. Grey levels, sizes, and the distance of each image's features to the"
            " nearest training image.",
            "Three panels with a colour for the internal test set and one for the external images.",
        ),
        Figure(
            "external_errors",
            "The errors of which the network was surest. Each with its true and its predicted class.",
            "Pictures of external images in rows.",
        ),
        LOOK_ALIKES,
    ),
    tables={
        "external_counts": "Images of each class: this study's sets, and those from elsewhere",
        "external_copies": "Images from elsewhere that look like one of the study's own",
        "external_scores": "Scores on this study's sets and on images from elsewhere, with intervals",
        "external_calibration": "Calibration on this study's sets and on images from elsewhere",
        "external_shift": "How images from elsewhere differ from the study's own",
        "external_apart": "How well images from elsewhere are told from the internal test set",
    },
)  # fmt: skip
