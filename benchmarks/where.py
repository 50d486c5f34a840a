"""Where the time of a finished run went, from what the run recorded: nothing runs again.

    python benchmarks/where.py reports/phantom
    make where RUN=reports/phantom

A cell is drawing if it saves a figure, else models if it uses what its notebook imports from the rooms models, explain
or experiments, else data if from audit, datasets or images. start, stop: of the kernel, until the first cell and from
the last. between: between cells, writing the notebook, hashing. before: since the stage before it, where that is less
than a minute (the run was made in one go, and not copied). page: writing it. Also in reports/bench/where.md and .csv.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from shared import parser_of, write_report

from bcd_utils.study.run import Run
from bcd_utils.utils.files import read_json

COLUMNS = (
    "all",
    "before",
    "start",
    "imports",
    "data",
    "models",
    "drawing",
    "other",
    "between",
    "stop",
    "page",
)
ONE_GO = 60  # seconds between two stages of a run made in one go, at most
ROOMS = {"models": ("models", "explain", "experiments"), "data": ("audit", "datasets", "images")}


def seconds_at(text: str) -> float:
    """A time of papermill, in seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def imported(source: str) -> dict[str, str]:
    """Name -> room of `bcd_utils`, of what a cell of imports imports from it."""
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.module]
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}".split(".")[1]
        for node in found
        for alias in node.names
    }


def kind_of(source: str, rooms: Mapping[str, str]) -> str:
    """What a cell does, one of `COLUMNS`."""
    if "save_figure" in source:
        return "drawing"
    used = {rooms.get(node.id) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    return next((kind for kind, names in ROOMS.items() if used & {*names}), "other")


def parts_of(notebook: Mapping[str, Any]) -> defaultdict[str, float]:
    """Seconds of each part of an executed notebook."""
    whole = notebook["metadata"]["papermill"]
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    parts: defaultdict[str, float] = defaultdict(float)
    rooms: dict[str, str] = {}
    for cell in cells:
        source = "".join(cell["source"])
        kind = kind_of(source, rooms) if rooms else "imports"
        rooms = rooms or imported(source)
        parts[kind] += cell["metadata"]["papermill"]["duration"]
    first, last = (notebook["cells"][place]["metadata"]["papermill"] for place in (0, -1))
    parts["start"] = seconds_at(first["start_time"]) - seconds_at(whole["start_time"])
    parts["stop"] = seconds_at(whole["end_time"]) - seconds_at(last["end_time"])
    return parts


def rows_of(run: Run) -> Iterator[dict[str, Any]]:
    """One row a notebook, and one for the pages that are no notebook's."""
    names = run.study.notebooks
    pages = {path.name: path.stat().st_mtime for path in run.folder.glob("*.html")}
    marked = {name: run.marker(name).stat().st_mtime for name in names}
    drawn = (run.folder / "environment.txt").stat().st_mtime
    if (run.folder / "figures" / "flow.json").exists():
        drawn = max(drawn, (run.folder / "figures" / "flow.json").stat().st_mtime)
    summed = drawn - max(marked.values())
    before = None
    for name in names:
        notebook = read_json(run.folder / "notebooks" / f"{name}.ipynb")
        parts = parts_of(notebook)
        began = seconds_at(notebook["metadata"]["papermill"]["start_time"])
        whole = run.seconds()[name]
        parts["between"] = whole - sum(parts.values())
        parts["before"] = began - before if before and 0 < began - before < ONE_GO else 0.0
        parts["page"], drawn = pages[f"{name}.html"] - drawn, pages[f"{name}.html"]
        before = marked[name]
        yield {"notebook": name, "all": whole + parts["before"] + parts["page"], **parts}
    rest = summed + max(pages.values()) - drawn
    yield {"notebook": "summary and other pages", "all": rest, "page": rest}


def main() -> None:
    """Print and write the table."""
    parser = parser_of(__doc__)
    parser.add_argument("run", help="a run's folder")
    run = Run.open(parser.parse_args().run)
    table = pd.DataFrame(rows_of(run)).reindex(columns=["notebook", *COLUMNS]).fillna(0.0)
    total = table[list(COLUMNS)].sum()
    table.loc[len(table)] = {"notebook": "together", **total}
    table.loc[len(table)] = {"notebook": "share, %", **(100 * total / total["all"])}
    table = table.round(1)
    sys.stdout.write(table.to_string(index=False) + "\n")
    write_report("where", table)


if __name__ == "__main__":
    main()
