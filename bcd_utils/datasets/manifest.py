"""The manifest of a data set: one row an image, each looked at once, and what must stay together."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.base import MANIFEST_COLUMNS, Dataset
from bcd_utils.datasets.inspection import hash_of, inspect_image
from bcd_utils.datasets.mask_checks import inspect_masks, remarks_on_images, remarks_on_masks
from bcd_utils.images.reading import mask_paths
from bcd_utils.images.refusals import MOST_MEGAPIXELS
from bcd_utils.utils.counting import OnProgress, counted_rows, silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import sha256_of_json

#: What the manifest keeps of the files themselves: see `inspection.inspect_image`.
FILE_COLUMNS = ("format", "mode", "bytes")


def build_manifest(
    dataset: Dataset,
    folder: Path,
    allow_partial: bool = False,
    on_progress: OnProgress = silent,
    require_every_class: bool = True,
    most_megapixels: float = MOST_MEGAPIXELS,
    names_are_right: bool = False,
) -> tuple[pd.DataFrame, list[str]]:
    """Scan a data set and inspect every image.

    Parameters
    ----------
    dataset : Dataset
    folder : Path
    allow_partial : bool
        Accept class counts that are not the published ones.
    on_progress : callable
        ``on_progress(done, total)``.
    require_every_class : bool
        Training needs every class; to test a model, some will do.
    most_megapixels : float
        Larger images are set aside.
    names_are_right : bool
        The source says which files are masks, so no image is doubted for looking like one.

    Returns
    -------
    manifest : pandas.DataFrame
        Columns `MANIFEST_COLUMNS` and `FILE_COLUMNS`, then those that the data set adds; one row an image, set
        aside or not. For ``group`` see `join_groups`.
    remarks : list of str
        Oddities of files (see the data set's reader), masks (`mask_checks`) and depths (`remarks_on_depths`).

    Raises
    ------
    StudyError
        If the folder does not hold the published number of images, no image of a class (of any class, without
        ``require_every_class``) is usable, or images and masks seem to have been confused.
    """
    scan = dataset.scan(folder)
    if not allow_partial:
        dataset.check_counts(scan.images, folder)
    images = scan.images if "box" in scan.images else scan.images.assign(box="")
    rows, looks, remarks = [], [], list(scan.remarks)
    for scanned in counted_rows(images, on_progress):
        row = dict(scanned) | inspect_image(folder / scanned["path"], scanned["box"], most_megapixels)
        look = inspect_masks(folder, row, most_megapixels)
        if look.unreadable and row["status"] == "ok":
            row["status"] = "mask cannot be read"
        row["masks_sha256"] = masks_hash(folder, row["masks"])
        remarks += look.unreadable + look.resized
        rows.append(row)
        looks.append(look)
    manifest = pd.DataFrame(rows)
    remarks += remarks_on_images(manifest, manifest["looks_like_mask"], names_are_right)
    remarks += remarks_on_masks(manifest, looks, names_are_right)
    remarks += remarks_on_depths(manifest)
    manifest["group"] = join_groups(manifest)
    usable = set(manifest.loc[manifest["status"] == "ok", "label"])
    absent = [label for label in dataset.classes if label not in usable]
    if absent and (require_every_class or not usable):
        fix = "see that the download is whole"
        raise StudyError(f"{folder} holds no usable image of class {absent[0]}", fix)
    columns = [*MANIFEST_COLUMNS, *FILE_COLUMNS]
    return manifest[columns + [column for column in images if column not in columns]], remarks


def masks_hash(folder: Path, masks: str) -> str:
    """One hash over an image's mask files, as far as these can be read."""
    hashes = []
    for path in mask_paths(folder, masks):
        with suppress(OSError):
            hashes.append(hash_of(path))
    return sha256_of_json(hashes)


def remarks_on_depths(manifest: pd.DataFrame) -> list[str]:
    """Where images are not of one depth: their brightness cannot be compared.

    Examples
    --------
    >>> remarks_on_depths(pd.DataFrame({"mode": ["I;16 0..4095", "L", "I;16 0..1023", "I;16 0..4095"]}))
    ['images are of 2 depths (I;16 0..4095: 2, I;16 0..1023: 1): their brightness is not comparable']
    """
    depths = manifest.loc[manifest["mode"].str.contains("..", regex=False), "mode"].value_counts()
    if len(depths) < 2:
        return []
    most = ", ".join(f"{depth}: {count}" for depth, count in depths.head(3).items())
    more = ", ..." if len(depths) > 3 else ""
    return [f"images are of {len(depths)} depths ({most}{more}): their brightness is not comparable"]


def linked(count: int, first: Sequence[int] | np.ndarray, second: Sequence[int] | np.ndarray) -> np.ndarray:
    """Which of ``count`` things are joined through any chain of links.

    Parameters
    ----------
    count : int
    first, second : array_like of int, shape (links,)
        The two ends of each link, 0..count-1.

    Returns
    -------
    ndarray of int, shape (count,)
        The same number for things that are joined.

    Examples
    --------
    >>> linked(4, [0, 1], [1, 3]).tolist()
    [0, 0, 1, 0]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(first)), (first, second)), shape=(count, count))
    return connected_components(links, directed=False)[1]


def join_groups(images: pd.DataFrame) -> pd.Series:
    """Which images must stay together: those of one patient, those with the same pixels, and what these link.

    Parameters
    ----------
    images : pandas.DataFrame
        Columns ``id``, ``path``, ``pixels_sha256`` ("" where unknown) and, where patients are known,
        ``group`` ("" for an image without one).

    Returns
    -------
    pandas.Series of str
        The name of the first patient in the group; without patients, the id of its first image (its path,
        where a patient happens to have that name).

    Examples
    --------
    >>> pixels = {"id": ["a", "b", "c", "d"], "path": [""] * 4, "pixels_sha256": ["1", "2", "2", "3"]}
    >>> join_groups(pd.DataFrame(pixels)).tolist()
    ['a', 'b', 'b', 'd']
    >>> join_groups(pd.DataFrame(pixels | {"group": ["eve", "ann", "eve", ""]})).tolist()
    ['eve', 'eve', 'eve', 'd']
    """
    patients = images["group"] if "group" in images else pd.Series("", index=images.index)
    rows, links = np.arange(len(images)), []
    for key in (patients, images["pixels_sha256"]):
        firsts = pd.Series(rows).groupby(key.to_numpy()).transform("first").to_numpy()
        links.append(np.stack([rows, firsts])[:, (key != "").to_numpy()])
    component = pd.Series(linked(len(images), *np.hstack(links)), index=images.index)
    own = images["id"].where(~images["id"].isin(patients), images["path"])
    named = patients.where(patients != "").groupby(component).transform("first")
    return named.fillna(own.groupby(component).transform("first"))


def known_patients(manifest: pd.DataFrame) -> int | None:
    """How many patients the images are of; None where the data set does not name any.

    Examples
    --------
    >>> known_patients(pd.DataFrame({"id": ["a", "b"], "group": ["eve", "eve"]}))
    1
    >>> known_patients(pd.DataFrame({"id": ["a", "b"], "group": ["a", "a"]}))  # copies of one image
    """
    named = ~manifest["group"].isin(manifest["id"])
    return int(manifest["group"].nunique()) if named.any() else None


def data_hash(manifest: pd.DataFrame) -> str:
    """SHA-256 over ids, labels and file hashes, masks included: tells whether two runs saw the same data."""
    return sha256_of_json(manifest[["id", "label", "sha256", "masks_sha256", "status"]].values.tolist())


def describe_dataset(dataset: Dataset, manifest: pd.DataFrame, remarks: list[str]) -> dict[str, Any]:
    """What the reports say about the data."""
    aside = manifest[manifest["status"] != "ok"]
    counts = manifest["label"].value_counts()
    declared = ("name", "title", "modality", "synthetic", "licence", "citation", "homepage")
    return {
        **{key: getattr(dataset, key) for key in declared},
        "patients": known_patients(manifest),
        "images": len(manifest),
        "classes": {label: int(counts.get(label, 0)) for label in dataset.classes},
        "set_aside": len(aside),
        "set_aside_images": aside[["id", "path", "status"]].to_dict("records"),
        "remarks": remarks,
        "data_sha256": data_hash(manifest),
    }
