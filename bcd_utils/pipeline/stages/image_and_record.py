"""What patients' records add to images."""

from pathlib import Path
from typing import Any

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.labels_table import file_of
from bcd_utils.datasets.records import declared, read_cases
from bcd_utils.pipeline.outside import network_files
from bcd_utils.reporting.statements.image_and_record import image_and_record
from bcd_utils.study.settings import ImageAndRecord, Study
from bcd_utils.study.stage import Figure, Stage
from bcd_utils.utils.files import listing_identity, sha256_of_file


def record_and_network(study: Study) -> list[Any]:
    """Hash of the record's file; of a study without images identity of the source's tables, else the network's files.

    That no column is declared, or one that is known only after the outcome, is said before hours of training.
    """
    dataset, given = dataset_of(study.source), study.source.record
    declared(dataset, given)
    if "02_preprocessing" in study.notebooks:
        folder, read = dataset.locate(study.source) if given and given.file else Path(), network_files(study)
    else:
        folder = read_cases(study.source).folder
        read = {"source": listing_identity([folder])}
    if given and given.file:
        read["record"] = sha256_of_file(file_of(given.file, folder, "source.record.file"))
    return [read]


STAGE = Stage(
    notebook="16_image_and_record",
    question="Does the patient's record add to the image?",
    also_reads=("splits.csv", "dataset.json", "audited_manifest.csv", "images.npy"),
    writes=("records.csv", "record_features.npy", "record_predictions.csv", "image_and_record.json"),
    record="image_and_record.json",
    section=ImageAndRecord,
    outside=record_and_network,
    statement=image_and_record,
    figures=(
        Figure(
            "record_scores",
            "The record, the image, and both. Scores out of fold, with their intervals; the dashed line is the "
            "first arm's.",
            "Markers on their intervals, a row an arm, one panel a score.",
            on_index=True,
        ),
        Figure(
            "record_importance",
            "What groups of columns are worth. The area that an arm loses when a group of columns is shuffled, "
            "with its interval.",
            "Markers on their intervals, a row a group of columns under the arm that was given them.",
            on_index=True,
        ),
    ),
    tables={
        "record_composition": "Images, patients and groups of each class",
        "record_columns": "The columns, and whether each is known before the image or read from it",
        "record_missing": "How often each column is missing, by class",
        "record_arms": "Who is compared, and what each is given",
        "record_scores": "Scores of each arm out of fold, with their intervals",
        "record_scores_published": "Scores of each arm on the published test set",
        "record_paired": "Differences from the first arm on the same images, with their intervals and tests",
        "record_calibration": "Whether the probabilities of each arm mean what they say",
        "record_importance": "Area under the ROC curve lost when a group of columns is shuffled",
        "record_claim": "The paper's claim, and what this run says of it",
    },
)
