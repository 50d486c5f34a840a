"""What several stages read from outside the run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.at_hand import read_source
from bcd_utils.experiments.external.images import external_source
from bcd_utils.study.networks import missing_weights
from bcd_utils.study.settings import Study
from bcd_utils.study.source import spoken_of
from bcd_utils.utils.files import listing_identity, sha256_of_file
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


def external_images_and_network(study: Study) -> list[Any]:
    """Identity of the files of the external images, where the study names some, and the network's files.

    The images are found, not only the folder: hours of training would come before the notebook that needs them.
    """
    other = study.external and external_source(study, classes_of(study))
    if other is None:
        return ["", network_files(study)]
    found = read_source(other, "external")
    if not other.allow_partial:
        with spoken_of("external"):
            found.dataset.check_counts(found.scan.images, found.folder)
    return [listing_identity([found.folder]), network_files(study)]


def classes_of(study: Study) -> tuple[str, ...]:
    """The classes that the study's model will know."""
    return dataset_of(study.source).classes or read_source(study.source).dataset.classes
