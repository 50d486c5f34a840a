"""What is known of images besides their pixels: columns of tables, each with the kind that it was declared to be of.

Known before the image, or read from it: the second is another reader's opinion. What is known only after the outcome
is refused by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.datasets import dataset_of
from bcd_utils.datasets.at_hand import read_folder
from bcd_utils.datasets.base import MANIFEST_COLUMNS, AtHand, Dataset
from bcd_utils.datasets.labels_table import file_of, rows_of_images
from bcd_utils.datasets.sheets import read_sheet
from bcd_utils.study.source import Column, Record, Source
from bcd_utils.utils.errors import StudyError, allowed_instead
from bcd_utils.utils.words import counted

KINDS = {"known": "known before the image", "read": "read from the image by another reader"}
#: Beginnings of words that name what is known only once the outcome is, and of words before which it is the past.
OUTCOME = re.compile(
    r"(?<![a-z])(patholog|histo|cytolog|biops|diagnos|verif|outcome|malign|benign|label|class(?!ic)|truth|target|surg|"
    r"excis|mastect|lumpect|recurr|surviv|mortal|death|metast|stag|grad|recept|her2|ki67|callback|follow|treat|chemo|"
    r"radiother|therap)"
)
EARLIER = re.compile(r"(?<![a-z])(previous|prior|past|former|earlier|famil|history|histories)")
#: What people write where they know nothing.
UNKNOWN = frozenset(
    ["", "na", "n/a", "nan", "null", "?", "-", "missing", "unknown", "not known", "not available"]
)
MOST_CATEGORIES = 200


@dataclass(frozen=True)
class Records:
    """The record of each image.

    Attributes
    ----------
    values : pandas.DataFrame
        Rows as the images'; numbers are float, NaN where missing; categories are text, "" where missing.
    columns : dict of name to Column
        Of the table's columns what each is.
    unused : dict of name to str
        Columns that are there and not used, and why.
    remarks : list of str
    """

    values: pd.DataFrame
    columns: dict[str, Column]
    unused: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def of_kind(self, *kinds: str) -> list[str]:
        """Names of the columns of some `KINDS`."""
        return [name for name, column in self.columns.items() if column.kind in kinds]

    def missing(self) -> pd.DataFrame:
        """Which values are not known, bool, rows and columns as in ``values``."""
        return self.values.isna() | (self.values == "")


def declared(dataset: Dataset, given: Record | None) -> dict[str, Column]:
    """The columns that a data set and a source's settings declare.

    Raises
    ------
    StudyError
        If there is none, or the name of one says that it is known only after the outcome.
    """
    columns = {**dataset.record.columns, **(given.columns if given else {})}
    for name in columns:
        if after_the_outcome(name):
            problem = (
                f"source.record.columns: {name!r} is known only after the outcome, so it cannot foretell it"
            )
            fix = "leave it out; where it is of earlier times, call it so: previous_biopsy, say"
            raise StudyError(problem, fix)
    if not columns:
        problem = f"{dataset.title} has no column that is declared as known before the image or read from it"
        fix = "declare some, such as source.record.columns: {age: {kind: known, values: number}}"
        raise StudyError(problem, fix)
    return columns


def after_the_outcome(name: str) -> bool:
    """Whether a column's name says that it is known only once the outcome is.

    Examples
    --------
    >>> [after_the_outcome(name) for name in ("Pathology", "biopsy_result", "previous_biopsy", "BIRADS", "Age")]
    [True, True, False, False, False]
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower().replace("_", " ")
    return bool(OUTCOME.search(words)) and not EARLIER.search(words)


def read_cases(source: Source) -> AtHand:
    """The images of a source, found but not opened; from its tables alone, where these name all of them.

    Raises
    ------
    StudyError
        If there are none, or not as many as published.
    """
    dataset = dataset_of(source)
    if dataset.scan_tables:
        dataset = replace(dataset, scan=dataset.scan_tables)
    found = read_folder(dataset, dataset.locate(source))
    if not source.allow_partial:
        dataset.check_counts(found.scan.images, found.folder)
    return found


def records_of(dataset: Dataset, given: Record | None, folder: Path, images: pd.DataFrame) -> Records:
    """The record of each image of a data set.

    Parameters
    ----------
    dataset : Dataset
    given : Record or None
        What a source's settings add.
    folder : Path
        Where the paths count from.
    images : pandas.DataFrame of str
        Columns id, path, label, patient ("" where unknown), and those that come with the images.

    Raises
    ------
    StudyError
        As `declared`; if a column that the settings name is not there, a table's key fits nothing or stands twice with
        other values, a number is none, or categories are too many.
    """
    columns = declared(dataset, given)
    own = images.drop(columns=[*MANIFEST_COLUMNS, "official_split", "split"], errors="ignore")
    if dataset.draw_record:
        own = own.join(dataset.draw_record(images))
    own = own.set_axis(images["id"], axis=0)
    file = file_of(given.file, folder, "source.record.file") if given and given.file else None
    table = read_sheet(file) if file else pd.DataFrame()
    key = _key_of(given, table, file) if given and file else ""
    found = {name: (own[name], f"{dataset.title}, image") for name in own}
    found |= {name: (table[name], f"{file}, line") for name in table}
    absent = [name for name in columns if name not in found]
    if wrong := [name for name in absent if given and name in given.columns]:
        fix = f"mend source.record.columns: {allowed_instead(wrong[0], list(found))}"
        raise StudyError(f"There is no column {wrong[0]!r} in the record of {dataset.title}", fix)
    remarks = [f"the column {name} is not in the tables here" for name in absent]
    used = {name: column for name, column in columns.items() if name in found and name != key}
    values = pd.DataFrame(index=images.index)
    for name in used.keys() - set(table):
        values[name] = _read(name, used[name], *found[name]).to_numpy()
    if given and file:
        read = {name: _read(name, used[name], *found[name]) for name in used if name in table}
        rows, more = _of_images(table[[key]].assign(**read), key, given.rows, file, images)
        remarks += more
        values = values.join(rows)
    values = values[list(used)]
    text = [name for name, column in used.items() if column.values == "category"]
    unused = {
        name: "known only after the outcome" if after_the_outcome(name) else "not declared"
        for name in found
        if name not in {key, *used}
    }
    return Records(values.fillna(dict.fromkeys(text, "")), used, unused, remarks)


