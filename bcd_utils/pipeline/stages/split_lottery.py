"""The protocol again over other splits and seeds."""

from bcd_utils.pipeline.outside import network_and_paper
from bcd_utils.reporting.statements.results import repetition
from bcd_utils.study.settings import RepeatedSplits
from bcd_utils.study.stage import Stage

STAGE = Stage(
    notebook="07_split_lottery",
    question="What is the number over other splits, copies kept together?",
    reads=("dataset.json", "audited_manifest.csv", "splits.csv", "images.npy"),
    writes=("lottery.csv", "fold_predictions.csv", "crossed.csv", "lottery.json"),
    record="lottery.json",
    section=RepeatedSplits,
    outside=network_and_paper,
    statement=repetition,
)
