"""BUS-UCLM: breast ultrasound of 38 patients (Vallez et al. 2025, Scientific Data)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from bcd_utils.datasets.base import Dataset, Scan, fetcher, given_folder
from bcd_utils.datasets.csv_rows import numbered_records
from bcd_utils.datasets.files import image_files, place
from bcd_utils.study.source import Column, Record, Source
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import RAW_DATA, readable

#: The address in the authors' own instructions (github.com/noeliavallez/BUS-UCLM-Dataset).
URL = "https://prod-dcd-datasets-cache-zipfiles.s3.eu-west-1.amazonaws.com/7fvgj4jsp7-1.zip"
HOMEPAGE = "https://data.mendeley.com/datasets/7fvgj4jsp7"
FOLDER = RAW_DATA / "bus_uclm"
ARCHIVE = "7fvgj4jsp7-1.zip"
FIX = f"give the folder that holds images, masks and INFO.csv, as unpacked from {HOMEPAGE}"
CLASSES = ("benign", "malignant", "normal")
COLUMNS = ("Image", "Label")
FULL_COLOUR = 127


def locate(source: Source) -> Path:
    """The folder with BUS-UCLM: ``data_dir`` (a folder or zip file), or what lies in ``data/raw/bus_uclm``."""
    if source.data_dir is not None:
        return given_folder(source.data_dir, "BUS-UCLM")
    if not any(FOLDER.rglob("images")):
        raise StudyError(
            f"BUS-UCLM is not in {readable(FOLDER)}",
            f"run 'bcd fetch bus_uclm'; or open {HOMEPAGE}, press 'Download All', unpack the zip file into "
            f"{readable(FOLDER)}, or anywhere and name that folder as data_dir",
        )
    return FOLDER


def scan(folder: Path) -> Scan:
    """Find BUS-UCLM's images, masks, labels and patients.

    The label is the one in ``INFO.csv``, else the colour of the mask (green benign, red malignant, black
    normal); where both are there they are held against each other. The patient is the file name up to "_".
    Some images are smaller than their mask; how they were cropped is not documented. The table's further columns
    (Resolution, Doppler, Marks, Combined) are kept under their own names, "" where an image is in no row.

    Raises
    ------
    StudyError
        If there is no folder ``images``, nothing tells the label of any image, or ``INFO.csv`` is not as published.
    """
    root = find_root(folder)
    images, masks = files_by_stem(root / "images"), files_by_stem(root / "masks")
    table = read_info(root / "INFO.csv")
    rows, remarks = [], []
    for stem, path in images.items():
        seen = mask_label(masks[stem]) if stem in masks else None
        row = table.get(stem, {"Label": seen})
        label = row["Label"]
        if label is None:
            remarks.append(f"{path.name} is in no row of INFO.csv and has no mask that can be read; left out")
            continue
        if seen not in (None, label):
            remarks.append(
                f"{path.name} is {label} in INFO.csv, its mask is coloured {seen}; taken as {label}"
            )
        mask = place(masks[stem], folder) if stem in masks else ""
        known = {"id": stem, "path": place(path, folder), "label": label, "masks": mask}
        known["patient"] = stem.partition("_")[0]
        rows.append(row | known)
    if not rows:
        raise StudyError(f"{folder} holds no images of BUS-UCLM: {remarks[0]}", FIX)
    lone = [path.name for stem, path in masks.items() if stem not in images]
    remarks += [f"{name} is a mask without an image; left out" for name in lone]
    remarks += [f"INFO.csv names {stem}, of which there is no image" for stem in table if stem not in images]
    further = [name for row in table.values() for name in row if name not in COLUMNS]
    columns = dict.fromkeys(["id", "path", "label", "masks", "patient", *further])
    return Scan(pd.DataFrame(rows, columns=list(columns)).fillna(""), remarks)


def find_root(folder: Path) -> Path:
    """The folder that holds ``images``, below ``folder``; the one with ``INFO.csv``, if there are several."""
    roots = sorted(
        {path.parent.parent for path in image_files(folder) if path.parent.name == "images"},
        key=lambda root: (not (root / "INFO.csv").exists(), len(root.parts), root),
    )
    if not roots:
        raise StudyError(f"{folder} holds no images of BUS-UCLM", FIX)
    return roots[0]


def files_by_stem(folder: Path) -> dict[str, Path]:
    """Image files of a folder under their names without suffix, in natural order; none if it is missing."""
    return {path.stem: path for path in image_files(folder) if path.parent == folder}


def read_info(path: Path) -> dict[str, dict[str, str]]:
    """Each image's row of ``INFO.csv`` (separated by ";", with a byte-order mark), its label in small letters.

    Empty if the table is missing.
    """
    if not path.exists():
        return {}
    fix = f"take INFO.csv from {HOMEPAGE} as it is"
    rows = {}
    for line, row in numbered_records(path, COLUMNS, fix, fix, delimiter=";"):
        label = row["Label"].lower()
        if label not in CLASSES:
            raise StudyError(f"{path}, line {line}: {label!r} is no class", fix)
        rows[Path(row["Image"]).stem] = row | {"Label": label}
    return rows


def mask_label(path: Path) -> str | None:
    """Class that a mask's colours mean, malignant before benign; None where it cannot be read."""
    try:
        with Image.open(path) as mask:
            red, green, _ = np.moveaxis(np.asarray(mask.convert("RGB")) > FULL_COLOUR, 2, 0)
    except Exception:  # noqa: BLE001 - Pillow's decoders raise many kinds
        return None
    if (red & ~green).any():
        return "malignant"
    return "benign" if green.any() else "normal"


DATASET = Dataset(
    name="bus_uclm",
    title="BUS-UCLM",
    modality="breast ultrasound",
    classes=CLASSES,
    counts={"benign": 174, "malignant": 90, "normal": 419},
    licence="CC BY 4.0 or CC BY-NC 4.0 (the authors' pages name both); see the homepage",
    citation="Vallez N, Bueno G, Deniz O, Rienda MA, Pastor C. BUS-UCLM: Breast ultrasound lesion segmentation "
    "dataset. Scientific Data 12 (2025). doi:10.1038/s41597-025-04562-3",
    homepage=HOMEPAGE,
    locate=locate,
    scan=scan,
    # Doppler is switched on, and marks are set, by who has seen something there.
    record=Record(
        {"Resolution": Column("known")} | {name: Column("read") for name in ("Doppler", "Marks", "Combined")}
    ),
    fetch=fetcher(
        "bus_uclm",
        URL,
        ARCHIVE,
        f"open {HOMEPAGE}, press 'Download All', put the zip file",
        "name the folder as data_dir",
    ),
    size="about 300 MB",
)
