"""Which pictures are lesion masks, by their names and folders."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from bcd_utils.datasets.class_names import plain

_SURE = r"masks?|msk|gt|ground[ _-]?truth|segmentations?"
_PERHAPS = r"seg|tumou?r|labels?|annotations?|anno|roi|lesion|contour|other"
_END = r"^(?P<image>.+?)[ _.-]+(?:{})(?:[ _-]?\d+)?$"
_START = r"^(?:{})[ _.-]+(?P<image>.+)$"
_ALONE = r"^(?P<image>)(?:{})(?:[ _-]?\d+)?$"
_FORMS = (_ALONE, _END, _START)
SURE = [re.compile(form.format(_SURE), re.IGNORECASE) for form in _FORMS]
PERHAPS = [re.compile(form.format(_PERHAPS), re.IGNORECASE) for form in _FORMS]
SURE_FOLDERS = frozenset(
    ["mask", "masks", "ground truth", "groundtruth", "gt", "segmentation", "segmentations"]
)
PERHAPS_FOLDERS = frozenset(
    "label labels annotation annotations seg roi rois contour contours lesions tumor".split()
)
#: Folders that say only that images lie there.
IMAGE_FOLDERS = frozenset("image images img imgs original originals picture pictures".split())
#: A word for masks or images before or behind one other word: "lesion masks", "masks benign", "train_images".
_MASKS_OF = re.compile(
    r"^(?:(?:masks?|segmentations?) (?P<behind>\w+)|(?P<before>\w+) (?:masks?|segmentations?))$"
)
_IMAGES_OF = re.compile(r"^(?:(?:images?|imgs?) (?P<behind>\w+)|(?P<before>\w+) (?:images?|imgs?))$")


class Reading(NamedTuple):
    """A way to read a path: the name of the image that it would be a mask of, and whether the name leaves a doubt.

    The name is "" where the file is called mask and no more: its image is the one beside it.
    """

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
    >>> mask_reading(("lesion masks",), "7").sure, mask_reading(("case 1",), "mask")
    (True, Reading(image='', sure=True))
    """
    in_folders = _read_folders(parents)
    for forms, sure in ((SURE, True), (PERHAPS, False)):
        match = next(filter(None, (form.match(stem) for form in forms)), None)
        if match or in_folders[sure]:
            return Reading(match["image"] if match else stem, sure)
    return None


@lru_cache(maxsize=4096)
def _read_folders(parents: tuple[str, ...]) -> dict[bool, bool]:
    """Whether folders are called as those of masks: surely (True), perhaps (False)."""
    names = {plain(part) for part in parents}
    return {
        True: bool(names & SURE_FOLDERS) or any(map(_MASKS_OF.match, names)),
        False: bool(names & PERHAPS_FOLDERS),
    }


def neutral(part: str) -> bool:
    """Whether a folder's name says only that images or masks lie there."""
    return plain(part) in IMAGE_FOLDERS | SURE_FOLDERS | PERHAPS_FOLDERS


@lru_cache(maxsize=4096)  # a folder has many pictures
def frame_of(parents: tuple[str, ...], whole: bool = False) -> tuple[str, ...]:
    """Folders of a picture without what says only whether it is an image or a mask, as `plain` writes them.

    Parameters
    ----------
    parents : tuple of str
    whole : bool
        Leave out folders such as "lesion masks" as a whole, not only the word for masks.

    Examples
    --------
    >>> frame_of(("data", "Images", "Benign")), frame_of(("data", "benign masks"))
    (('data', 'benign'), ('data', 'benign'))
    >>> frame_of(("benign", "lesion masks"), whole=True)
    ('benign',)
    """
    kept = []
    for part in parents:
        name = plain(part)
        match = _MASKS_OF.match(name) or _IMAGES_OF.match(name)
        other = (match["behind"] or match["before"]) if match else name
        if not neutral(name) and not neutral(other) and not (match and whole):
            kept.append(other)
    return tuple(kept)
