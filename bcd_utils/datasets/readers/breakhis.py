"""BreakHis: breast histopathology at four magnifications (Spanhol et al. 2016, IEEE TBME 63:1455-1462)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.base import Dataset, Scan, fetcher, locator
from bcd_utils.datasets.files import image_files, place
from bcd_utils.study.source import Source
from bcd_utils.utils.errors import StudyError

URL = "http://www.inf.ufpr.br/vri/databases/BreaKHis_v1.tar.gz"
HOMEPAGE = "https://web.inf.ufpr.br/vri/databases/breast-cancer-histopathological-database-breakhis/"
ARCHIVE = "BreaKHis_v1.tar.gz"

MAGNIFICATIONS = (40, 100, 200, 400)
BENIGN = {"A": "adenosis", "F": "fibroadenoma", "PT": "phyllodes_tumor", "TA": "tubular_adenoma"}
MALIGNANT = {
    "DC": "ductal_carcinoma", "LC": "lobular_carcinoma", "MC": "mucinous_carcinoma", "PC": "papillary_carcinoma",
}  # fmt: skip
SUBTYPES = BENIGN | MALIGNANT

#: Published images of each subtype at each of `MAGNIFICATIONS`.
COUNTS = {
    "adenosis": (114, 113, 111, 106),
    "fibroadenoma": (253, 260, 264, 237),
    "phyllodes_tumor": (109, 121, 108, 115),
    "tubular_adenoma": (149, 150, 140, 130),
    "ductal_carcinoma": (864, 903, 896, 788),
    "lobular_carcinoma": (156, 170, 163, 137),
    "mucinous_carcinoma": (205, 222, 196, 169),
    "papillary_carcinoma": (145, 142, 135, 138),
}

#: SOB_M_DC-14-2523-40-010: class, subtype, year and slide, magnification, number.
NAME = re.compile(
    rf"^SOB_(?:B_(?P<benign>{'|'.join(BENIGN)})|M_(?P<malignant>{'|'.join(MALIGNANT)}))"
    r"-(?P<slide>(?P<case>\d+-\d+)[A-Z]*)-(?P<magnification>40|100|200|400)-\d+$"
)


def scan(
    folder: Path,
    magnifications: Sequence[int] = MAGNIFICATIONS,
    target: str = "class",
    title: str = "BreakHis",
) -> Scan:
    """Find BreakHis' images below any folder of its tree; all that is known is in the file names.

    **Patients.** The publication counts 82 patients, which are its 82 slide folders (24 benign, 58 malignant).
    But the letters behind a slide's number name blocks of one case: 14-22549AB, 14-22549CD and 14-22549G are
    three folders, 14-29960AB and 14-29960CD are even two subtypes, and the 82 folders have 70 numbers. One
    case in train and test would leak, so the patient is the number without its letters. The column ``slide``
    keeps the letters for whoever wants the published 82.

    **Slide 14-13412** is filed, with the same images, as ductal and as lobular carcinoma; that is remarked.

    Parameters
    ----------
    folder : Path
    magnifications : sequence of int
        Which to read, of `MAGNIFICATIONS`.
    target : {"class", "subtype"}
        What the label is: benign or malignant, or one of `SUBTYPES`.
    title : str
        For the message where there are none.

    Returns
    -------
    Scan
        With the columns patient, subtype, magnification (int) and slide.

    Raises
    ------
    StudyError
        If there are no such images.
    """
    rows: dict[str, tuple[str | int, ...]] = {}
    strange = twice = 0
    for path in image_files(folder, [".png"]):
        if not path.name.startswith("SOB_"):
            continue
        name = NAME.match(path.stem)
        strange += name is None
        if name is None or int(name["magnification"]) not in magnifications:
            continue
        twice += path.stem in rows
        subtype = SUBTYPES[name["benign"] or name["malignant"]]
        label = subtype if target == "subtype" else "benign" if name["benign"] else "malignant"
        known = (label, "", name["case"], subtype, int(name["magnification"]), name["slide"])
        rows.setdefault(path.stem, (place(path, folder), *known))
    if not rows:
        raise StudyError(
            f"{folder} holds no images of {title}",
            f"give a folder of its tree, where files are called like SOB_M_DC-14-2523-40-010.png ({HOMEPAGE})",
        )
    columns = ["path", "label", "masks", "patient", "subtype", "magnification", "slide"]
    images = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("id").reset_index()
    oddities = {"begin with SOB_ but are not named as published": strange, "have the name of another": twice}
    remarks = [f"{count} files {what}; left out" for what, count in oddities.items() if count]
    return Scan(images, remarks + remarks_on_slides(images))


def remarks_on_slides(images: pd.DataFrame) -> list[str]:
    """Slides that are filed under two subtypes, and slides of one case."""
    folders = images.groupby(["slide", "subtype"], sort=False).size()
    remarks = []
    for slide, counts in folders.groupby("slide", sort=False):
        if len(counts) > 1:
            filed = " and ".join(f"{subtype} ({count} images)" for (_, subtype), count in counts.items())
            remarks.append(f"slide {slide} is filed as {filed}")
    cases = images["patient"].nunique()
    if cases < len(folders):
        blocks = "blocks of one case (14-22549AB and 14-22549CD, say) count as one patient"
        remarks.append(f"{len(folders)} slide folders are of {cases} cases; {blocks}")
    return remarks


def configure(source: Source) -> Dataset:
    """BreakHis at the magnifications, and with the classes, that the source asks for."""
    wanted = source.breakhis
    zooms = MAGNIFICATIONS if wanted.magnification == "all" else (wanted.magnification,)
    title = DATASET.title if len(zooms) > 1 else f"{DATASET.title} at {zooms[0]}x"
    counts = {
        subtype: sum(count for zoom, count in zip(MAGNIFICATIONS, published, strict=True) if zoom in zooms)
        for subtype, published in COUNTS.items()
    }
    if wanted.target == "class":
        sides = {"benign": BENIGN, "malignant": MALIGNANT}
        counts = {side: sum(counts[kind] for kind in kinds.values()) for side, kinds in sides.items()}
    read = partial(scan, magnifications=zooms, target=wanted.target, title=title)
    return replace(DATASET, title=title, classes=tuple(counts), counts=counts, scan=read)


DATASET = Dataset(
    name="breakhis",
    title="BreakHis",
    modality="breast histopathology",
    classes=("benign", "malignant"),
    counts={"benign": 2480, "malignant": 5429},
    licence="CC BY 4.0",
    citation="Spanhol FA, Oliveira LS, Petitjean C, Heutte L. A dataset for breast cancer histopathological image "
    "classification. IEEE Transactions on Biomedical Engineering 63(7):1455-1462 (2016). "
    "doi:10.1109/TBME.2015.2496264",
    homepage=HOMEPAGE,
    locate=locator(
        "breakhis/unpacked",
        "BreakHis",
        "run 'bcd fetch breakhis', or pass --data-dir with any folder of its tree, or its archive",
    ),
    scan=scan,
    fetch=fetcher("breakhis", URL, ARCHIVE, f"get {ARCHIVE} from {HOMEPAGE}, put it"),
    size="about 4 GB",
    configure=configure,
)
