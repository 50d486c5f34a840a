"""Several kinds of images side by side."""

from typing import Any

from bcd_utils.experiments.modalities.sources import locate_sources
from bcd_utils.pipeline.figures import LOOK_ALIKES, OUTLINE, OUTLINED
from bcd_utils.pipeline.outside import network_files
from bcd_utils.reporting.statements.results import modalities
from bcd_utils.study.settings import Modalities, Study
from bcd_utils.study.stage import Figure, PaperFigure, Stage
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import listing_identity


def files_of_sources(study: Study) -> list[Any]:
    """Identity of the files of the sources that are on this machine, and the network's files."""
    if study.source.data_dir and len(study.notebooks) == 1:
        raise StudyError(
            f"{STAGE.notebook} reads several data sets, and --data-dir names one folder",
            "name it with --set modalities.sources.busi.data_dir=FOLDER, and others likewise",
        )
    return [listing_identity(locate_sources(study).values()), network_files(study)]


STAGE = Stage(
    notebook="11_modalities",
    question="Does it hold on other kinds of images?",
    writes=("modality_images.csv", "modality_predictions.csv", "transfer_predictions.csv", "modalities.json"),
    record="modalities.json",
    section=Modalities,
    outside=files_of_sources,
    statement=modalities,
    figures=(
        Figure(
            "modality_histopathology",
            "Histopathology images of each data set and class. From the data sets that are at hand.",
            "Photographs of stained tissue in rows, one row a class.",
        ),
        Figure(
            "modality_ultrasound",
            f"Ultrasound images of each data set and class. {OUTLINE}",
            OUTLINED,
        ),
        Figure(
            "modality_mammography",
            f"Mammograms of each data set and class. {OUTLINE}",
            OUTLINED,
        ),
        Figure(
            "modality_character",
            "What the images of each data set and class are like. The wider a shape, the more images have such a"
            " value; dashed: quartiles, marker: median.",
            "Shapes of distributions, a panel a measure and a row a data set and class.",
        ),
        Figure(
            "modality_scores",
            "Scores on each data set, always by the same protocol. With intervals, beside the answer that is always"
            " the most frequent class.",
            "Markers on their intervals, a panel a score and a row a data set.",
            on_index=True,
        ),
        Figure(
            "modality_transfer",
            "Learned on one data set, tested on another. Areas under the ROC curve with intervals; white is chance, a"
            " frame marks the same data set.",
            "A table of shades, rows trained on, columns tested on, with the areas in the cells.",
            on_index=True,
        ),
        LOOK_ALIKES,
    ),
    paper_figures=(
        PaperFigure("Fig 2", "Histopathology samples", "modality_histopathology"),
        PaperFigure("Fig 3", "Ultrasound samples", "modality_ultrasound", "ultrasound"),
    ),
    tables={
        "modality_sources": "The data sets, and which are at hand",
        "modality_composition": "Images of each class and their size, in each data set",
        "modality_character": "Median and quartiles of what was measured on the images of each class",
        "modality_scores": "Cross-validated scores of one protocol on each data set",
        "modality_patients": "Recognition by image and by patient",
        "modality_transfer": "Area under the ROC curve: learned on one data set, tested on another",
        "modality_claim": "The paper's claim, and what this run says of it",
    },
)
