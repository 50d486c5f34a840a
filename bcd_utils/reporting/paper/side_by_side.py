"""Several runs side by side in a paper, as ``bcd compare`` has them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bcd_utils.reporting.paper.section import RunInPaper, Tex
from bcd_utils.reporting.paper.tables import Table
from bcd_utils.reporting.runs_compared import compare
from bcd_utils.study.run import Run
from bcd_utils.utils.paths import readable


def side_by_side(first: RunInPaper, runs: Sequence[Run], titles: Sequence[str]) -> list[Tex | str]:
    """Settings that differ, scores and paired tests, under the runs' titles.

    Parameters
    ----------
    first : RunInPaper
        Takes the tables.
    runs, titles
        The same length.
    """
    compared = compare(runs)
    names = {readable(run.folder): title for run, title in zip(runs, titles, strict=True)}
    said = compared.said
    for path, title in names.items():
        said = said.replace(path, title)
    found: list[Tex | str] = [said]
    captions = {
        "runs_settings": ("Settings in which the runs differ.", "Setting", compared.settings),
        "runs_scores": ("The runs’ scores on their internal test sets.", "Score", compared.scores),
        "runs_tests": ("The runs on the same test images, each against the first.", "Run", compared.tests),
    }
    for name, (caption, corner, table) in captions.items():
        if table is not None and len(table):
            named = table.rename(index=names, columns=names)
            found.append(first.table(_named(name, caption, corner, named), of_all=True))
    return found


def _named(name: str, caption: str, corner: str, table: pd.DataFrame) -> Table:
    rows = [tuple(map(_short, row)) for row in table.itertuples()]
    return Table(name, caption, (corner, *map(str, table.columns)), rows)


def _short(cell: object) -> str:
    """A cell; of a path its last part."""
    text = str(cell)
    return text.rstrip("/").rpartition("/")[2] if text.startswith(("/", "~")) else text
