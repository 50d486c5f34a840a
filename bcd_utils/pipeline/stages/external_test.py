"""The trained model on images from elsewhere."""

from bcd_utils.pipeline.figures import LOOK_ALIKES, OUTLINE, OUTLINED, matrices, reliability
from bcd_utils.pipeline.outside import external_images_and_network
from bcd_utils.reporting.statements.results import external_test
from bcd_utils.study.settings import External
from bcd_utils.study.stage import Figure, Stage

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
