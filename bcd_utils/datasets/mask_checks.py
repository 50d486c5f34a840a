"""Looking at every mask once, and telling masks from images where names have confused them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bcd_utils.images.decoding import decode, frame_of
from bcd_utils.images.masks import is_inverted, lesion_of, looks_like_picture, mask_levels
from bcd_utils.images.reading import mask_paths
from bcd_utils.images.refusals import reason_of
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.path_text import path_of

NEARLY_ALL = 0.95
#: So many of a class, and such a share of it, are no coincidence.
LEAST_CONFUSED, LEAST_SHARE = 3, 0.2
NAME_THE_MASKS = (
    "say which files are masks with --set 'source.masks=PATTERN' (a regular expression on their paths); where names "
    "have it right, give the pattern that they follow, and nothing is doubted"
)


@dataclass
class MaskLook:
    """What is to be said of one image's masks.

    Attributes
    ----------
    empty, nearly_all : bool
        No pixel of any of them is lesion; or one of them covers 95% or more.
    inverted, picture : bool
        One is dark on a bright ground; one has many grey levels, as images have.
    unreadable : list of str
        Names of files, each with the reason.
    resized : list of str
        Remarks on masks of another size than the image.
    """

    empty: bool = False
    nearly_all: bool = False
    inverted: bool = False
    picture: bool = False
    unreadable: list[str] = field(default_factory=list)
    resized: list[str] = field(default_factory=list)


def inspect_masks(folder: Path, row: Mapping[str, Any], most_megapixels: float) -> MaskLook:
    """Look at the masks of an image.

    Raises
    ------
    StudyError
        If reading one needs a package that is not installed.
    """
    look, lesions = MaskLook(), []
    paths = mask_paths(folder, row["masks"])
    for path in paths:
        try:
            levels = mask_levels(decode(path, most_megapixels))
        except StudyError:
            raise
        except Exception as error:  # noqa: BLE001 - decoders raise many kinds
            look.unreadable.append(f"{path.name} cannot be read ({reason_of(error, path)})")
            continue
        lesion = lesion_of(levels)
        lesions.append(lesion.mean())
        look.inverted |= is_inverted(levels)
        look.picture |= looks_like_picture(levels)
        if row["status"] == "ok":
            (rows, columns), turned = frame_of(folder / path_of(row["path"]))
            lying = lesion.shape == (columns, rows) and turned > 4
            if lesion.shape != (rows, columns) and not lying:
                height, width = lesion.shape
                look.resized.append(f"{path.name} is {width}x{height}, its image {columns}x{rows}")
    look.empty = bool(lesions) and max(lesions) == 0 and not look.unreadable
    look.nearly_all = bool(lesions) and max(lesions) >= NEARLY_ALL
    return look


def remarks_on_masks(manifest: pd.DataFrame, looks: Sequence[MaskLook], names_are_right: bool) -> list[str]:
    """What is to be said of all masks: one line a kind and class, with the first image's id.

    Parameters
    ----------
    manifest : pandas.DataFrame
        Columns id, label, masks.
    looks : sequence of MaskLook
        One a row.
    names_are_right : bool
        The source says which files are masks, so nothing stops the study.

    Raises
    ------
    StudyError
        If many masks of a class have grey levels as images have.
    """
    table = manifest[["id", "label"]].assign(
        **{
            name: [getattr(look, name) for look in looks]
            for name in ("empty", "nearly_all", "inverted", "picture")
        }
    )[(manifest["masks"] != "").to_numpy()]
    remarks = []
    for label, rows in table.groupby("label", sort=False):
        empty = rows.loc[rows["empty"], "id"]
        if len(empty) == len(rows):
            remarks.append(f"masks are empty for all {len(rows)} images of class {label}")
        elif len(empty):
            some = f"{len(empty)} of {len(rows)} images of class {label}"
            remarks.append(f"masks are empty for {some} (first: {empty.iloc[0]})")
    for column, text in {
        "nearly_all": f"masks cover {NEARLY_ALL:.0%} or more of the image",
        "inverted": "masks are dark on a bright ground, and are read so",
    }.items():
        found = table.loc[table[column], "id"]
        remarks += [f"{text}: {len(found)} images (first: {found.iloc[0]})"] if len(found) else []
    what = "have masks with many grey levels: images that were taken for masks, or soft masks?"
    return remarks + _confused(table, table["picture"], what, names_are_right)


def remarks_on_images(manifest: pd.DataFrame, two_levels: pd.Series, names_are_right: bool) -> list[str]:
    """What is to be said of images that look like masks; see `remarks_on_masks`.

    Raises
    ------
    StudyError
        If many images of a class are pictures with few levels.
    """
    what = "are pictures with two levels: masks that were taken for images, or drawings?"
    return _confused(manifest, two_levels, what, names_are_right)


def _confused(table: pd.DataFrame, found: pd.Series, what: str, names_are_right: bool) -> list[str]:
    remarks = []
    for label, rows in table.groupby("label", sort=False):
        ids = rows.loc[found[rows.index], "id"]
        if not len(ids):
            continue
        some = f"{len(ids)} of {len(rows)} images of class {label} (first: {ids.iloc[0]}) {what}"
        if not names_are_right and len(ids) >= max(LEAST_CONFUSED, LEAST_SHARE * len(rows)):
            raise StudyError(some, NAME_THE_MASKS)
        remarks.append(some)
    return remarks
