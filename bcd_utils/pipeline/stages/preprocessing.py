"""What the network is given, and which images it never sees before the test."""

from bcd_utils.study.stage import Figure, PaperFigure, Stage

STAGE = Stage(
    notebook="02_preprocessing",
    question="What exactly is the network given, and which images does it never see before the test?",
    reads=("dataset.json", "manifest.csv"),
    writes=("splits.csv", "images.npy"),
    figures=(
        Figure(
            "fig1_methodology",
            "Steps of the study. From the data to the explanation, with this study's settings.",
            "Boxes joined by arrows, one a step.",
        ),
        Figure(
            "split_sizes",
            "Images of each class in the three sets. Counts; right, all images of the class.",
            "Stacked bars, one a class, of the shares of the training, tuning and internal test set.",
        ),
        Figure(
            "before_after",
            "Images as published and as the network is given them. The lower row is squeezed to a square where the"
            " image is none.",
            "Two rows of pictures: above as published, below as the network's input.",
        ),
        Figure(
            "augmentation",
            "One training image as augmentation changes it. Left, the image itself.",
            "A row of pictures of one image, turned, mirrored and enlarged anew in each epoch.",
        ),
        Figure(
            "flow",
            "What became of the images. From those found to the training, the tuning and the internal test set.",
            "A diagram of boxes and arrows with counts of images, from the top down.",
        ),
    ),
    paper_figures=(PaperFigure("Fig 1", "Methodology", "fig1_methodology"),),
    tables={
        "split_sizes": "Images of each class in each set",
        "patients_per_set": "Patients of each class in each set; where none are named, groups of exact copies",
        "crossing_duplicates": "Images with identical pixels that stand in two sets or under two labels",
    },
    protocol=True,
)
