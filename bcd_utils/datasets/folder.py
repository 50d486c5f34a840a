"""Anyone's own images: class folders, optional masks, and an optional table of patients."""

from __future__ import annotations

from pathlib import Path

from bcd_utils.datasets.base import Dataset, Scan, given_folder
from bcd_utils.datasets.busi import CLASSES
from bcd_utils.datasets.class_folders import scan_class_folders
from bcd_utils.datasets.csv_rows import numbered_rows, tables_below
from bcd_utils.study.data_settings import Source
from bcd_utils.utils.errors import StudyError

GROUPS = "groups.csv"
COLUMNS = ("path", "group")


def locate(source: Source) -> Path:
    """The folder (or unpacked zip file) that ``data_dir`` names."""
    if source.data_dir is None:
        fix = f"name one that holds {', '.join(CLASSES)} as data_dir"
        raise StudyError("The data set 'folder' needs to know which folder", fix)
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
    scanned = scan_class_folders(folder, CLASSES)
    tables = tables_below(folder, GROUPS)
    if not tables:
        return scanned
    groups = read_groups(tables[0], folder, set(scanned.images["path"]))
    images = scanned.images.assign(group=scanned.images["path"].map(groups).fillna(""))
    unlisted = images.loc[images["group"] == "", "path"]
    if unlisted.empty:
        return Scan(images, scanned.remarks)
    remark = (
        f"{len(unlisted)} images are not in {GROUPS} (first: {unlisted.iloc[0]}); each counts as a patient"
    )
    return Scan(images, [*scanned.remarks, remark])


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
    rows = numbered_rows(path, COLUMNS, begin, "save it as CSV in UTF-8", skipinitialspace=True)
    for line, (name, group) in rows:
        image = (base / name.replace("\\", "/")).as_posix()
        if image not in images:
            fix = f"write its path as seen from {path.parent}, such as benign/image.png"
            raise StudyError(f"{path}, line {line}: {name!r} is no image of this data set", fix)
        if not group:
            fix = "name its patient, or leave the line out"
            raise StudyError(f"{path}, line {line}: {name!r} has no group", fix)
        if groups.setdefault(image, group) != group:
            twice = f"{name!r} is of {group!r} here and of {groups[image]!r} before"
            raise StudyError(f"{path}, line {line}: {twice}", "keep one of the lines")
    return groups


FOLDER = Dataset(
    name="folder",
    title="Images from a folder",
    modality="breast ultrasound",
    classes=CLASSES,
    licence="as its owner says",
    citation="none: images that the user named",
    locate=locate,
    scan=scan,
    steps=f"they are yours: name a folder that holds {', '.join(CLASSES)} as data_dir",
)
