"""The paper's head on a frozen backbone."""

from bcd_utils.pipeline.outside import network_files
from bcd_utils.study.stage import PaperFigure, Stage

STAGE = Stage(
    notebook="03_train_resnet50",
    question="What does the paper's head learn on a frozen backbone?",
    reads=("dataset.json", "splits.csv", "images.npy"),
    writes=(
        "features.csv",
        "training.json",
        "history.csv",
        "head.keras",
        "backbone.keras",
        "predictions.csv",
    ),
    record="training.json",
    outside=network_files,
    paper_figures=(
        PaperFigure("Fig 4", "ResNet50 with the new head", "fig4_architecture"),
        PaperFigure("Fig 7", "Training and validation accuracy", "fig7_accuracy"),
        PaperFigure("Fig 8", "Training and validation loss", "fig8_loss"),
    ),
    protocol=True,
)
