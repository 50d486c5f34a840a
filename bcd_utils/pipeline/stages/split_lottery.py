"""The protocol again over other splits and seeds."""

from bcd_utils.pipeline.outside import network_and_paper
from bcd_utils.reporting.statements.results import repetition
from bcd_utils.study.settings import RepeatedSplits
from bcd_utils.study.stage import Figure, Stage

STAGE = Stage(
    notebook="07_split_lottery",
    question="What is the number over other splits, copies kept together?",
    reads=("dataset.json", "audited_manifest.csv", "splits.csv", "images.npy"),
    writes=("lottery.csv", "fold_predictions.csv", "crossed.csv", "lottery.json"),
    record="lottery.json",
    section=RepeatedSplits,
    outside=network_and_paper,
    statement=repetition,
    figures=(
        Figure(
            "split_lottery",
            "Scores over other splits and seeds. One dot a split; black lines: median and central 95 %; diamond:"
            " repeated grouped cross-validation with its interval; red: the paper's value, where it can be compared.",
            "Dots of test scores, a panel a score: splits by image, splits by group, and the grouped cross-"
            "validation.",
        ),
        Figure(
            "what_copies_are_worth",
            "What copies in training are worth. Accuracy on the same images, once with folds by image and once by"
            " group, with intervals.",
            "Two markers on their intervals for all images, for those with a copy and for those alone.",
        ),
    ),
    tables={
        "lottery_splits": "Sizes of the sets over the splits",
        "lottery_distributions": "Test scores over splits by image and over grouped folds",
        "spread_by_source": "What moves the accuracy: the split or the seed",
        "what_copies_are_worth": "Scores on test images with and without a copy in training",
        "headline": "Cross-validated scores with their intervals",
    },
)
