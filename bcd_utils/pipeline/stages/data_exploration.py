"""Which images there are."""

from pathlib import Path

from bcd_utils.datasets import dataset_of
from bcd_utils.pipeline.figures import OUTLINE, OUTLINED
from bcd_utils.study.settings import Study
from bcd_utils.study.stage import Figure, PaperFigure, Stage
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
    figures=(
        Figure(
            "class_counts",
            "Images of each class. Images set aside are not used further.",
            "Bars, one a class, of the number of its images.",
        ),
        Figure(
            "fig3_ultrasound",
            f"Images of each class. {OUTLINE}",
            "Ultrasound pictures in rows, one row a class, with the outline of each lesion.",
        ),
        Figure(
            "fig2_histopathology",
            "Histopathology images. They illustrate the disease; the network is trained on what the study names.",
            "Photographs of stained tissue under a microscope, in rows.",
        ),
        Figure(
            "samples",
            f"Images of each class. {OUTLINE}",
            OUTLINED,
        ),
        Figure(
            "image_sizes",
            "Width and height of every image. Dotted: square images.",
            "A dot an image, width to the right and height upwards, with a colour and a marker for each class.",
        ),
        Figure(
            "intensities",
            "Grey levels of each class. Filled: mean share of the pixels of the class's images in bins of eight grey"
            " levels; line: mean of the classes.",
            "Histograms of grey levels from 0, black, to 255, white, a panel a class.",
        ),
        Figure(
            "lesion_areas",
            "Share of the image that the lesion covers. One dot an image with a lesion mask; above, median and"
            " quartiles of each class.",
            "Dots along an axis of the share of the image, a row a class.",
        ),
    ),
    paper_figures=(
        PaperFigure("Fig 2", "Histopathology samples", "fig2_histopathology"),
        PaperFigure("Fig 3", "Ultrasound samples", "fig3_ultrasound", "ultrasound"),
    ),
    tables={
        "image_status": "Images of each class, by whether they can be used",
        "set_aside": "Images that were set aside, and why",
        "file_traits": "How well a trait of the files alone tells each class: balanced accuracy, 0.5 for chance",
        "image_statistics": "Share of the lesion, grey level and its spread: mean and standard deviation",
    },
    protocol=True,
)
