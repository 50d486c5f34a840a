"""Several kinds of images side by side."""

from typing import Any

from bcd_utils.experiments.modalities.sources import locate_sources
from bcd_utils.pipeline.outside import network_files
from bcd_utils.reporting.statements.results import modalities
from bcd_utils.study.settings import Modalities, Study
from bcd_utils.study.stage import Card, PaperFigure, Stage
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
        Card("modality_scores", "Scores on each data set, always the same protocol"),
        Card("modality_transfer", "Learned on one data set, tested on another: AUC"),
    ),
    paper_figures=(
        PaperFigure("Fig 2", "Histopathology samples", "modality_histopathology"),
        PaperFigure("Fig 3", "Ultrasound samples", "modality_ultrasound", "ultrasound"),
    ),
)
