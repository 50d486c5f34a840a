"""Figures that several stages declare."""

from bcd_utils.study.stage import Figure

PAIRS = "Pairs of images side by side, each with what the audit measured."
OUTLINED = "Pictures in rows, one row a class, with the outline of each lesion."
OUTLINE = "Yellow: the outline of the lesion, where the data set has one."
LOOK_ALIKES = Figure(
    "look_alikes_*", "Images that a source itself holds twice or nearly so. Pairs to judge by eye.", PAIRS
)


def matrices(name: str, images: str, on_index: bool = False) -> Figure:
    """Confusion matrices of some images."""
    return Figure(
        name,
        f"True class against predicted class, {images}. Counts, and the share of the true class that they are.",
        "Squares of counts: rows are true classes, columns predicted ones, darker the larger the share.",
        on_index,
    )


def reliability(name: str, images: str) -> Figure:
    """Reliability diagrams of some images."""
    return Figure(
        name,
        f"Reliability of the probabilities, {images}. Share in which a prediction is true over its probability: dots"
        " grow with the images that they stand for, vertical lines are intervals. Below: images in each bin.",
        "Diagrams of the share that is true over the predicted probability, with a histogram below each; the dotted"
        " diagonal is as it should be.",
    )


def of_subgroups(name: str, model: str) -> Figure:
    """Forest plot of a model's shares in subgroups."""
    return Figure(
        name,
        f"Sensitivity and specificity in each subgroup, {model}. With their intervals. Dashed: of all images; grey and"
        " hollow: shares of few images.",
        "Two markers on their intervals for each subgroup, with counts beside them.",
    )
