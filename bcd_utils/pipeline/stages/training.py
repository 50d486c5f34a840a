"""The network: the paper's head on a frozen backbone, or one that is tuned."""

from bcd_utils.pipeline.outside import network_files
from bcd_utils.study.stage import Figure, PaperFigure, Stage

STAGE = Stage(
    notebook="03_train_resnet50",
    question="What does the network learn?",
    reads=("dataset.json", "splits.csv", "images.npy"),
    writes=(
        "features.csv",
        "average_features.npy",
        "training.json",
        "history.csv",
        "head.keras",
        "backbone.keras",
        "predictions.csv",
    ),
    record="training.json",
    outside=network_files,
    figures=(
        Figure(
            "fig4_architecture",
            "The network. Each block a layer with the shape of its output; right, its number of weights.",
            "A column of blocks joined by arrows from the input at the top to the output, coloured by whether their"
            " weights are trained.",
        ),
        Figure(
            "fig7_accuracy",
            "Accuracy after each epoch. Training and tuning set; dotted, the epoch whose weights were kept.",
            "Two curves over the epochs, of accuracy on the training and the tuning set.",
        ),
        Figure(
            "fig8_loss",
            "Loss after each epoch. Training and tuning set; dotted, the epoch whose weights were kept.",
            "Two curves over the epochs, of the loss on the training and the tuning set.",
        ),
    ),
    paper_figures=(
        PaperFigure("Fig 4", "ResNet50 with the new head", "fig4_architecture"),
        PaperFigure("Fig 7", "Training and validation accuracy", "fig7_accuracy"),
        PaperFigure("Fig 8", "Training and validation loss", "fig8_loss"),
    ),
    tables={
        "layers": "Layers of the network",
    },
    protocol=True,
)
