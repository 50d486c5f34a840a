"""Which pictures are lesion masks, by their names and folders."""

from __future__ import annotations

import re
from typing import NamedTuple

from bcd_utils.datasets.class_names import plain

_SURE = r"masks?|gt|ground[ _-]?truth|segmentations?"
_PERHAPS = r"seg|tumou?r|labels?|annotations?|anno|roi|lesion|contour|other"
_END = r"^(?P<image>.+?)[ _.-]+(?:{})(?:[ _-]?\d+)?$"
_START = r"^(?:{})[ _.-]+(?P<image>.+)$"
SURE = [re.compile(form.format(_SURE), re.IGNORECASE) for form in (_END, _START)]
PERHAPS = [re.compile(form.format(_PERHAPS), re.IGNORECASE) for form in (_END, _START)]
SURE_FOLDERS = frozenset(
    ["mask", "masks", "ground truth", "groundtruth", "gt", "segmentation", "segmentations"]
)
PERHAPS_FOLDERS = frozenset(
    [
        "label",
        "labels",
        "annotation",
        "annotations",
        "seg",
        "roi",
        "rois",
        "contour",
        "contours",
        "lesions",
        "tumor",
    ]
)
#: Folders that say only that images lie there.
IMAGE_FOLDERS = frozenset(["image", "images", "img", "imgs", "original", "originals", "picture", "pictures"])


class Reading(NamedTuple):
    """A way to read a path: the name of the image that it would be a mask of, and whether the name leaves a doubt."""

    image: str
    sure: bool


def mask_reading(parents: tuple[str, ...], stem: str) -> Reading | None:
    """How a picture's path reads as that of a mask; None where nothing speaks for it.

    Where the reading is not sure, the picture is a mask if the image is there, else an image.

    Parameters
    ----------
    parents : tuple of str
        Folders below the data folder.
    stem : str
        Name without suffix.

    Examples
    --------
    >>> mask_reading((), "benign (1)_mask_1")
    Reading(image='benign (1)', sure=True)
    >>> mask_reading(("benign", "GT"), "000001"), mask_reading((), "case001_tumor").sure
    (Reading(image='000001', sure=True), False)
    """
    folders = {plain(part) for part in parents}
    for forms, names, sure in ((SURE, SURE_FOLDERS, True), (PERHAPS, PERHAPS_FOLDERS, False)):
        match = next(filter(None, (form.match(stem) for form in forms)), None)
        if match or folders & names:
            return Reading(match["image"] if match else stem, sure)
    return None


def frame_of(parents: tuple[str, ...]) -> tuple[str, ...]:
    """Folders of a picture without those that only say whether it is an image or a mask."""
    neutral = IMAGE_FOLDERS | SURE_FOLDERS | PERHAPS_FOLDERS
    return tuple(part for part in parents if plain(part) not in neutral)
