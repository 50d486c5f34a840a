"""Reader of images in class folders, with lesion masks told by name or by folder."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.base import Scan
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import natural_key

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".pgm", ".dcm"}
_MASK_STEM = re.compile(r"^(?P<image>.*?)_mask(_\d+)?$", re.IGNORECASE)
_MASK_FOLDERS = {"mask", "masks", "ground_truth", "groundtruth"}


def scan_class_folders(folder: Path, classes: Sequence[str]) -> Scan:
    """Find images and their masks below ``folder``.

    Reads every layout in use: flat class folders where masks carry ``_mask`` or ``_mask_1`` in
    their names, and images and masks in subfolders of the class (or classes in subfolders of
    ``images`` and ``masks``). A mask is never counted as an image.

    Parameters
    ----------
    folder : Path
    classes : sequence of str
        Folder names that are labels, compared without case.

    Raises
    ------
    StudyError
        If the folder is missing, or holds no class folder with images.
    """
    if not folder.is_dir():
        raise StudyError(f"There is no folder {folder}", "give the folder that holds the class folders")
    by_lower = {name.lower(): name for name in classes}
    images: dict[tuple[str, str], str] = {}
    masks: dict[tuple[str, str], list[str]] = defaultdict(list)
    remarks: list[str] = []
    found = (
        path for path in sorted(folder.rglob("*")) if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
    )
    for path in sorted(found, key=lambda path: natural_key(path.relative_to(folder).as_posix())):
        relative = path.relative_to(folder)
        if path.name.startswith("._") or "__MACOSX" in relative.parts:
            continue
        parents = [part.lower() for part in relative.parts[:-1]]
        label = next((by_lower[part] for part in reversed(parents) if part in by_lower), None)
        if label is None:
            continue
        match = _MASK_STEM.match(path.stem)
        if match or _MASK_FOLDERS.intersection(parents):
            masks[label, match["image"] if match else path.stem].append(relative.as_posix())
        elif (label, path.stem) in images:
            remarks.append(f"{relative.as_posix()} has the name of {images[label, path.stem]}; left out")
        else:
            images[label, path.stem] = relative.as_posix()
    if not images:
        raise StudyError(
            f"{folder} holds no images in class folders",
            f"give the folder that holds {', '.join(classes)} (with .png or .jpg images inside)",
        )
    for (label, stem), paths in masks.items():
        if (label, stem) not in images:
            remarks.append(f"{paths[0]} is a mask without an image; left out")
    order = {name: rank for rank, name in enumerate(classes)}
    keys = sorted(images, key=lambda key: (order[key[0]], natural_key(key[1])))
    rows = [
        {"id": stem, "path": images[label, stem], "label": label, "masks": "|".join(masks[label, stem])}
        for label, stem in keys
    ]
    table = pd.DataFrame(rows)
    repeated = table["id"].duplicated(keep=False)
    table.loc[repeated, "id"] = table["label"] + "/" + table["id"]
    return Scan(table, remarks)
