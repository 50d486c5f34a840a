"""Reading a table that a person made, as text: CSV of any separator, or an Excel sheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from bcd_utils.utils.errors import StudyError

SHEETS = frozenset([".xlsx", ".xlsm", ".xls"])
SAVE = "save it as CSV in UTF-8"


def read_sheet(file: Path) -> pd.DataFrame:
    """The lines of a table that are not blank, as text; columns without a name are left out.

    CSV may be separated by commas, semicolons or tabs, in UTF-8 or (as Excel writes "Unicode text") UTF-16. Of an
    Excel file the first sheet is read; whole numbers are read as such ("7", not "7.0").

    Returns
    -------
    pandas.DataFrame of str
        Index: line numbers in the file, for messages.

    Raises
    ------
    StudyError
        If the file is no such table, or two columns have one name.
    """
    try:
        lines = _excel_lines(file) if file.suffix.lower() in SHEETS else _csv_lines(file)
        (_, header), *body = [(line, cells) for line, cells in lines if any(cells)] or [(1, list[str]())]
    except ImportError as error:
        raise StudyError(f"{file} cannot be read ({error})", SAVE) from None
    except OSError as error:
        raise StudyError(f"{file} cannot be read ({error.strerror or error})", SAVE) from None
    except Exception as error:  # noqa: BLE001 - readers of Excel files raise many kinds
        raise StudyError(
            f"{file} is no table ({(str(error).splitlines() or [repr(error)])[0]})", SAVE
        ) from None
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise StudyError(f"{file}, line 1: two columns are called '{twice}'", "give one of them another name")
    longest = max([len(header), *(len(cells) for _, cells in body)])
    names = [*header, *[""] * (longest - len(header))]
    filled = [[*cells, *[""] * (longest - len(cells))] for _, cells in body]
    table = pd.DataFrame(filled, index=[line for line, _ in body], columns=range(longest), dtype=str)
    named = [place for place, name in enumerate(names) if name]
    return table[named].set_axis([names[place] for place in named], axis=1)


def _csv_lines(file: Path) -> Iterable[tuple[int, list[str]]]:
    with open(file, "rb") as opened:
        unicode_text = opened.read(2) in (b"\xff\xfe", b"\xfe\xff")
    with open(file, encoding="utf-16" if unicode_text else "utf-8-sig", newline="") as opened:
        first = opened.readline()
        separator = max(",;\t", key=first.count)
        opened.seek(0)
        reader = csv.reader(opened, delimiter=separator, skipinitialspace=separator != "\t", strict=True)
        return [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]


def _excel_lines(file: Path) -> Iterable[tuple[int, list[str]]]:
    sheet = pd.read_excel(file, header=None, dtype=object, keep_default_na=False)
    return [(line, list(map(_as_text, cells))) for line, cells in enumerate(sheet.itertuples(index=False), 1)]


def _as_text(cell: Any) -> str:
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell).strip()
