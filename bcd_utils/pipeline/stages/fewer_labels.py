"""How many labels the result needs, and whether unlabelled images replace any."""

from typing import Any

from bcd_utils.pipeline.figures import LOOK_ALIKES
from bcd_utils.pipeline.outside import external_images_and_network, network_files
from bcd_utils.reporting.statements.fewer_labels import fewer_labels
from bcd_utils.study.settings import FewerLabels, Study
from bcd_utils.study.stage import Figure, Stage


def network_and_elsewhere(study: Study) -> Any:
    """Identity of the network's files, and of another source's images where the study names one."""
    return external_images_and_network(study) if study.external else network_files(study)


STAGE = Stage(
    notebook="15_fewer_labels",
    question="How many labels does the result need?",
    reads=("manifest.csv", "audited_manifest.csv", "splits.csv", "images.npy", "dataset.json"),
    writes=("few_labels.npz", "fewer_labels.json"),
    record="fewer_labels.json",
    section=FewerLabels,
    outside=network_and_elsewhere,
    statement=fewer_labels,
    figures=(
        Figure(
            "fewer_labels",
            "AUC against the number of labelled lesions. Whiskers: intervals over folds, of means over draws; pale "
            "bars: one standard deviation over draws to both sides; dashed: all labels; dotted: 95% of that.",
            "Two panels of areas over a logarithmic number of labelled lesions, a curve a way: with and without "
            "unlabelled images, and by what is labelled next.",
            on_index=True,
        ),
        Figure(
            "fewer_labels_elsewhere",
            "AUC with another source's images as unlabelled ones. In place of the collection's own, and beside them; "
            "marks and lines as where these are alone.",
            "Two panels of areas over a logarithmic number of labelled lesions, a curve a way.",
        ),
        LOOK_ALIKES,
    ),
    tables={
        "few_label_ways": "Who is compared, on which labels, and what these chose",
        "few_label_curve": "AUC of every way at every number of labelled lesions",
        "few_label_gains": "What unlabelled images and the choice of what to label gain",
        "few_labels_needed": "Labelled lesions that are enough",
        "few_label_claim": "The paper's hope, and what this run says of it",
    },
)
