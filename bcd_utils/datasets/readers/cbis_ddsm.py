"""CBIS-DDSM: scanned film mammograms with biopsied lesions (Lee et al. 2017, Scientific Data 4:170177)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.base import SAME_LESION, Dataset, Scan, locator
from bcd_utils.datasets.cbis.files import Index, files_of, index_files, lesion_box, masks_among
from bcd_utils.datasets.cbis.tables import (
    ROWS,
    SHORT,
    TOLD,
    Abnormality,
    by_view,
    patients_in_both_sets,
    read_tables,
    remarks_on_films,
)
from bcd_utils.datasets.files import place
from bcd_utils.study.source import CbisDdsm, Column, Record, Source
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import RAW_DATA

HOMEPAGE = "https://www.cancerimagingarchive.net/collection/cbis-ddsm/"
FOLDER = RAW_DATA / "cbis_ddsm"
STEPS = (
    f"open {HOMEPAGE}, take its four CSV files, and its images with the NBIA Data Retriever (163.6 GB of DICOM) or "
    "the JPEG mirror that Kaggle calls cbis-ddsm-breast-cancer-image-dataset (6 GB, needs an account); put them "
    f"into {FOLDER}, or into any folder and name that as data_dir"
)
CLASSES = ("benign", "malignant")
DEFAULTS = CbisDdsm()

#: Mammograms behind the published rows; those with both kinds of abnormality count once.
MAMMOGRAMS = {
    "mass": {"benign": 845, "malignant": 747},
    "calcification": {"benign": 883, "malignant": 628},
    "all": {"benign": 1685, "malignant": 1347},
}
Rows = list[dict[str, str]]


def scan(folder: Path, wanted: CbisDdsm = DEFAULTS) -> Scan:
    """Find CBIS-DDSM's mammograms or lesions, their masks, labels, patients and published sets.

    A mammogram with several abnormalities is one image, malignant where one of them is. That holds also
    where it is filed under masses and under calcifications: the same film stands twice in the collection, and
    not always in the same published set.

    A lesion is a square around its mask, cut from the mammogram; where there is no mask, the crop that is
    published with it.

    Parameters
    ----------
    folder : Path
        Holds the tables and, in any layout that `files.index_files` knows, the pixels.
    wanted : CbisDdsm

    Returns
    -------
    Scan
        With the columns patient, box, official_split ("train" or "test"), abnormality and `tables.TOLD`.

    Raises
    ------
    StudyError
        If tables or pixels are missing, do not belong together, or there are DICOM files and others.
    """
    cases, whole = list(read_tables(folder, kinds_of(wanted), STEPS)), wanted.region == "mammogram"
    index = index_files(folder)
    files = {path for paths in index.values() for path in paths}
    if not files:
        raise StudyError(f"{folder} holds tables of CBIS-DDSM, but no DICOM or JPEG files of it", STEPS)
    known = {path for case in cases for path in files_of(index, (case.image, *case.parts))}
    if not known:
        raise StudyError(
            f"None of the {len(files)} pixel files in {folder} belongs to a row of its tables",
            "put tables and pixels of the same part together: mass or calcification, training or test",
        )
    if whole:
        rows, remarks = find_mammograms(cases, index, folder)
    else:
        rows, remarks = find_lesions(cases, index, folder, wanted.margin)
    if not rows:
        raise StudyError(f"{folder} holds crops and masks, but none of the mammograms", STEPS)
    images = pd.DataFrame(rows)
    if wanted.abnormality == "all" and files - known:
        remarks.append(f"{len(files - known)} pixel files belong to no row of the tables; left out")
    return Scan(*with_crossing_patients(images, remarks, cases, wanted))


def with_crossing_patients(
    images: pd.DataFrame, remarks: Sequence[str], cases: Sequence[Abnormality], wanted: CbisDdsm
) -> tuple[pd.DataFrame, list[str]]:
    """Images and remarks with patients of both published sets taken as the source asks."""
    crossing = patients_in_both_sets(cases)
    if not crossing:
        return images, [*remarks]
    done = "all their images are taken as train" if wanted.move_crossing_patients else "left as published"
    twice = "are published in train for one kind of abnormality and in test for the other"
    if wanted.move_crossing_patients:
        images.loc[images["patient"].isin(crossing), "official_split"] = "train"
    return images, [*remarks, f"{len(crossing)} patients {twice}; {done}"]


def scan_tables(folder: Path, wanted: CbisDdsm = DEFAULTS) -> Scan:
    """What `scan` finds, from the tables alone: all mammograms or abnormalities, whether or not their pixels are there.

    Raises
    ------
    StudyError
        If a table is missing, or has a line that cannot be right.
    """
    cases = list(read_tables(folder, kinds_of(wanted), STEPS))
    of_lesions = {name_of(case): [case] for case in cases}
    things = by_view(cases) if wanted.region == "mammogram" else of_lesions
    rows = [image_row(folder, name, filed, None) for name, filed in things.items()]
    return Scan(*with_crossing_patients(pd.DataFrame(rows), [], cases, wanted))


def kinds_of(wanted: CbisDdsm) -> list[str]:
    """The kinds of abnormality that a source wants."""
    return list(SHORT) if wanted.abnormality == "all" else [wanted.abnormality]


def find_mammograms(cases: Sequence[Abnormality], index: Index, folder: Path) -> tuple[Rows, list[str]]:
    """One row a mammogram whose pixels are there, with the masks of all its abnormalities; and remarks."""
    rows, lost, unmasked = [], [], 0
    for view, filed in by_view(cases).items():
        films = files_of(index, [case.image for case in filed])
        if not films:
            lost.append(view)
            continue
        masks = [masks_among(files_of(index, case.parts)) for case in filed]
        unmasked += masks.count([])
        rows.append(image_row(folder, view, filed, films[0], sum(masks, [])))
    remarks = remarks_on_films(cases) + remarks_on_absences(lost, "mammograms")
    return rows, remarks + ([f"{unmasked} abnormalities have no mask here"] if unmasked else [])


def find_lesions(
    cases: Sequence[Abnormality], index: Index, folder: Path, margin: float
) -> tuple[Rows, list[str]]:
    """One row an abnormality whose pixels are there, cut from its mammogram or as published; and remarks."""
    rows, lost, published = [], [], 0
    for case in cases:
        name = name_of(case)
        films, parts = files_of(index, [case.image]), files_of(index, case.parts)
        masks = masks_among(parts)
        crops = [path for path in parts if path not in masks]
        box = lesion_box(masks, films[0], margin) if films and masks else ""
        if box:
            rows.append(image_row(folder, name, [case], films[0], masks, box))
        elif crops:
            rows.append(image_row(folder, name, [case], crops[0]))
            published += 1
        else:
            lost.append(name)
    remarks = remarks_on_absences(lost, "abnormalities")
    if published:
        remarks.append(f"{published} lesions lack a mask or their mammogram here; the published crop is used")
    return rows, remarks


def name_of(case: Abnormality) -> str:
    """The id of an abnormality that is an image."""
    return f"{case.view}_{case.kind}_{case.number}"


def image_row(
    folder: Path,
    name: str,
    cases: Sequence[Abnormality],
    path: Path | None,
    masks: Sequence[Path] = (),
    box: str = "",
) -> dict[str, str]:
    """A row of the scan: an image with one abnormality or several."""
    return {
        "id": name,
        "path": place(path, folder) if path else "",
        "label": "malignant" if any(case.label == "malignant" for case in cases) else "benign",
        "masks": "|".join(place(mask, folder) for mask in masks),
        "patient": cases[0].patient,
        "box": box,
        "official_split": "train" if any(case.split == "train" for case in cases) else "test",
        "abnormality": ", ".join(dict.fromkeys(case.kind for case in cases)),
        **{column: " / ".join(dict.fromkeys(case.told[column] for case in cases)) for column in TOLD},
    }


def remarks_on_absences(lost: Sequence[str], things: str) -> list[str]:
    """What the tables name and the folder does not hold."""
    return [f"{len(lost)} {things} have no pixels here (first: {lost[0]}); left out"] if lost else []


def configure(source: Source) -> Dataset:
    """CBIS-DDSM's mammograms or lesions, of the kinds that the source asks for."""
    wanted = source.cbis_ddsm
    things = {"all": "abnormalities", "mass": "masses", "calcification": "calcifications"}[wanted.abnormality]
    if wanted.region == "mammogram":
        title, counts = f"CBIS-DDSM, mammograms with {things}", MAMMOGRAMS[wanted.abnormality]
    else:
        tables = [rows for (kind, _), rows in ROWS.items() if kind in kinds_of(wanted)]
        title, counts = f"CBIS-DDSM, {things}", {name: sum(rows[name] for rows in tables) for name in CLASSES}
    alike = SAME_LESION if wanted.region == "lesion" else None
    read, alone = (partial(way, wanted=wanted) for way in (scan, scan_tables))
    return replace(DATASET, title=title, counts=counts, look_alikes=alike, scan=read, scan_tables=alone)


