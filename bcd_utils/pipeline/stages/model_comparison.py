"""Other networks and other learning on the same folds."""

from pathlib import Path

from bcd_utils.reporting.statements.results import comparison
from bcd_utils.study.settings import Comparison, Study
from bcd_utils.study.stage import Card, Stage
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
    figures=(Card("comparison_scores", "Scores of every candidate"),),
)
