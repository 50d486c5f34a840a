"""Pairs of images that may show the same lesion, for a person to judge."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd

from bcd_utils.audit.duplicates import read_pairs
from bcd_utils.audit.groups import COLUMNS, read_verdicts
from bcd_utils.reporting.explorers.base import Live, Rows, View, explorer
from bcd_utils.reporting.plots import style
from bcd_utils.reporting.plots.audit import side_by_side
from bcd_utils.study.differences import command_of
from bcd_utils.study.run import Run
from bcd_utils.utils.files import write_text
from bcd_utils.utils.path_text import in_shell

#: Where the verdicts are kept, beside what else is explored.
FILE = "verdicts.csv"


def explore_pairs(run: Run, folder: Path, usable: pd.DataFrame, pairs: pd.DataFrame) -> View | Live:
    """Walk through the pairs, the most alike first, and say of each whether it is the same.

    Parameters
    ----------
    run : Run
    folder : Path
        Of the data set.
    usable : pandas.DataFrame
        The images, with column ``id``.
    pairs : pandas.DataFrame
        As `duplicates.find_pairs` gives it, verdicts applied.
    """
    file = run.target / FILE
    table = pairs.assign(id=pairs["id_a"] + " | " + pairs["id_b"])

    def show(row: pd.Series) -> View:
        said = _kept(file, usable).get((row["id_a"], row["id_b"]), row["verdict"])
        facts = {
            "pair": row["id"],
            "how alike": f"detail {row['detail']:.2f}, correlation {row['correlation']:.2f}, {row['kind']}",
            "same": f"{said}, a person says" if said else f"{row['same']}, the program says",
            "labels": "they differ" if row["contradictory"] else "",
        }
        [(one, other, _)] = read_pairs(folder, usable, row.to_frame().T)
        board = side_by_side(one, other)
        figure = style.new_figure(5.4 * board.shape[0] / board.shape[1], 5.4)
        style.picture(figure.subplots(), board)
        return View(facts, figure)

    def judge(verdict: str, row: pd.Series) -> str:
        verdicts = _kept(file, usable) | {(row["id_a"], row["id_b"]): verdict}
        rows = [(*pair, said) for pair, said in verdicts.items()]
        write_text(file, pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False, lineterminator="\n"))
        command = f"{command_of(run.folder, run.study)} --set audit.reviewed_pairs={in_shell(file)}"
        return f"{len(rows)} verdicts are in {file}. To use them: {command}"

    buttons = {"same": partial(judge, "yes"), "not the same": partial(judge, "no")}
    rows = Rows(table, {"kind": "kind", "same": "same"})
    return explorer(run, show, rows, buttons=buttons)


def _kept(file: Path, usable: pd.DataFrame) -> dict[tuple[str, str], str]:
    """The verdicts so far."""
    if not file.exists():
        return {}
    table = read_verdicts(file, usable).pairs
    return {(row.id_a, row.id_b): row.verdict for row in table.itertuples()}
