"""What CBIS-DDSM's four tables say: one row an abnormality, and what is odd about them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bcd_utils.datasets.csv_rows import numbered_records, tables_below
from bcd_utils.utils.errors import StudyError

SHORT = {"mass": "mass", "calcification": "calc"}
PATHOLOGY = {"BENIGN": "benign", "BENIGN_WITHOUT_CALLBACK": "benign", "MALIGNANT": "malignant"}

#: Published rows of each table.
ROWS = {
    ("mass", "train"): {"benign": 681, "malignant": 637},
    ("mass", "test"): {"benign": 231, "malignant": 147},
    ("calcification", "train"): {"benign": 1002, "malignant": 544},
    ("calcification", "test"): {"benign": 197, "malignant": 129},
}
COLUMNS = (
    "patient_id", "left or right breast", "image view", "abnormality id", "pathology", "image file path",
    "cropped image file path", "ROI mask file path",
)  # fmt: skip
#: What the tables tell of an abnormality, and what they call it; of a calcification's mass margins, say, nothing.
TOLD = {
    "density": ("breast_density", "breast density"),
    "side": ("left or right breast",),
    "view": ("image view",),
    "mass_shape": ("mass shape",),
    "mass_margins": ("mass margins",),
    "calc_type": ("calc type",),
    "calc_distribution": ("calc distribution",),
    "assessment": ("assessment",),
    "subtlety": ("subtlety",),
}
PATH = re.compile(r"[^/]+(/[^/]+){3}")


class Abnormality(NamedTuple):
    """One row of the tables.

    Attributes
    ----------
    view : str
        The mammogram: patient, breast and projection.
    kind : {"mass", "calcification"}
    number : str
        Counts the abnormalities of one kind in one mammogram.
    split : {"train", "test"}
    image, parts : str
        The path of the mammogram, and those of its crop and mask (in either order), as printed.
    told : mapping of str to str
        Each of `TOLD`.
    """

    patient: str
    view: str
    kind: str
    number: str
    label: str
    split: str
    image: str
    parts: tuple[str, ...]
    told: Mapping[str, str]


def read_tables(folder: Path, kinds: Sequence[str], advice: str) -> Iterator[Abnormality]:
    """Rows of the tables of some kinds of abnormality, wherever they are below ``folder``.

    BENIGN_WITHOUT_CALLBACK (known for benign without a biopsy) counts as benign.

    Raises
    ------
    StudyError
        If a table is missing (``advice`` says how to get it), or has a line that cannot be right.
    """
    for kind, split in ROWS:
        if kind not in kinds:
            continue
        name = f"{SHORT[kind]}_case_description_{split}_set.csv"
        tables = tables_below(folder, name)
        if not tables:
            raise StudyError(f"{folder} holds no {name}, a table of CBIS-DDSM", advice)
        fix = f"take {name} as it is published"
        # Of a column that is not there all values would be missing, and that taken for a leak.
        told = [names for key, names in TOLD.items() if not key.startswith(f"{SHORT[other_than(kind)]}_")]
        for line, cells in numbered_records(tables[0], [*COLUMNS, *told], fix, fix):
            patient, side, projection, number, pathology, image, *parts = (
                cells[column] for column in COLUMNS
            )
            if pathology not in PATHOLOGY or not all(map(PATH.fullmatch, (image, *parts))):
                raise StudyError(f"{tables[0]}, line {line}: not a row as published", fix)
            view = f"{patient}_{side}_{projection}"
            label, found = PATHOLOGY[pathology], told_by(cells, kind)
            yield Abnormality(patient, view, kind, number, label, split, image, tuple(parts), found)


def other_than(kind: str) -> str:
    """The other kind of abnormality."""
    return next(each for each in SHORT if each != kind)


def told_by(cells: Mapping[str, str], kind: str) -> dict[str, str]:
    """Each of `TOLD` in a row, "" where it is not there.

    Examples
    --------
    >>> told = told_by({"breast density": "3", "calc type": "PUNCTATE"}, "calcification")
    >>> told["density"], told["calc_type"], told["mass_shape"]
    ('3', 'PUNCTATE', 'not a mass')
    """
    told = {name: next(filter(None, map(cells.get, columns)), "") for name, columns in TOLD.items()}
    other = other_than(kind)
    return {
        name: f"not a {other}" if name.startswith(f"{SHORT[other]}_") else value
        for name, value in told.items()
    }


def by_view(cases: Sequence[Abnormality]) -> dict[str, list[Abnormality]]:
    """The abnormalities of each mammogram."""
    views: dict[str, list[Abnormality]] = defaultdict(list)
    for case in cases:
        views[case.view].append(case)
    return views


def patients_in_both_sets(cases: Sequence[Abnormality]) -> set[str]:
    """Patients that are published in train (for one kind of abnormality) and in test (for the other)."""
    train, test = ({case.patient for case in cases if case.split == split} for split in ("train", "test"))
    return train & test


def remarks_on_films(cases: Sequence[Abnormality]) -> list[str]:
    """Mammograms with several abnormalities, and those that are filed under both kinds."""
    views = by_view(cases).values()
    several = sum(len(filed) > 1 for filed in views)
    twice = [filed for filed in views if len({case.kind for case in filed}) > 1]
    apart = sum(len({case.split for case in filed}) > 1 for filed in twice)
    remarks = {
        "have several abnormalities; each is one image, malignant where one is": several,
        f"are filed under masses and under calcifications, {apart} of them in train and in test; each is one image "
        "here, of train where it is in both": len(twice),
    }
    return [f"{count} mammograms {what}" for what, count in remarks.items() if count]
