"""A person's own images: how many, how large, of which kind; none is kept on the disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from bcd_utils.datasets.files import IMAGE_SUFFIXES
from bcd_utils.explorer.case import Case, case_of_file
from bcd_utils.explorer.limits import MOST_FILES, MOST_MEGABYTES, MOST_MEGAPIXELS
from bcd_utils.prediction.inputs import Given
from bcd_utils.prediction.model import StudyModel


def cases_of_uploads(
    model: StudyModel, files: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Case | str]]:
    """What is said of files that a person has chosen.

    Parameters
    ----------
    files : sequence of mapping
        As ``ipywidgets.FileUpload`` gives them: ``name``, ``size`` and ``content``.

    Yields
    ------
    name : str
        As the person's machine calls the file.
    case : Case or str
        Why there is none, in words.
    """
    size = 0
    for place, file in enumerate(files):
        size += len(file["content"])
        name = PurePosixPath(str(file["name"]).replace("\\", "/")).name or "unnamed"
        if place >= MOST_FILES:
            yield name, f"not read: {MOST_FILES} files at once are the most"
        elif size > MOST_MEGABYTES * 1e6:
            yield name, f"not read: {MOST_MEGABYTES} MB at once are the most"
        else:
            yield name, _looked_at(model, name, bytes(file["content"]))


def _looked_at(model: StudyModel, name: str, content: bytes) -> Case | str:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in IMAGE_SUFFIXES and content[128:132] != b"DICM":
        return f"no kind of image that is read ({suffix or 'no suffix'})"
    with tempfile.TemporaryDirectory() as folder:
        # nothing of its own name but a suffix that is known
        path = Path(folder) / f"image{suffix if suffix in IMAGE_SUFFIXES else '.dcm'}"
        path.write_bytes(content)
        case = case_of_file(model, Given(name, path), MOST_MEGAPIXELS)
    return case.replace(" (source.most_megapixels)", "") if isinstance(case, str) else case
