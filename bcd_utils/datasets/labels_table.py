"""Tables that come with images: who is who, which class, which set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from unicodedata import normalize

import pandas as pd

from bcd_utils.datasets.csv_rows import numbered_rows
from bcd_utils.study.source import Table
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.path_text import as_typed, text_of

GROUPS = "groups.csv"
COLUMNS = ("path", "group")


def read_table(wanted: Table, folder: Path) -> pd.DataFrame:
    """The lines of a source's table, as text.

    Returns
    -------
    pandas.DataFrame of str
        Columns path, label, patient, split (those that the table has), then the kept ones under their own names;
        index: line numbers, for messages.

    Raises
    ------
    StudyError
        If there is no such file, it is no table, or it lacks ``path`` or a column that was named.
    """
    file = folder / wanted.file
    if not file.is_file():
        raise StudyError(f"There is no table {file}", f"write source.table.file as seen from {folder}")
    table = _read(file)
    known = {role: getattr(wanted, role) for role in ("path", "label", "patient", "split")}
    defaults = {role: getattr(Table(file="x"), role) for role in known}
    for role, column in known.items():
        if column not in table and (role == "path" or column != defaults[role]):
            fix = f"set source.table.{role} to one of {', '.join(table.columns)}"
            raise StudyError(f"{file}, line 1: there is no column '{column}'", fix)
    keep = (
        [column for column in table if column not in known.values()] if wanted.keep is None else wanted.keep
    )
    missing = [column for column in keep if column not in table]
    if missing:
        fix = f"take some of {', '.join(table.columns)} into source.table.keep"
        raise StudyError(f"{file}, line 1: there is no column '{missing[0]}'", fix)
    roles = {column: role for role, column in known.items() if column in table}
    return table[[*roles, *keep]].rename(columns=roles).rename(columns=_apart(keep, roles.values()))


def _apart(keep: Sequence[str], roles: Iterable[str]) -> dict[str, str]:
    """Names for kept columns that are called as one that every manifest has."""
    from bcd_utils.datasets.base import MANIFEST_COLUMNS

    taken = {*MANIFEST_COLUMNS, *roles, "official_split", "split"}
    return {column: f"table_{column}" for column in keep if column in taken}


def _read(file: Path) -> pd.DataFrame:
    try:
        if file.suffix.lower() in {".xlsx", ".xls"}:
            table = pd.read_excel(file, dtype=str, keep_default_na=False)
        else:
            with open(file, encoding="utf-8-sig", newline="") as opened:
                first = opened.readline()
            separator = max(",;\t", key=first.count)
            options = {"dtype": str, "keep_default_na": False, "skipinitialspace": True}
            table = pd.read_csv(file, sep=separator, encoding="utf-8-sig", **options)
    except ImportError as error:
        raise StudyError(f"{file} cannot be read ({error})", "save it as CSV in UTF-8") from None
    except (ValueError, UnicodeDecodeError, OSError) as error:
        problem = str(error).splitlines()[0]
        raise StudyError(f"{file} is no table ({problem})", "save it as CSV in UTF-8") from None
    table.columns = table.columns.astype(str).str.strip()
    table.index = table.index + 2
    return table.apply(lambda column: column.str.strip())


def rows_of_images(table: pd.DataFrame, images: Sequence[str], name: str) -> pd.DataFrame:
    """The table's line for each image: by its path, else by its name, else by its name without suffix.

    Parameters
    ----------
    table : pandas.DataFrame
        From `read_table`.
    images : sequence of str
        Paths below the data folder.
    name : str
        What messages call the table.

    Returns
    -------
    pandas.DataFrame
        Index: the paths of the images that have a line.

    Raises
    ------
    StudyError
        If one line may mean several images, or an image has two lines that differ.
    """
    found: dict[str, int] = {}
    parts = (str, lambda path: PurePosixPath(path).name, lambda path: PurePosixPath(path).stem)
    ways = [_by(images, part) for part in parts]
    typed = [_by(images, part, as_typed) for part in parts]
    for line, given in table["path"].items():
        sought = given.replace("\\", "/").removeprefix("./")
        meant = next((way[sought] for way in ways if sought in way), [])
        meant = meant or next((way[same] for way in typed if (same := normalize("NFC", sought)) in way), [])
        if len(meant) > 1:
            problem = f"{name}, line {line}: {given!r} may be {meant[0]} or {meant[1]}"
            raise StudyError(problem, "write paths as seen from the data folder")
        for image in meant:
            first = found.setdefault(image, line)
            if first != line and not table.loc[first].drop("path").equals(table.loc[line].drop("path")):
                problem = f"{name}, line {line}: {given!r} stands in line {first} too, with other values"
                raise StudyError(problem, "keep one of the lines")
    return table.loc[list(found.values())].set_axis(list(found), axis=0)


def _by(
    images: Sequence[str], part: Callable[[str], str], spelt: Callable[[str], str] = str
) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for image in images:
        named.setdefault(spelt(part(image)), []).append(image)
    return named


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
    rows = rows_of_images(table, images, str(path))
    lost = table[~table["path"].isin(rows["path"])]
    if len(lost):
        problem = f"{path}, line {lost.index[0]}: {lost['path'].iloc[0]!r} is no image of this data set"
        raise StudyError(problem, "write paths as seen from the data folder")
    return list(rows.index)
