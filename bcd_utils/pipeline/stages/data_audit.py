"""Images that show one lesion twice, labels that contradict one another, marks in the pixels."""

from pathlib import Path
from typing import Any

from bcd_utils.pipeline.outside import network_files
from bcd_utils.reporting.statements.data import duplicates
from bcd_utils.study.settings import Audit, Study
from bcd_utils.study.stage import Stage
from bcd_utils.utils.files import sha256_of_file


def reviewed_and_network(study: Study) -> dict[str, Any]:
    """The pairs that a person has judged, and the network's files; without them thumbnails alone are compared."""
    reviewed = study.audit.reviewed_pairs
    judged = sha256_of_file(reviewed) if reviewed and Path(reviewed).is_file() else ""
    return {"reviewed_pairs": judged, "network": network_files(study)}


STAGE = Stage(
    notebook="06_data_audit",
    question="Are images there twice, and on both sides of the split?",
    reads=("dataset.json", "manifest.csv", "splits.csv", "images.npy"),
    writes=("duplicate_pairs.csv", "audited_manifest.csv", "audit.json"),
    record="audit.json",
    section=Audit,
    outside=reviewed_and_network,
    statement=duplicates,
)
