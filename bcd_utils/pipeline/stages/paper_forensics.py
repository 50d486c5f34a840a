"""Which results fit the table that the paper prints, and which explanations of them do."""

from bcd_utils.pipeline.outside import network_and_paper
from bcd_utils.reporting.statements.results import reported_table
from bcd_utils.study.stage import Stage

STAGE = Stage(
    notebook="08_paper_forensics",
    question="Which results fit the table that the paper prints?",
    reads=("audited_manifest.csv", "splits.csv", "images.npy", "dataset.json"),
    writes=("rivals.csv", "rival_predictions.npz", "forensics.json"),
    record="forensics.json",
    outside=network_and_paper,
    statement=reported_table,
)
