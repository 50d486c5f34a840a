"""Reading the tables that come with images, with errors that name file and line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import walk


def tables_below(folder: Path, name: str) -> list[Path]:
    """The files of that name below a folder, those behind links too, the least deep first."""
    found = (path for path, _ in walk(folder) if path.name == name)
    return sorted(found, key=lambda path: (len(path.parts), path))


def numbered_rows(
    path: Path, columns: Sequence[str], fix_columns: str, fix_file: str, **layout: Any
) -> Iterator[tuple[int, list[str]]]:
    """Line number and stripped cells of some columns, row by row; see `numbered_records`."""
    for line, record in numbered_records(path, columns, fix_columns, fix_file, **layout):
        yield line, [record[column] for column in columns]


def numbered_records(
    path: Path, columns: Sequence[str | Sequence[str]], fix_columns: str, fix_file: str, **layout: Any
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and stripped cells of all columns, row by row; a byte-order mark is skipped.

    Parameters
    ----------
    path : Path
        A table in UTF-8.
    columns : sequence of str or of sequence of str
        Those that must be there; of several names for one, any.
    fix_columns, fix_file : str
        What to do where a column is missing, and where the file cannot be read.
    **layout
        Options of `csv.DictReader`, such as ``delimiter``.

    Raises
    ------
    StudyError
        If a column is missing or the file is no such table.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="", **layout)
            named = [[column] if isinstance(column, str) else column for column in columns]
            missing = [names[0] for names in named if not set(names) & set(reader.fieldnames or [])]
            if missing:
                raise StudyError(f"{path}, line 1: there is no column '{missing[0]}'", fix_columns)
            for row in reader:
                yield reader.line_num, {name: (row[name] or "").strip() for name in reader.fieldnames or []}
    except (csv.Error, UnicodeDecodeError) as error:
        raise StudyError(f"{path} cannot be read ({error})", fix_file) from None
