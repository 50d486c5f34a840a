"""From the paper's protocol to a network tuned end to end."""

from bcd_utils.pipeline.outside import network_files
from bcd_utils.reporting.statements.recipe import recipe
from bcd_utils.study.stage import Figure, Stage
from bcd_utils.study.training_settings import Recipe

STAGE = Stage(
    notebook="14_recipe",
    question="How far is the paper's protocol from a network that is tuned with care?",
    reads=("audited_manifest.csv", "splits.csv", "images.npy", "dataset.json"),
    writes=("recipe_predictions.csv", "recipe_history.csv", "recipe.json"),
    record="recipe.json",
    section=Recipe,
    outside=network_files,
    statement=recipe,
    figures=(
        Figure(
            "recipe_staircase",
            "One change at a time. Scores of each step on the same grouped folds, and what each gains on the one"
            " before, with intervals over folds; below each name, minutes of one processor.",
            "Markers on their intervals, a row a step; beside each panel of scores one of gains around a line at 0.",
            on_index=True,
        ),
        Figure(
            "recipe_history",
            "How the tuned networks learned. Loss after each epoch; pale, each fold; thick, their mean.",
            "Curves of the loss on training and tuning images over the epochs, a panel an arm.",
        ),
        Figure(
            "recipe_maps",
            "Where the tuned network looks. Grad-CAM of three classes over the same images; yellow: the outline of the"
            " lesion; the cross marks a map's highest value; red: misclassified.",
            "A table of pictures: rows are images, columns the class whose evidence is shown.",
        ),
    ),
    tables={
        "recipe_arms": "The steps, and what each changes",
        "recipe_steps": "Everything that was measured of each step",
        "recipe_shown": "Scores of the steps, and what each gains",
        "recipe_pointing": "Pointing game of the tuned network's maps",
        "recipe_occlusion": "Pointing game of occlusion maps, beside Grad-CAM's of the same images",
        "recipe_thresholds": "Thresholds chosen on the other folds, and what they give",
        "recipe_locked": "Scores on the locked test set",
        "recipe_claim": "The paper's claim on histogram equalisation, and what this run says of it",
    },
)
