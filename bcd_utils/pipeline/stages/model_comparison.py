"""Other networks and other learning on the same folds."""

from pathlib import Path

from bcd_utils.pipeline.figures import of_subgroups
from bcd_utils.reporting.statements.results import comparison
from bcd_utils.study.settings import Comparison, Study
from bcd_utils.study.stage import Figure, Stage
from bcd_utils.utils.files import sha256_of_file


def weights_available(study: Study) -> dict[str, str]:
    """What is missing for each candidate of the comparison, and the hash of each extractor's file."""
    from bcd_utils.models.candidates import chosen_candidates

    missing = {name: each.representation.missing() for name, each in chosen_candidates(study).items()}
    named = [study.backbone, study.weights, *study.comparison.extractors]
    return missing | {name: sha256_of_file(name) for name in named if Path(name).is_file()}


STAGE = Stage(
    notebook="10_model_comparison",
    question="Does this network beat the others?",
    reads=("audited_manifest.csv", "splits.csv", "images.npy", "dataset.json"),
    writes=("folds.csv", "contender_features.npz", "contender_predictions.csv", "comparison.json"),
    record="comparison.json",
    section=Comparison,
    outside=weights_available,
    statement=comparison,
    figures=(
        Figure(
            "comparison_scores",
            "Scores of every candidate. On the same folds, with intervals; dashed: the reference's score.",
            "Markers on their intervals, a panel a score and a row a candidate.",
            on_index=True,
        ),
        Figure(
            "comparison_pareto",
            "Accuracy against what it costs. The line joins the candidates that no other beats in both, which are"
            " named below.",
            "Two panels of accuracy over a logarithmic cost: seconds to train, milliseconds to predict.",
        ),
        of_subgroups("subgroups_reference", "of the reference"),
        of_subgroups("subgroups_best_other", "of the best other candidate"),
        Figure(
            "learning_curves",
            "Scores against the number of training images. With intervals.",
            "Curves over a logarithmic number of training images, a panel a score and a curve a candidate.",
        ),
        Figure(
            "gradcam_side_by_side",
            "Heat maps of several candidates over the same images. Yellow: the outline of the lesion; the cross marks"
            " a map's highest value; red: misclassified.",
            "A table of pictures: rows are images, columns candidates, each with its predicted class.",
        ),
    ),
    tables={
        "candidates": "The candidates",
        "fold_sizes": "Images of each set in each fold",
        "comparison": "Everything that was measured of each candidate",
        "comparison_shown": "Scores and costs of the candidates",
        "paired_comparisons": "Each candidate against the reference, on the same images",
        "comparison_subgroups": "Sensitivity and specificity in subgroups: the reference and the best other",
        "head_variants": "What each change of the head changes",
        "class_imbalance": "What each remedy for rare classes changes",
        "learning_curves": "Scores with fewer training images",
        "outline_shape": "Scores from the lesion's outline alone",
        "gradcam_pointing": "Pointing game of each candidate's maps",
        "claims": "The paper's claims, and what this run says of each",
    },
)
