"""Anyone's own images: class folders, optional masks, and an optional table of patients."""

from __future__ import annotations

from pathlib import Path

from bcd_utils.datasets.base import Dataset, Scan, given_folder
from bcd_utils.datasets.busi import CLASSES
from bcd_utils.datasets.class_folders import scan_class_folders
from bcd_utils.datasets.csv_rows import numbered_rows
from bcd_utils.study.data_settings import Source
from bcd_utils.utils.errors import StudyError

GROUPS = "groups.csv"
COLUMNS = ("path", "group")


def locate(source: Source) -> Path:
    """The folder (or unpacked zip file) that ``data_dir`` names."""
    if source.data_dir is None:
        raise StudyError(
            "The data set 'folder' needs to know which folder",
            f"name one that holds {', '.join(CLASSES)} as data_dir",
        )
    return given_folder(source.data_dir, "your images")


def scan(folder: Path) -> Scan:
    """Find images in class folders (see `scan_class_folders`), and their patients.

    ``groups.csv`` beside the class folders has the columns ``path`` (of an image, as seen from there) and
    ``group`` (its patient). An image that is not listed is a patient of its own.

    Raises
    ------
    StudyError
        If there are no images, or ``groups.csv`` lacks a column or has a line that cannot be right.
    """
    found = scan_class_folders(folder, CLASSES)
    tables = sorted(folder.rglob(GROUPS), key=lambda path: (len(path.parts), path))
    if not tables:
        return found
    groups = read_groups(tables[0], folder, set(found.images["path"]))
    images = found.images.assign(group=found.images["path"].map(groups).fillna(""))
    unlisted = images.loc[images["group"] == "", "path"]
    remarks = list(found.remarks)
    if len(unlisted):
        remarks.append(
            f"{len(unlisted)} images are not in {GROUPS} (first: {unlisted.iloc[0]}); each counts as a patient"
        )
    return Scan(images, remarks)


def read_groups(path: Path, folder: Path, images: set[str]) -> dict[str, str]:
    """The patient of each image, by its path below ``folder``.

    Parameters
    ----------
    path : Path
        The table.
    folder : Path
        The data set's folder.
    images : set of str
        Paths below ``folder`` that are images.

    Raises
    ------
    StudyError
        Naming the table and the line.
    """
    base = path.parent.relative_to(folder)
    groups: dict[str, str] = {}
    begin = f"begin it with the line {','.join(COLUMNS)}"
    for line, (name, group) in numbered_rows(
        path, COLUMNS, begin, "save it as CSV in UTF-8", skipinitialspace=True
    ):
        image = (base / name.replace("\\", "/")).as_posix()
        if image not in images:
            raise StudyError(
                f"{path}, line {line}: {name!r} is no image of this data set",
                f"write its path as seen from {path.parent}, such as benign/image.png",
            )
        if not group:
            raise StudyError(
                f"{path}, line {line}: {name!r} has no group", "name its patient, or leave the line out"
            )
        if groups.setdefault(image, group) != group:
            raise StudyError(
                f"{path}, line {line}: {name!r} is of {group!r} here and of {groups[image]!r} before",
                "keep one of the lines",
            )
    return groups


FOLDER = Dataset(
    name="folder",
    title="Images from a folder",
    modality="breast ultrasound",
    classes=CLASSES,
    counts=None,
    licence="as its owner says",
    citation="none: images that the user named",
    homepage="",
    synthetic=False,
    locate=locate,
    scan=scan,
    steps=f"they are yours: name a folder that holds {', '.join(CLASSES)} as data_dir",
)
