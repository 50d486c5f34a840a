"""Miniature copies of the published data sets, each in its official layout."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from builders import noise, square, write_dicom, write_image

# -- BreakHis ---------------------------------------------------------------------------------------

#: Subtype, slide, and how many images at each magnification; the cases 14-1, 14-2 and 14-9 have several slides.
BREAKHIS_SLIDES = [
    ("B", "A", "adenosis", "14-1AB"),
    ("B", "A", "adenosis", "14-1CD"),
    ("B", "F", "fibroadenoma", "14-2"),
    ("B", "PT", "phyllodes_tumor", "14-2C"),
    ("B", "TA", "tubular_adenoma", "14-3"),
    ("M", "DC", "ductal_carcinoma", "14-9"),
    ("M", "LC", "lobular_carcinoma", "14-9"),
    ("M", "MC", "mucinous_carcinoma", "14-10"),
    ("M", "PC", "papillary_carcinoma", "15-11EF"),
]


def write_breakhis(folder: Path, slides: Iterable = BREAKHIS_SLIDES, images: int = 1) -> Path:
    """Each slide at 40x and 200x in the official tree; those called 14-9 hold the same images."""
    for side, short, subtype, slide in slides:
        tree = folder / "BreaKHis_v1" / "histology_slides" / "breast"
        tree = (
            tree / {"B": "benign", "M": "malignant"}[side] / "SOB" / subtype / f"SOB_{side}_{short}_{slide}"
        )
        for zoom in (40, 200):
            for number in range(1, images + 1):
                name = f"SOB_{side}_{short}-{slide}-{zoom}-{number:03}.png"
                pixels = noise(*map(ord, slide), zoom, number, shape=(76, 100))
                write_image(tree / f"{zoom}X" / name, pixels)
    return folder


# -- CBIS-DDSM --------------------------------------------------------------------------------------

#: Kind, set, patient, breast, projection, number and pathology of each abnormality. P_00010 is published in both
#: sets, with one film in both; P_00002 and P_00020 have films with two abnormalities.
CBIS_ROWS = [
    ("mass", "train", "P_00001", "LEFT", "CC", 1, "MALIGNANT"),
    ("mass", "train", "P_00001", "LEFT", "MLO", 1, "MALIGNANT"),
    ("mass", "train", "P_00002", "RIGHT", "CC", 1, "BENIGN"),
    ("mass", "train", "P_00002", "RIGHT", "CC", 2, "BENIGN_WITHOUT_CALLBACK"),
    ("mass", "test", "P_00010", "LEFT", "CC", 1, "BENIGN"),
    ("mass", "test", "P_00010", "LEFT", "MLO", 1, "BENIGN"),
    ("mass", "test", "P_00011", "RIGHT", "MLO", 1, "MALIGNANT"),
    ("calc", "train", "P_00010", "LEFT", "CC", 1, "MALIGNANT"),
    ("calc", "train", "P_00020", "LEFT", "CC", 1, "BENIGN"),
    ("calc", "train", "P_00020", "LEFT", "CC", 2, "MALIGNANT"),
    ("calc", "test", "P_00021", "RIGHT", "CC", 1, "BENIGN"),
    ("calc", "test", "P_00022", "RIGHT", "CC", 1, "MALIGNANT"),
]
CBIS_LAYOUTS = ("DICOM tree", "NBIA retriever", "JPEG mirror")
FRAME = (240, 180)  # of a mammogram


def uid(*key: object) -> str:
    """A UID that follows from ``key``, of the form that CBIS-DDSM has."""
    digits = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:12], "big")
    return f"1.3.6.1.4.1.9590.100.1.2.{digits}"


def lesion_of(number: int) -> np.ndarray:
    """The mask of a film's abnormality: a square of 30 pixels."""
    return square(20 + 60 * (number - 1), 40, FRAME, side=30)


