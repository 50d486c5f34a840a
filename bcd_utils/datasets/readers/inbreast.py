"""INbreast: full-field digital mammograms (Moreira et al. 2012, Academic Radiology 19:236-248)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from bcd_utils.datasets.base import Dataset, Scan, locator
from bcd_utils.datasets.csv_rows import numbered_rows, tables_below
from bcd_utils.datasets.files import image_files, place
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import natural_key
from bcd_utils.utils.paths import RAW_DATA

HOMEPAGE = "https://doi.org/10.1016/j.acra.2011.09.014"
FOLDER = RAW_DATA / "inbreast"
STEPS = (
    f"ask its authors ({HOMEPAGE}), whose own page is no longer there, or take a mirror such as Kaggle's "
    f"tommyngx/inbreast2012 (needs an account); unpack it into {FOLDER}, or into any folder and name that as data_dir"
)
COLUMNS = ("File Name", "Bi-Rads")
#: 22678622_61b13c59bcba149e_MG_L_CC_ANON: file, patient, modality, breast, projection.
NAME = re.compile(r"^(?P<file>\d+)_(?P<patient>[0-9a-f]+)_MG_[LR]_[A-Z]+_ANON$", re.IGNORECASE)
LABELS = {"1": "normal", "2": "benign", "3": "benign", "4": "malignant", "5": "malignant", "6": "malignant"}


def scan(folder: Path) -> Scan:
    """Find INbreast's mammograms (``AllDICOMs``), their patients, and labels from BI-RADS.

    **The labels are no pathology.** INbreast publishes what radiologists thought: BI-RADS 1 (negative) is
    taken as normal, 2 (benign) and 3 (probably benign, at most 2% malignant) as benign, 4 (suspicious), 5
    (highly suggestive of malignancy) and 6 (proven) as malignant, by the definitions of the ACR's BI-RADS
    atlas (2013). Others leave out 3. The column ``bi_rads`` keeps the category.

    Raises
    ------
    StudyError
        If mammograms or the table are missing, or the table has a line that cannot be right.
    """
    films: dict[str, tuple[str, str]] = {}
    for path in sorted(image_files(folder), key=lambda path: natural_key(path.name)):
        if name := NAME.match(path.stem):
            films.setdefault(name["file"], (name["patient"], place(path, folder)))
    if not films:
        raise StudyError(f"{folder} holds no mammograms of INbreast", STEPS)
    categories = read_table(folder)
    rows = [
        (film, path, LABELS[categories[film][0]], "", patient, categories[film])
        for film, (patient, path) in films.items()
        if film in categories
    ]
    remarks = ["labels are BI-RADS categories, not pathology: 1 normal, 2 and 3 benign, 4 to 6 malignant"]
    for count, what in (
        (len(films) - len(rows), "mammograms are in no line of the table; left out"),
        (len(categories.keys() - films.keys()), "lines of the table have no mammogram here"),
    ):
        remarks += [f"{count} {what}"] if count else []
    if not rows:
        raise StudyError(f"No mammogram in {folder} is in its table", "take both from one copy of INbreast")
    columns = ["id", "path", "label", "masks", "patient", "bi_rads"]
    return Scan(pd.DataFrame(rows, columns=columns), remarks)


def read_table(folder: Path) -> dict[str, str]:
    """BI-RADS category ("2", "4a") of each file, from ``INbreast.csv`` or ``INbreast.xls``."""
    tables = tables_below(folder, "INbreast.csv") + tables_below(folder, "INbreast.xls")
    if not tables:
        raise StudyError(f"{folder} holds no INbreast.csv and no INbreast.xls", STEPS)
    fix = f"take {tables[0].name} as it is published"
    if tables[0].suffix == ".csv":
        lines = numbered_rows(tables[0], COLUMNS, fix, fix, delimiter=";")
    else:
        lines = xls_lines(tables[0], fix)
    categories = {}
    for line, (name, category) in lines:
        name, category = name.partition(".")[0], category.lower().partition(".")[0]
        if not name.isdecimal():  # the sheet ends with sums
            continue
        if category[:1] not in LABELS:
            problem = f"{tables[0]}, line {line}: {category!r} is no BI-RADS category from 1 to 6"
            raise StudyError(problem, fix)
        categories[name] = category
    return categories


def xls_lines(path: Path, fix: str) -> Iterator[tuple[int, list[str]]]:
    """Line number, file and category of each line of the first sheet."""
    import xlrd

    try:
        sheet = xlrd.open_workbook(path).sheet_by_index(0)
    except (xlrd.XLRDError, OSError) as error:
        raise StudyError(f"{path} cannot be read ({error})", fix) from None
    header = [str(cell).strip() for cell in sheet.row_values(0)] if sheet.nrows else []
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise StudyError(f"{path}, line 1: there is no column '{missing[0]}'", fix)
    for line in range(1, sheet.nrows):
        cells = sheet.row_values(line)
        yield line + 1, [str(cells[header.index(column)]).strip() for column in COLUMNS]


DATASET = Dataset(
    name="inbreast",
    title="INbreast (labels from BI-RADS, not pathology)",
    modality="mammography",
    look_alikes=None,
    classes=("benign", "malignant", "normal"),
    counts={"benign": 243, "malignant": 100, "normal": 67},
    licence="for research, on request",
    citation="Moreira IC, Amaral I, Domingues I, Cardoso A, Cardoso MJ, Cardoso JS. INbreast: toward a full-field "
    "digital mammographic database. Academic Radiology 19(2):236-248 (2012). doi:10.1016/j.acra.2011.09.014",
    homepage=HOMEPAGE,
    locate=locator("inbreast", "INbreast", STEPS),
    scan=scan,
    steps=STEPS,
)
