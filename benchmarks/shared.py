"""What the benchmarks share: their command lines, and their tables."""

from __future__ import annotations

import argparse

import pandas as pd

from bcd_utils.utils.files import write_text
from bcd_utils.utils.paths import REPORTS


def parser_of(text: str | None) -> argparse.ArgumentParser:
    """A command line whose help is a module's docstring."""
    return argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)


def write_report(name: str, table: pd.DataFrame, note: str = "", shown: pd.DataFrame | None = None) -> None:
    """Write ``reports/bench/<name>.csv``, and ``<name>.md`` with what is shown of it and a note."""
    shown = table if shown is None else shown
    rows = [list(shown.columns), ["---"] * len(shown.columns), *shown.to_numpy().tolist()]
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    write_text(REPORTS / "bench" / f"{name}.csv", table.to_csv(index=False))
    write_text(REPORTS / "bench" / f"{name}.md", "\n".join([*lines, *(["", note] if note else []), ""]))
