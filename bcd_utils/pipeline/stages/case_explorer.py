"""One case at a time."""

from bcd_utils.pipeline.outside import network_files
from bcd_utils.study.stage import Figure, Stage

STAGE = Stage(
    notebook="12_case_explorer",
    question="What does the network say of this image, and has it seen the like?",
    reads=(
        "dataset.json",
        "training.json",
        "splits.csv",
        "images.npy",
        "average_features.npy",
        "head.keras",
        "predictions.csv",
        "evaluation.json",
    ),
    also_reads=("backbone.keras",),
    outside=network_files,
    figures=(
        Figure(
            "case_explorer",
            "Three cases of the internal test set. The surest right one, the surest wrong one and the least sure, with"
            " the lesion's outline, the heat map of Grad-CAM for the predicted class, and the map over the image.",
            "Rows of three pictures: the image, its heat map from black, 0, to yellow, 1, and the map over the image.",
        ),
    ),
    tables={"case_explorer": "What the model says of three cases of the internal test set"},
)
