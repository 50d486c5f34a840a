"""Which images there are."""

from pathlib import Path

from bcd_utils.datasets import dataset_of
from bcd_utils.study.settings import Study
from bcd_utils.study.stage import PaperFigure, Stage
from bcd_utils.utils.files import listing_identity


def image_files(study: Study) -> str:
    """Identity of the files of the data set, and of the histopathology images that illustrate it."""
    folders = [dataset_of(study.source).locate(study.source)]
    if study.histopathology_dir:
        folders.append(Path(study.histopathology_dir))
    return listing_identity(folders)


STAGE = Stage(
    notebook="01_data_exploration",
    question="Which images does the study have, and can all of them be used?",
    writes=("manifest.csv", "dataset.json"),
    record="dataset.json",
    outside=image_files,
    paper_figures=(
        PaperFigure("Fig 2", "Histopathology samples", "fig2_histopathology"),
        PaperFigure("Fig 3", "Ultrasound samples", "fig3_ultrasound", "ultrasound"),
    ),
    protocol=True,
)
