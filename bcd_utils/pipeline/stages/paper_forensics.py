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
)
