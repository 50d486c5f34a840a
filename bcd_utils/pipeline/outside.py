"""What several stages read from outside the run."""

from __future__ import annotations

from pathlib import Path

from bcd_utils.study.networks import missing_weights
from bcd_utils.study.settings import Study
from bcd_utils.utils.files import sha256_of_file
from bcd_utils.utils.paths import STUDIES


def network_files(study: Study) -> dict[str, str]:
    """What a study's backbone is made of: the hashes of its files, and what is missing of it.

    Examples
    --------
    >>> from bcd_utils.study.loading import make_study
    >>> network_files(make_study({"name": "mine", "weights": "random"}))
    {'missing': ''}
    """
    named = (study.backbone, study.weights)
    files = {file: sha256_of_file(file) for file in named if Path(file).is_file()}
    return {"missing": missing_weights(*named), **files}


def network_and_paper(study: Study) -> dict[str, str]:
    """`network_files`, and the scores that the paper prints."""
    return {**network_files(study), "paper": paper_scores(study)}


def paper_scores(study: Study) -> str:
    """Hash of the file of the scores that the paper prints; the same for every study."""
    return sha256_of_file(STUDIES / "paper_reported.yaml")
