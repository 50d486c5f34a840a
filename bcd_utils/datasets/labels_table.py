"""Tables that come with images: who is who, which class, which set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from unicodedata import normalize

import pandas as pd

from bcd_utils.datasets.class_names import plain
from bcd_utils.datasets.csv_rows import numbered_rows
from bcd_utils.datasets.path_index import PathIndex
from bcd_utils.datasets.sheets import read_sheet
from bcd_utils.study.source import Table
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import walk
from bcd_utils.utils.path_text import as_typed, text_of
from bcd_utils.utils.words import counted

GROUPS = "groups.csv"
COLUMNS = ("path", "group")


def table_files(wanted: Table, folder: Path) -> list[Path]:
    """The files of a source's table, found below its data folder.

    Raises
    ------
    StudyError
        If one is missing, or may be several.
    """
    given = (wanted.file,) if isinstance(wanted.file, str) else wanted.file or ()
    if not given:
        raise StudyError("source.table names no file", "write source.table.file as seen from the data folder")
    return [file_of(name, folder) for name in given]


def file_of(name: str, folder: Path, called: str = "source.table.file") -> Path:
    """The file of a name as settings have it: seen from a data folder, anywhere below it, or a whole path."""
    direct = folder / Path(name).expanduser()
    if direct.is_file():
        return direct
    found = sorted(
        path for path, _ in walk(folder) if path.match(name) and not path.name.startswith(("~$", "._"))
    )
    if len(found) == 1:
        return found[0]
    problem = f"There is no table {direct}"
    if found:
        problem = f"The table {name} may be {found[0]} or {found[1]}"
    raise StudyError(problem, f"write {called} as seen from {folder}, or as a whole path")


def table_of_images(
    wanted: Table, files: Sequence[Path], folder: Path, images: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """What a source's table says of each image.

    Parameters
    ----------
    wanted : Table
    files : sequence of Path
        From `table_files`.
    folder : Path
        The data folder.
    images : sequence of str
        Paths below it.

    Returns
    -------
    rows : pandas.DataFrame of str
        Columns label, patient, split (those that the table has), then the kept ones; index: paths of the images
        that have a line in each of the files.
    remarks : list of str

    Raises
    ------
    StudyError
        If a file is no table, lacks a column that was named, or does not fit the images.
    """
    rows, remarks = pd.DataFrame(), list[str]()
    for file in files:
        own, more = _rows_of(file, wanted.path, folder, images)
        remarks += more
        rows = own if file == files[0] else _joined(rows, own, file)
    by_name = {plain(column): column for column in rows}
    roles = {}
    for role in ("label", "patient", "split"):
        column = getattr(wanted, role) or by_name.get(role)
        if column is not None:
            roles[column] = role
    keep = [column for column in rows if column not in roles] if wanted.keep is None else list(wanted.keep)
    missing = [column for column in [*roles, *keep] if column not in rows]
    if missing:
        named = {getattr(wanted, role): f"source.table.{role}" for role in ("label", "patient", "split")}
        fix = f"write one of {', '.join(rows)} into {named.get(missing[0], 'source.table.keep')}"
        raise StudyError(f"{files[0]}, line 1: there is no column '{missing[0]}'", fix)
    told = rows[list(roles)].rename(columns=roles)
    return told.join(rows[keep].rename(columns=_apart(keep, told))), remarks


def _rows_of(
    file: Path, column: str | None, folder: Path, images: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """The line of each image in one file, without its path, and remarks."""
    table = read_sheet(file)
    paths = column or next((name for name in table if plain(name) == "path"), None)
    if paths not in table:
        if not len(table.columns):
            raise StudyError(
                f"{file} is empty", "write a line with the names of its columns, and one for each image"
            )
        fix = f"set source.table.path to one of {', '.join(table)}"
        raise StudyError(f"{file}, line 1: there is no column '{paths or 'path'}'", fix)
    table = table.rename(columns={paths: "path"})
    base = text_of(file.parent.relative_to(folder)) if file.is_relative_to(folder) else "."
    own, lost = rows_of_images(table, images, str(file), base)
    if len(lost) and not len(own):
        example = PurePosixPath(images[0]).name if images else "image.png"
        problem = (
            f"{file}, line {lost[0]}: {table['path'][lost[0]]!r} is no image, nor is that of any other line"
        )
        raise StudyError(problem, f"set source.table.path to a column with paths or names such as {example}")
    first = f"(first: line {lost[0]}, {table['path'][lost[0]]!r})" if lost else ""
    remarks = [f"{counted(len(lost), 'line')} of {file.name} without an image {first}"] if lost else []
    if len(own) < len(images):
        without = next(image for image in images if image not in own.index)
        several = counted(len(images) - len(own), "image")
        remarks.append(f"{several} without a line in {file.name} (first: {without})")
    return own.drop(columns="path"), remarks


def _joined(rows: pd.DataFrame, further: pd.DataFrame, file: Path) -> pd.DataFrame:
    """Both tables' columns; those that both have must agree."""
    both = rows.index.intersection(further.index)
    for column in rows.columns.intersection(further.columns):
        differs = both[(rows.loc[both, column] != further.loc[both, column]).to_numpy()]
        if len(differs):
            values = (
                f"{further.loc[differs[0], column]!r}, and {rows.loc[differs[0], column]!r} in another table"
            )
            raise StudyError(f"{file}: {column} of {differs[0]} is {values}", "make the tables agree")
    return rows.join(further[further.columns.difference(rows.columns, sort=False)]).fillna("")


