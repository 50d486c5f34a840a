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


def image_files(folder: Path, pattern: str = "*") -> list[Path]:
    """Image files below a folder, in natural order of their paths, without what macOS puts into archives."""

    def place(path: Path) -> str:
        return path.relative_to(folder).as_posix()

    images = [path for path in sorted(folder.rglob(pattern)) if path.suffix.lower() in IMAGE_SUFFIXES]
    images = [path for path in images if not path.name.startswith("._") and "__MACOSX" not in place(path)]
    return sorted(filter(Path.is_file, images), key=lambda path: natural_key(place(path)))


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
    for path in image_files(folder):
        relative = path.relative_to(folder)
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
        fix = f"give the folder that holds {', '.join(classes)} (with .png or .jpg images inside)"
        raise StudyError(f"{folder} holds no images in class folders", fix)
    lone = [paths[0] for key, paths in masks.items() if key not in images]
    remarks += [f"{path} is a mask without an image; left out" for path in lone]
    keys = sorted(images, key=lambda key: (classes.index(key[0]), natural_key(key[1])))
    rows = [(stem, images[label, stem], label, "|".join(masks[label, stem])) for label, stem in keys]
    table = pd.DataFrame(rows, columns=["id", "path", "label", "masks"])
    repeated = table["id"].duplicated(keep=False)
    table.loc[repeated, "id"] = table["label"] + "/" + table["id"]
    return Scan(table, remarks)
