"""What the benchmarks share: their command lines, and their tables."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.utils.files import write_text
from bcd_utils.utils.paths import REPORTS


def parser_of(text: str | None) -> argparse.ArgumentParser:
    """A command line whose help is a module's docstring."""
    return argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)


def power_of(sizes: Sequence[int], seconds: Sequence[Any]) -> Any:
    """The power with which time grows between the last two sizes; ``seconds`` are numbers, or columns of them.

    Examples
    --------
    >>> round(float(power_of([10, 100], [1.0, 100.0])), 6)
    2.0
    """
    return np.log(seconds[-1] / seconds[-2]) / np.log(sizes[-1] / sizes[-2])


def write_report(name: str, table: pd.DataFrame, note: str = "", shown: pd.DataFrame | None = None) -> None:
    """Write ``reports/bench/<name>.csv``, and ``<name>.md`` with what is shown of it and a note."""
    shown = table if shown is None else shown
    rows = [list(shown.columns), ["---"] * len(shown.columns), *shown.to_numpy().tolist()]
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    write_text(REPORTS / "bench" / f"{name}.csv", table.to_csv(index=False))
    write_text(REPORTS / "bench" / f"{name}.md", "\n".join([*lines, *(["", note] if note else []), ""]))
