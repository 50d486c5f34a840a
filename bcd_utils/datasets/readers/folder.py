"""Anyone's own images, read as the source says."""

from __future__ import annotations

from pathlib import Path

from bcd_utils.datasets.base import Dataset, given_folder
from bcd_utils.datasets.folder_scan import LOOK
from bcd_utils.study.source import Source
from bcd_utils.utils.errors import StudyError

STEPS = f"they are yours: name the folder, or an archive, as data_dir; {LOOK}"


def locate(source: Source) -> Path:
    """The folder (or unpacked archive) that ``data_dir`` names."""
    if source.data_dir is None:
        fix = f"name it: --data-dir FOLDER; {LOOK}"
        raise StudyError("The data set 'folder' needs to know which folder", fix)
    return given_folder(source.data_dir, "your images")


DATASET = Dataset(
    name="folder",
    title="Images from a folder",
    modality="breast images of a kind that is not said",
    classes=(),
    licence="as their owner says",
    citation="cited as their owner asks",
    locate=locate,
    steps=STEPS,
)