def _key_of(given: Record, table: pd.DataFrame, file: Path) -> str:
    key = given.key or ("patient" if given.rows == "patient" else "path")
    if key not in table:
        problem = f"{file}, line 1: there is no column {key!r}"
        raise StudyError(problem, f"set source.record.key to one of {', '.join(table)}")
    return key


def _of_images(
    table: pd.DataFrame, key: str, about: str, file: Path, images: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """A file's values for each image, missing where it has no line, and remarks."""
    if about == "image":
        names = images["path"].where(images["path"] != "", images["id"])
        own, lost = rows_of_images(table.rename(columns={key: "path"}), list(names), str(file))
        own = own.drop(columns="path")
    else:
        names = images["patient"]
        if not (names != "").any():
            problem = f"{file} is about patients, and no patient of the images is named"
            raise StudyError(problem, "name them with source.patients, or set source.record.rows to image")
        own, lost = _of_patients(table, key, set(names) - {""}, file)
    if lost and not len(own):
        problem = (
            f"{file}, line {lost[0]}: {table[key][lost[0]]!r} is no {about} of the images, nor is any other"
        )
        raise StudyError(
            f"{problem} line", f"set source.record.key to a column with names such as {names.iloc[0]}"
        )
    first = f" (first: line {lost[0]}, {table[key][lost[0]]!r})" if lost else ""
    remarks = [f"{counted(len(lost), 'line')} of {file.name} without an image{first}"] if lost else []
    if without := int((~names.isin(own.index)).sum()):
        remarks.append(
            f"{counted(without, 'image')} without a line in {file.name}: its columns are missing there"
        )
    return own.reindex(names).set_axis(images.index, axis=0), remarks


def _of_patients(
    table: pd.DataFrame, key: str, patients: set[str], file: Path
) -> tuple[pd.DataFrame, list[int]]:
    """The values of each patient, and the lines of others."""
    told = table[table[key].isin(patients)]
    once = told.drop_duplicates()
    again = once[once[key].duplicated()]
    if len(again):
        line, name = again.index[0], again[key].iloc[0]
        first = once.index[once[key] == name][0]
        column = next(each for each in once if str(again[each].iloc[0]) != str(once.loc[first, each]))
        values = f"{again[column].iloc[0]!r} here, and {once.loc[first, column]!r} in line {first}"
        problem = f"{file}, line {line}: {column} of {name!r} is {values}"
        raise StudyError(problem, "keep one of the lines, or make them agree")
    return once.set_index(key), table.index[~table[key].isin(patients)].tolist()


def _read(name: str, column: Column, given: pd.Series, where: str) -> pd.Series:
    """The values of a column: numbers, or text with "" for what is not known; its index says which line or image."""
    text = given.astype(object).map(str.strip)
    text = text.where(~text.str.lower().isin(UNKNOWN), "")
    if column.values == "category":
        if (different := text.nunique()) > MOST_CATEGORIES:
            table = where.rpartition(", ")[0]
            problem = f"{table}: {name} has {different:,} different values, too many for categories"
            fix = f"set source.record.columns.{name}.values to number, or leave the column out"
            raise StudyError(problem, fix)
        return text
    numbers = pd.to_numeric(text.where(text != "", None), errors="coerce").astype(float)
    wrong = text[(text != "") & ~np.isfinite(numbers)]
    if len(wrong):
        problem = f"{where} {wrong.index[0]}: {name} is {wrong.iloc[0]!r}, which is no number"
        more = f" ({counted(len(wrong), 'value')} in all)" if len(wrong) > 1 else ""
        fix = f"mend it{more}, or set source.record.columns.{name}.values to category"
        raise StudyError(problem, fix)
    return numbers


def columns_table(records: Records) -> pd.DataFrame:
    """What there is in the records: kind, values and group of each column, and why others are not used."""
    values, missing = records.values, records.missing()
    rows: Mapping[str, dict[str, str]] = {
        name: {
            "kind": KINDS[column.kind],
            "values": f"{column.values}, {values[name][~missing[name]].nunique():,} different",
            "told of with": column.group,
            "missing": f"{missing[name].mean():.1%}",
        }
        for name, column in records.columns.items()
    } | {name: {"kind": f"not used: {why}"} for name, why in records.unused.items()}
    return pd.DataFrame.from_dict(rows, orient="index").fillna("").rename_axis("column")
