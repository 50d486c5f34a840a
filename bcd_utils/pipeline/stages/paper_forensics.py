"""Which results fit the table that the paper prints, and which explanations of them do."""

from bcd_utils.pipeline.outside import network_and_paper
from bcd_utils.reporting.statements.results import reported_table
from bcd_utils.study.stage import Figure, Stage

STAGE = Stage(
    notebook="08_paper_forensics",
    question="Which results fit the table that the paper prints?",
    reads=("audited_manifest.csv", "splits.csv", "images.npy", "dataset.json"),
    writes=("rivals.csv", "rival_predictions.npz", "forensics.json"),
    record="forensics.json",
    outside=network_and_paper,
    statement=reported_table,
    figures=(
        Figure(
            "reconstructed_matrices",
            "Confusion matrices that fit the paper's scores. A cell in which they differ shows its range.",
            "Squares of counts, one a set: rows are true classes, columns predicted ones.",
        ),
        Figure(
            "rival_explanations",
            "Accuracy under each explanation of the paper's table. One dot a split, set by set; dashed: the paper's"
            " value, where it can be compared.",
            "Dots of accuracy, a panel a set and a row an explanation, with bars of the share of splits without an"
            " error.",
        ),
    ),
    tables={
        "matrices_that_fit": "Confusion matrices that fit the paper's table, by set and by reading of F1",
        "matching_matrices": "The matrices that fit, in numbers",
        "shared_by_all_matrices": "What all matrices that fit have in common",
        "errors_over_all_sets": "Errors over all sets, in the matrices that fit",
        "numbers_of_images_that_fit": "Numbers of images that fit the paper's table",
        "class_counts_that_fit": "Numbers of images of each class that fit, set by set",
        "class_counts_of_all_sets": "Numbers of images of each class that fit in all sets together",
        "rivals_declared": "The explanations that are tried, declared before they are run",
        "rival_scores": "Test scores under each explanation: range over its splits",
        "rival_places": "Where the paper's row lies among the scores under each explanation",
        "paired_tests": "Paired tests of the inputs on the same test images",
    },
)
