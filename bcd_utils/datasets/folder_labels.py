"""Classes of images in folders, from tables, patterns, folder names and file names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from bcd_utils.datasets.class_names import USUAL, lookup, named_by, named_within, plain
from bcd_utils.datasets.mask_names import neutral
from bcd_utils.datasets.picture import Picture, set_named_by

MOST_CLASSES = 8  # that are found where none are named


def give_labels(
    images: Sequence[Picture], rows: pd.DataFrame | None, names: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Give each image its class, or the reason why it has none; returns remarks.

    Parameters
    ----------
    images : sequence of Picture
    rows : pandas.DataFrame or None
        From `labels_table.rows_of_images`; its column ``label`` decides where there is one.
    names : mapping of str to tuple of str
        Further names of each class.
    """
    spelt = lookup(names)
    letters = {name: label for name, label in lookup(USUAL).items() if label in names and name not in spelt}
    by_name, crossed = [], []
    for image in images:
        told = _told(image, rows)
        if told is not None:
            image.label = (spelt | letters).get(plain(told), "")
            none = f"of the class {told!r}, which is none of the study's"
            image.why_unlabelled = none if told else "without a class where classes are told"
        elif rows is not None and "label" in rows:
            image.why_unlabelled = "in no line of the table"
        else:
            classes = [*filter(None, (named_by(part, spelt) for part in image.parents))]
            crossed += [image.path] if len(set(classes)) > 1 else []
            image.label = classes[-1] if classes else named_within(image.stem, spelt)
            by_name += [image.path] if image.label and not classes else []
            beside = image.parents[-1] if image.parents else ""
            image.why_unlabelled = (
                f"in the folder {beside!r}, which is no class" if beside else "in no class folder"
            )
    remarks = []
    if crossed:
        remarks.append(
            f"{len(crossed)} images lie below folders of two classes (first: {crossed[0]}); the nearest counts"
        )
    if by_name:
        remarks.append(f"{len(by_name)} images have their class from their own name (first: {by_name[0]})")
    return remarks


def _told(image: Picture, rows: pd.DataFrame | None) -> str | None:
    """What the table, or else the group ``class`` of ``layout.images``, says of an image's class."""
    if rows is not None and "label" in rows:
        return rows["label"].get(image.path)
    return image.told["class"] or "" if "class" in image.told else None


def find_classes(images: Sequence[Picture], rows: pd.DataFrame | None) -> None:
    """Where no class is known, take what table or pattern say, or else the uppermost folders that differ.

    They are classes if there are two to eight of them.
    """
    told = {image.path: _told(image, rows) for image in images}
    if all(text is None for text in told.values()):
        told = _uppermost_that_differ(images)
    spellings: dict[str, str] = {}
    for text in filter(None, told.values()):
        spellings.setdefault(plain(text), text)
    if 2 <= len(spellings) <= MOST_CLASSES:
        for image in images:
            image.label = spellings.get(plain(told[image.path] or ""), "")


def _uppermost_that_differ(images: Sequence[Picture]) -> dict[str, str | None]:
    parts = {
        image.path: [part for part in image.parents if not neutral(part) and not set_named_by(part)]
        for image in images
    }
    while parts and all(parts.values()) and len({plain(own[0]) for own in parts.values()}) == 1:
        parts = {path: own[1:] for path, own in parts.items()}
    return {path: own[0] if own else None for path, own in parts.items()}