def write_cbis(folder: Path, layout: str = "DICOM tree", rows: Iterable = CBIS_ROWS) -> Path:
    """Tables as published, and a mammogram, a mask and a crop for each of their rows."""
    tables = {}
    for kind, split, patient, breast, projection, number, pathology in rows:
        set_name = {"train": "Training", "test": "Test"}[split]
        case = f"{kind.capitalize()}-{set_name}_{patient}_{breast}_{projection}"
        part = f"{case}_{number}"
        film = (noise(*map(ord, patient + breast + projection), shape=FRAME) // 4).astype(np.uint16)
        film[lesion_of(number) > 0] += 60 if pathology == "MALIGNANT" else 30
        top = 20 + 60 * (number - 1)
        pixels = {"image": film, "mask": lesion_of(number), "crop": film[top - 10 : top + 40, 30:80]}
        # As in the collection: crop and mask mostly share a series, and which of them is 000000 varies.
        apart = number == 2
        names = {"image": "000000", "mask": f"00000{number % 2}", "crop": f"00000{1 - number % 2}"}
        series = {
            "image": (case, uid(case), uid(case, "image")),
            "mask": (part, uid(part), uid(part, "parts")),
        }
        series["crop"] = (part, uid(part), uid(part, "crop")) if apart else series["mask"]
        published = {}
        for role, (name, study, of_series) in series.items():
            published[role] = f"{name}/{study}/{of_series}/{names[role]}.dcm"
            place = {
                "DICOM tree": published[role],
                "NBIA retriever": f"{name}/07-20-2016-DDSM-NA-{study[-5:]}/1.000000-ROI mask images-{of_series[-5:]}"
                f"/1-{int(names[role]) + 1}.dcm",
                "JPEG mirror": f"jpeg/{of_series}/1-{sum(map(ord, part + role)) % 1000:03}.jpg",
            }[layout]
            if layout == "JPEG mirror":
                grey = (pixels[role] / max(pixels[role].max(), 1) * 255).astype(np.uint8)
                write_image(folder / place, grey, quality=90)
            else:
                header = {"SeriesInstanceUID": of_series, "StudyInstanceUID": study, "PatientID": name}
                write_dicom(folder / "CBIS-DDSM" / place, pixels[role], **header)
        cells = [
            patient,
            3,
            breast,
            projection,
            number,
            "mass" if kind == "mass" else "calcification",
            "X",
            "Y",
            4,
        ]
        paths = [published["image"], f'"{published["crop"]}\n"', published["mask"]]
        tables.setdefault((kind, split), []).append(",".join(map(str, [*cells, pathology, 5, *paths])))
    for (kind, split), lines in tables.items():
        shape = "mass shape,mass margins" if kind == "mass" else "calc type,calc distribution"
        density = "breast_density" if kind == "mass" else "breast density"
        header = (
            f"patient_id,{density},left or right breast,image view,abnormality id,abnormality type,{shape},"
            "assessment,pathology,subtlety,image file path,cropped image file path,ROI mask file path"
        )
        path = (
            folder / ("csv" if layout == "JPEG mirror" else "") / f"{kind}_case_description_{split}_set.csv"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *lines]) + "\n")
    return folder


# -- mini-MIAS --------------------------------------------------------------------------------------

MIAS_LIST = """
INFORMATION:

1st column: MIAS database reference number.
2nd column: Character of background tissue:  F - Fatty

mdb001 G CIRC B 535 425 197
mdb002 G NORM
mdb003 D NORM
mdb004 D NORM
mdb005 F CIRC B 477 133 30
mdb005 F CIRC B 500 168 26
mdb006 F NORM
mdb007 F MISC B 233 994 29
mdb007 F MISC M 313 540 27
mdb008 D CALC M *NOTE 3*
"""


def write_mias(folder: Path, table: str = "Info.txt") -> Path:
    """Eight films of four patients, as the archive unpacks, and the list that says what they show."""
    for number in range(1, 9):
        write_image(folder / "all-mias" / f"mdb{number:03}.pgm", noise(number, shape=(128, 128)))
    (folder / "all-mias" / table).write_text(MIAS_LIST)
    return folder


# -- INbreast ---------------------------------------------------------------------------------------

#: File, patient, breast, projection and BI-RADS category.
INBREAST_ROWS = [
    ("20586908", "6c613a14b80a8591", "L", "CC", "1"),
    ("20586934", "6c613a14b80a8591", "L", "ML", "2"),
    ("22580706", "036aff49b8ac84f0", "R", "CC", "3"),
    ("22614236", "4d5a28d9e2ea8a6a", "R", "ML", "4a"),
    ("22670147", "60995d31c6ebfbd6", "L", "CC", "5"),
    ("22678646", "61b13c59bcba149e", "R", "CC", "6"),
]


def write_inbreast(folder: Path, table: str = "csv") -> Path:
    """Six mammograms of five patients, and the table as CSV or as an Excel sheet."""
    root = folder / "INbreast Release 1.0"
    for number, (file, patient, breast, projection, _) in enumerate(INBREAST_ROWS):
        pixels = noise(number, shape=(120, 90)).astype(np.uint16) * 16
        header = {"WindowCenter": 2048, "WindowWidth": 4096}
        write_dicom(
            root / "AllDICOMs" / f"{file}_{patient}_MG_{breast}_{projection}_ANON.dcm", pixels, **header
        )
    columns = "Patient ID;Patient age;Laterality;View;Acquisition date;File Name;ACR;Bi-Rads".split(";")
    rows = [["removed", "removed", side, view, 201001, float(file), 3, category]
            for file, _, side, view, category in INBREAST_ROWS]  # fmt: skip
    if table == "csv":
        lines = [";".join(columns)] + [";".join(map(str, [*row[:5], int(row[5]), *row[6:]])) for row in rows]
        (root / "INbreast.csv").write_text("\n".join(lines) + "\n")
    else:
        write_xls(root / "INbreast.xls", [columns, *rows, ["", "", "", "", "", "", "total", 6]])
    return folder


def write_xls(path: Path, rows: list[list]) -> None:
    """An Excel sheet (BIFF2, the oldest and simplest form) of texts and numbers."""

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    cells = b""
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            place = struct.pack("<HH3x", row, column)
            if isinstance(value, str):
                cells += record(0x0004, place + struct.pack("<B", len(value)) + value.encode("latin-1"))
            else:
                cells += record(0x0003, place + struct.pack("<d", value))
    path.write_bytes(record(0x0009, struct.pack("<HH", 2, 0x0010)) + cells + record(0x000A, b""))


