"""Images that show one lesion twice, labels that contradict one another, marks in the pixels."""

from pathlib import Path
from typing import Any

from bcd_utils.pipeline.figures import LOOK_ALIKES, PAIRS
from bcd_utils.pipeline.outside import network_files
from bcd_utils.reporting.statements.data import duplicates
from bcd_utils.study.settings import Audit, Study
from bcd_utils.study.stage import Figure, Stage
from bcd_utils.utils.files import sha256_of_file


def reviewed_and_network(study: Study) -> dict[str, Any]:
    """The pairs that a person has judged, and the network's files; without them thumbnails alone are compared."""
    reviewed = study.audit.reviewed_pairs
    judged = sha256_of_file(reviewed) if reviewed and Path(reviewed).is_file() else ""
    return {"reviewed_pairs": judged, "network": network_files(study)}


STAGE = Stage(
    notebook="06_data_audit",
    question="Are images there twice, and on both sides of the split?",
    reads=("dataset.json", "manifest.csv", "splits.csv", "images.npy"),
    writes=("duplicate_pairs.csv", "audited_manifest.csv", "audit.json"),
    record="audit.json",
    section=Audit,
    outside=reviewed_and_network,
    statement=duplicates,
    figures=(
        Figure(
            "best_matches",
            "How alike each image is to the one it is most like. Dashed: from here on two images are called the same.",
            "Histograms of the correlation of fine detail with the most similar other image, a panel a class.",
        ),
        Figure(
            "pairs_contradictory",
            "Copies whose labels differ. Pairs of images that the audit calls the same.",
            PAIRS,
        ),
        Figure(
            "pairs_exact",
            "Exact copies. Pairs of images with the same file or the same pixels.",
            PAIRS,
        ),
        Figure(
            "pairs_just_joined",
            "The least alike of the pairs called the same. They tell whether the threshold is too low.",
            PAIRS,
        ),
        Figure(
            "pairs_just_apart",
            "The most alike of the pairs not called the same. They tell whether the threshold is too high.",
            PAIRS,
        ),
        Figure(
            "pairs_by_features",
            "The pairs that are nearest by the network's features. None of them is called the same.",
            PAIRS,
        ),
        Figure(
            "leaks",
            "Test images with a copy in the training or tuning set. From a strict to a generous idea of a copy.",
            "Bars of the share of the internal test images, one for each idea of a copy, with counts.",
        ),
        LOOK_ALIKES,
    ),
    tables={
        "pair_kinds": "Pairs of images that look alike, by kind and by whether they count as the same lesion",
        "contradictory_pairs": "Pairs that are the same and have two labels",
        "largest_groups": "The largest groups of images that belong together",
        "contradictory_groups": "Groups with two labels",
        "leaks": "Test images with a copy in training or among the tuning images",
        "marks": "Share of the images of each class with marks burnt in, as estimated",
        "masks": "What is remarked of the masks of each class: number of images",
        "odd_masks": "Masks that disagree with their label",
    },
)
