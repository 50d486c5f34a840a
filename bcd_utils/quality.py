"""Looking at every image once: its size, its hashes, and whether it can be used."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from bcd_utils.datasets.base import MANIFEST_COLUMNS, Dataset
from bcd_utils.errors import StudyError
from bcd_utils.files import sha256_of_file, sha256_of_json
from bcd_utils.images import mask_paths, read_image

SMALLEST_SIDE = 64
LEAST_CONTRAST = 4.0


def inspect_image(path: Path) -> dict[str, object]:
    """Measure one image.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        width, height (pixels), sha256, perceptual_hash (64 bits as hexadecimal), pixels_sha256 and
        ``status``: "ok" or the reason to set the image aside (empty, corrupt, truncated, smaller
        than 64 pixels a side, or nearly uniform: a standard deviation below 4 of 255 grey levels).
    """
    import imagehash

    row: dict[str, object] = {
        "width": 0, "height": 0, "sha256": "", "pixels_sha256": "", "perceptual_hash": "", "status": "ok",
    }  # fmt: skip
    if path.stat().st_size == 0:
        return row | {"status": "empty file"}
    row["sha256"] = sha256_of_file(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pixels = read_image(path)
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise many kinds
        truncated = "truncated" in str(error).lower()
        return row | {"status": "truncated file" if truncated else "corrupt file"}
    row["height"], row["width"] = pixels.shape[:2]
    row["pixels_sha256"] = hashlib.sha256(pixels.tobytes() + str(pixels.shape).encode()).hexdigest()
    row["perceptual_hash"] = str(imagehash.phash(Image.fromarray(pixels)))
    if min(pixels.shape[:2]) < SMALLEST_SIDE:
        row["status"] = f"smaller than {SMALLEST_SIDE} pixels"
    elif np.std(pixels) < LEAST_CONTRAST:
        row["status"] = "nearly uniform"
    return row


def inspect_masks(folder: Path, row: pd.Series) -> list[str]:
    """Remarks on an image's masks: unreadable, or of another size than the image."""
    remarks = []
    for path in mask_paths(folder, row["masks"]):
        try:
            with Image.open(path) as mask:
                mask.load()
                size = (mask.width, mask.height)
        except Exception:  # noqa: BLE001 - Pillow's decoders raise many kinds
            remarks.append(f"{path.name} cannot be read")
            continue
        if row["status"] == "ok" and size != (row["width"], row["height"]):
            remarks.append(f"{path.name} is {size[0]}x{size[1]}, its image {row['width']}x{row['height']}")
    return remarks


def build_manifest(
    dataset: Dataset,
    folder: Path,
    allow_partial: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[pd.DataFrame, list[str]]:
    """Scan a data set and inspect every image.

    Returns
    -------
    manifest : pandas.DataFrame
        Columns `MANIFEST_COLUMNS`, one row an image, set aside or not. Images with the same
        pixels share a ``group``.
    remarks : list of str
        Oddities: masks without an image, masks of another size, unreadable masks.

    Raises
    ------
    StudyError
        If the folder does not hold the published number of images, or no image is usable.
    """
    scan = dataset.scan(folder)
    if not allow_partial:
        dataset.check_counts(scan.images, folder)
    rows = []
    remarks = list(scan.remarks)
    for done, (_, row) in enumerate(scan.images.iterrows(), start=1):
        row = pd.concat([row, pd.Series(inspect_image(folder / row["path"]))])
        row["masks_sha256"] = sha256_of_json(
            [sha256_of_file(path) for path in mask_paths(folder, row["masks"])]
        )
        mask_remarks = inspect_masks(folder, row)
        if any("cannot be read" in remark for remark in mask_remarks) and row["status"] == "ok":
            row["status"] = "mask cannot be read"
        remarks += mask_remarks
        rows.append(row)
        on_progress(done, len(scan.images))
    manifest = pd.DataFrame(rows).reset_index(drop=True)
    first_with_pixels = manifest.groupby("pixels_sha256")["id"].transform("first")
    manifest["group"] = first_with_pixels.where(manifest["pixels_sha256"] != "", manifest["id"])
    usable = manifest.loc[manifest["status"] == "ok", "label"].value_counts()
    for label in dataset.classes:
        if usable.get(label, 0) == 0:
            raise StudyError(
                f"{folder} holds no usable image of class {label}", "see that the download is whole"
            )
    return manifest[list(MANIFEST_COLUMNS)], remarks


def data_hash(manifest: pd.DataFrame) -> str:
    """SHA-256 over ids, labels and file hashes, masks included: tells whether two runs saw the same data."""
    return sha256_of_json(manifest[["id", "label", "sha256", "masks_sha256", "status"]].values.tolist())


def describe_dataset(dataset: Dataset, manifest: pd.DataFrame, remarks: list[str]) -> dict[str, object]:
    """What the reports say about the data."""
    aside = manifest[manifest["status"] != "ok"]
    counts = manifest["label"].value_counts()
    return {
        "name": dataset.name,
        "title": dataset.title,
        "images": len(manifest),
        "classes": {label: int(counts.get(label, 0)) for label in dataset.classes},
        "set_aside": len(aside),
        "set_aside_images": aside[["id", "path", "status"]].to_dict("records"),
        "synthetic": dataset.synthetic,
        "remarks": remarks,
        "data_sha256": data_hash(manifest),
        "licence": dataset.licence,
        "citation": dataset.citation,
        "homepage": dataset.homepage,
    }
