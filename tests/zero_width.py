"""Every interval that a run's files and pages hold, and those of them that have no width."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from bs4 import BeautifulSoup

NUMBER = r"([+−-]?[\d,]*\.?\d+)"
#: Ranges over splits or over the matrices that fit, which are no intervals: the lowest may well be the highest.
RANGES = re.compile(
    r"lottery: (plain|grouped)|lottery.json: (plain|grouped)|lottery_distributions|rival|found_low|false_low"
    r"|published_rows.csv: (matrices|recall|precision)_low|published_fits"
)
PRINTED = re.compile(rf"(?:\d\s*%?|interval:)\s*\[{NUMBER},\s{NUMBER}\]")


def intervals(run: Path) -> Iterator[tuple[str, float, float]]:
    """Where an interval stands, and its ends: in records, in tables, and as "value [low, high]" in texts."""
    for path in [run / "summary.json", *sorted((run / "artifacts").glob("*.json"))]:
        yield from _of_record(json.loads(path.read_text(encoding="utf-8")), path.name)
    for path in [*sorted((run / "tables").glob("*.csv")), *sorted((run / "artifacts").glob("*.csv"))]:
        yield from _of_table(pd.read_csv(path, dtype=str, keep_default_na=False), path.name)
    for path in sorted(run.glob("*.html")):
        text = re.sub(r'="data:[^"]*"', "", path.read_text(encoding="utf-8"))  # pictures
        yield from _of_text(BeautifulSoup(text, "html.parser").get_text(" "), path.name)


def without_width(run: Path) -> list[tuple[str, float, float]]:
    """The intervals of which both ends are the same, or the wrong way round."""
    return [found for found in intervals(run) if not found[1] < found[2] and not RANGES.search(found[0])]


def _of_record(record: Any, place: str) -> Iterator[tuple[str, float, float]]:
    if isinstance(record, list):
        for number, part in enumerate(record):
            yield from _of_record(part, f"{place}[{number}]")
    elif isinstance(record, str):
        yield from _of_text(record, place)
    elif isinstance(record, dict):
        for key, value in record.items():
            other = (
                record.get(f"{key.removesuffix('low')}high") if key == "low" or key.endswith("_low") else None
            )
            if _is_number(value) and _is_number(other):
                yield f"{place}: {key}", value, other
            yield from _of_record(value, f"{place}: {key}")


def _of_table(table: pd.DataFrame, place: str) -> Iterator[tuple[str, float, float]]:
    for column in table:
        stem = str(column).removesuffix("low")
        if column == "low" or str(column).endswith(("_low", " low")):
            ends = table[[column, f"{stem}high"]].apply(pd.to_numeric, errors="coerce").dropna()
            yield from ((f"{place}: {column}", low, high) for low, high in ends.itertuples(index=False))
        else:
            for text in table[column]:
                yield from _of_text(text, f"{place}: {column}")


def _of_text(text: str, place: str) -> Iterator[tuple[str, float, float]]:
    for ends in PRINTED.findall(text):
        low, high = (float(end.replace("−", "-").replace(",", "")) for end in ends)
        yield place, low, high


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