def _apart(keep: Sequence[str], roles: Iterable[str]) -> dict[str, str]:
    """Names for kept columns that are called as one that every manifest has."""
    from bcd_utils.datasets.base import MANIFEST_COLUMNS

    taken = {*MANIFEST_COLUMNS, *roles, "official_split", "split", "format", "mode", "bytes"}
    return {column: f"table_{column}" for column in keep if column in taken}


def rows_of_images(
    table: pd.DataFrame, images: Sequence[str], name: str, base: str = "."
) -> tuple[pd.DataFrame, list[int]]:
    """The table's line for each image, and the lines that name none.

    A line means the image of that path below the data folder, or below the table's own; else the one image whose
    path ends so, with or without its suffix; else, where it is a number, the one image with that number for a
    name. Backslashes, capital letters and folders above the data folder do not matter where they need not.

    Parameters
    ----------
    table : pandas.DataFrame
        With the column path; its index are line numbers.
    images : sequence of str
        Paths below the data folder.
    name : str
        What messages call the table.
    base : str
        Where the table lies below the data folder.

    Returns
    -------
    rows : pandas.DataFrame
        Index: the paths of the images that have a line.
    lost : list of int

    Raises
    ------
    StudyError
        If one line may mean several images, or an image has two lines that differ.
    """
    index, found, lost = PathIndex(images), dict[str, int](), []
    for line, given in table["path"].items():
        meant = index.meant(given, base)
        if len(meant) > 1:
            problem = f"{name}, line {line}: {given!r} may be {meant[0]} or {meant[1]}"
            raise StudyError(problem, "write paths as seen from the data folder")
        lost += [] if meant else [line]
        for image in meant:
            first = found.setdefault(image, line)
            if first != line and not table.loc[first].drop("path").equals(table.loc[line].drop("path")):
                problem = f"{name}, line {line}: {given!r} stands in line {first} too, with other values"
                raise StudyError(problem, "keep one of the lines")
    return table.loc[list(found.values())].set_axis(list(found), axis=0), lost


def read_patients(path: Path, folder: Path, images: set[str]) -> dict[str, str]:
    """The patient of each image, by its path below ``folder``, from a CSV table with ``path`` and ``group``.

    Parameters
    ----------
    path : Path
        The table; its paths count from where it lies.
    folder : Path
        The data set's folder.
    images : set of str
        Paths below ``folder`` that are images.

    Raises
    ------
    StudyError
        Naming the table and the line.
    """
    below = path.parent.relative_to(folder) if path.parent.is_relative_to(folder) else Path()
    base, own = PurePosixPath(text_of(below)), PurePosixPath(as_typed(text_of(below)))
    patients: dict[str, str] = {}
    typed = {as_typed(image): image for image in images}
    begin = f"begin it with the line {','.join(COLUMNS)}"
    rows = numbered_rows(path, COLUMNS, begin, "save it as CSV in UTF-8", skipinitialspace=True)
    for line, (name, patient) in rows:
        given = name.replace("\\", "/")
        image = (base / given).as_posix()
        image = image if image in images else typed.get(normalize("NFC", (own / given).as_posix()), image)
        if image not in images:
            fix = f"write its path as seen from {path.parent}, such as benign/image.png"
            raise StudyError(f"{path}, line {line}: {name!r} is no image of this data set", fix)
        if not patient:
            fix = "name its patient, or leave the line out"
            raise StudyError(f"{path}, line {line}: {name!r} has no group", fix)
        if patients.setdefault(image, patient) != patient:
            twice = f"{name!r} is of {patient!r} here and of {patients[image]!r} before"
            raise StudyError(f"{path}, line {line}: {twice}", "keep one of the lines")
    return patients


def read_list(path: Path, images: Sequence[str]) -> list[str]:
    """Images that a text file lists, one a line: paths, or names with or without suffix.

    Raises
    ------
    StudyError
        If there is no such file, or a line is no image.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(
            f"{path} cannot be read ({error})", "name a text file with a path in each line"
        ) from None
    table = pd.DataFrame({"path": [line.strip() for line in lines]}, index=range(1, len(lines) + 1))
    table = table[table["path"] != ""]
    rows, lost = rows_of_images(table, images, str(path))
    if lost:
        problem = f"{path}, line {lost[0]}: {table['path'][lost[0]]!r} is no image of this data set"
        raise StudyError(problem, "write paths as seen from the data folder")
    return list(rows.index)