# -- BUS-BRA ----------------------------------------------------------------------------------------

#: Name, patient, pathology, BI-RADS and published fold; l and r are two views of one patient, s is the only one.
BUS_BRA_ROWS = [
    ("0001-l", 1, "malignant", 5, 1),
    ("0001-r", 1, "malignant", 5, 1),
    ("0002-l", 2, "benign", 2, 2),
    ("0002-r", 2, "benign", 2, 2),
    ("0003-s", 3, "benign", 4, 1),
    ("0004-s", 4, "malignant", 4, 3),
]


def write_bus_bra(folder: Path) -> Path:
    """Six images of four patients, their masks under other names, and both tables."""
    root = folder / "BUSBRA"
    data = ["ID,Case,Histology,Pathology,BIRADS,Device,Width,Height,Side,BBOX"]
    folds = ["ID,Pathology,kFold"]
    for number, (name, case, pathology, category, fold) in enumerate(BUS_BRA_ROWS):
        write_image(root / "Images" / f"bus_{name}.png", noise(number))
        write_image(root / "Masks" / f"mask_{name}.png", square(20, 10 + number))
        side = {"l": "left", "r": "right", "s": "single"}[name[-1]]
        data.append(f'bus_{name},{case},cyst,{pathology},{category},GE,90,70,{side},"[1,2,3,4]"')
        folds.append(f"bus_{name},{pathology},{fold}")
    (root / "bus_data.csv").write_text("\n".join(data) + "\n")
    (root / "5-fold-cv.csv").write_text("\n".join(folds) + "\n")
    return folder


# -- BrEaST -----------------------------------------------------------------------------------------


def write_breast_usg(folder: Path) -> Path:
    """Four images, masks in the alpha channel, masks of other findings, and the table beside the folder."""
    import pandas as pd

    rows = []
    for number, label in enumerate(["benign", "malignant", "benign", "normal"], start=1):
        stem, images = f"case{number:03}", folder / "BrEaST-Lesions_USG-images_and_masks"
        write_image(images / f"{stem}.png", noise(number))
        masks = {"tumor": label != "normal", "other1": number in (2, 4), "other2": number == 2}
        for kind in (kind for kind, there in masks.items() if there):
            pixels = np.zeros((70, 90, 4), np.uint8)
            pixels[..., 3] = square(15, 5 * number)
            write_image(images / f"{stem}_{kind}.png", pixels)
        tumor = f"{stem}_tumor.png" if masks["tumor"] else ""
        others = "&".join(f"{stem}_{kind}.png" for kind in ("other1", "other2") if masks[kind])
        category = "1" if label == "normal" else "4a"
        known = [57, "confirmed by biopsy", category, label, "Cyst"]
        rows.append([number, f"{stem}.png", tumor, others, 0.0075, *known])
    columns = (
        "CaseID,Image_filename,Mask_tumor_filename,Mask_other_filename,Pixel_size,Age,Verification,BIRADS"
    )
    table = pd.DataFrame(rows, columns=[*columns.split(","), "Classification", "Diagnosis"])
    table.to_excel(folder / "BrEaST-Lesions-USG-clinical-data-Dec-15-2023.xlsx", index=False)
    return folder


# -- BUID, UDIAT Dataset B, BUSC --------------------------------------------------------------------


def write_buid(folder: Path) -> Path:
    """Two lesions a class, numbered from 1 in both: image, mask, and a picture of both that is neither."""
    for index, label in enumerate(("Benign", "Malignant")):
        for number in (1, 2):
            pixels, mask = noise(index, number), square(10, 10 * number)
            write_image(folder / label / f"{number} {label} Image.bmp", pixels)
            write_image(folder / label / f"{number} {label} Mask.tif", mask)
            write_image(folder / label / f"{number} {label} Lesion.bmp", np.maximum(pixels, mask // 2))
    return folder


def write_udiat_b(folder: Path) -> Path:
    """Four images with masks of the same names, and a sheet with their numbers."""
    import pandas as pd

    rows = []
    for number, label in enumerate(["Benign", "Malignant", "Malignant", "Benign"], start=1):
        write_image(folder / "BUS" / "original" / f"{number:06}.png", noise(number))
        write_image(folder / "BUS" / "GT" / f"{number:06}.png", square(10, 5 * number))
        rows.append((number, label, "FA" if label == "Benign" else "IDC"))
    table = pd.DataFrame(rows, columns=["Image", "Type", "Diagnosis"])
    table.to_excel(folder / "BUS" / "DatasetB.xlsx", index=False)
    return folder


def write_busc(folder: Path) -> Path:
    """Images without masks."""
    for index, label in enumerate(("benign", "malignant")):
        for number in (1, 2):
            write_image(
                folder / "originals" / label / f"us{number}.bmp", noise(index, number, shape=(75, 100))
            )
    return folder