#: Whether it is a mass or a calcification, too, is what somebody saw.
RECORD = Record(
    {name: Column("known") for name in ("density", "side", "view")}
    | {
        "abnormality": Column("read"),
        "mass_shape": Column("read", group="mass: shape and margins"),
        "mass_margins": Column("read", group="mass: shape and margins"),
        "calc_type": Column("read", group="calcification: type and distribution"),
        "calc_distribution": Column("read", group="calcification: type and distribution"),
        "assessment": Column("read", group="assessment (BI-RADS)"),
        "subtlety": Column("read"),
    }
)

DATASET = Dataset(
    name="cbis_ddsm",
    title="CBIS-DDSM",
    modality="mammography",
    classes=CLASSES,
    counts=MAMMOGRAMS["all"],
    licence="CC BY 3.0",
    citation="Lee RS, Gimenez F, Hoogi A, Miyake KK, Gorovoy M, Rubin DL. A curated mammography data set for use in "
    "computer-aided detection and diagnosis research. Scientific Data 4:170177 (2017). doi:10.1038/sdata.2017.177; "
    "images: The Cancer Imaging Archive, doi:10.7937/K9/TCIA.2016.7O02S9CY",
    homepage=HOMEPAGE,
    locate=locator("cbis_ddsm", "CBIS-DDSM", STEPS),
    scan=scan,
    record=RECORD,
    scan_tables=scan_tables,
    size="163.6 GB of DICOM, or 6 GB of JPEG",
    steps=STEPS,
    configure=configure,
)
