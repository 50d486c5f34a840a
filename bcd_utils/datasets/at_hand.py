"""Finding the images of a source, without opening them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.base import AtHand, Dataset, Scan
from bcd_utils.datasets.files import pictures, place
from bcd_utils.datasets.folder_scan import scan_folder
from bcd_utils.study.source import Source, spoken_of
from bcd_utils.utils.errors import StudyError

#: Rows of tables and names of averages, in small letters as files have them.
TAKEN = frozenset({"all", "macro", "weighted", "predicted class"})


def read_source(source: Source, called: str = "source") -> AtHand:
    """Find the images that a source asks for.

    Parameters
    ----------
    source : Source
    called : str
        The section that it is, for messages.

    Raises
    ------
    StudyError
        If its settings do not fit, or there are no such images.
    """
    dataset = dataset_of(source, called)
    with spoken_of(called):
        found = read_folder(dataset, dataset.locate(source))
        if source.positive not in (None, *found.dataset.classes):
            problem = f"source.positive = {source.positive!r} is no class of the images in {found.folder}"
            raise StudyError(problem, f"use one of {', '.join(found.dataset.classes)}")
        return found


def read_folder(dataset: Dataset, folder: Path) -> AtHand:
    """Find a data set's images in a folder; those of none of its classes are left out.

    Raises
    ------
    StudyError
        If there are none, or a class has a name that tables need for another thing.
    """
    if dataset.scan is None:
        scan = scan_folder(folder, dataset.layout, dataset.classes, dataset.names)
    else:
        scan = dataset.scan(folder)
        others = ~scan.images["label"].isin(dataset.classes)
        left_out = [
            (path, f"of the class {label!r}, which is none of the study's")
            for path, label in scan.images.loc[others, ["path", "label"]].itertuples(index=False)
        ]
        left_out = [*scan.left_out, *left_out, *_not_taken(folder, scan)]
        scan = Scan(scan.images[~others].reset_index(drop=True), scan.remarks, left_out)
    classes = dataset.classes or tuple(dict.fromkeys(scan.images["label"]))
    if TAKEN & {*classes}:
        names = ", ".join(f"{'class ' * (label in TAKEN)}{label}: [{label}]" for label in classes)
        raise StudyError(
            f"{folder} has a class called {min(TAKEN & {*classes})!r}, which tables need for all classes together",
            f"give it another name: --set 'source.classes={{{names}}}'",
        )
    return AtHand(replace(dataset, classes=classes), folder, scan)


def _not_taken(folder: Path, scan: Scan) -> list[tuple[str, str]]:
    """The pictures in a folder that a reader of its own passed over without a word."""
    masks = (mask for cell in scan.images["masks"] for mask in cell.split("|"))
    known = {*scan.images["path"], *masks, *(path for path, _ in scan.left_out)}
    names = (place(path, folder) for path in pictures(folder)[0])
    return [(name, "picture that is none of this data set's") for name in names if name not in known]
