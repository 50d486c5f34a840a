"""Reporting checklists of a run, filled in where a program can know the answer.

The items are data: one YAML file a checklist in ``templates/checklists``. An item that names facts (see
`bcd_utils.reporting.statements`) is answered with them; all else is left to the author.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bcd_utils.reporting.html import render_page
from bcd_utils.reporting.statements import state
from bcd_utils.utils.files import write_text
from bcd_utils.utils.paths import TEMPLATES

FILLED, PARTLY, FOR_AUTHOR = "filled", "partly filled", "for the author"
COLUMNS = ("checklist", "item", "section", "asked", "status", "answer", "source")


def load_checklists() -> list[dict[str, Any]]:
    """The checklists of the package: CLAIM 2024, REFORMS, STARD-AI 2025 and TRIPOD+AI 2024.

    Returns
    -------
    list of dict
        Each with ``name``, ``title``, ``source`` and ``items``, a list of dicts with ``item`` (its number),
        ``section``, ``asked`` and, where a program knows something, ``answer`` (names of facts) and ``left``
        (what remains for the author).

    Examples
    --------
    >>> [(checklist["name"], len(checklist["items"])) for checklist in load_checklists()]
    [('CLAIM 2024', 44), ('REFORMS', 32), ('STARD-AI 2025', 48), ('TRIPOD+AI 2024', 52)]
    """
    return deepcopy(_read())


@lru_cache(maxsize=1)
def _read() -> list[dict[str, Any]]:
    paths = sorted((TEMPLATES / "checklists").glob("*.yaml"))
    return [yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths]


def fill_in(entry: Mapping[str, Any], summary: Mapping[str, Any]) -> dict[str, str]:
    """Answer one item from a run.

    Parameters
    ----------
    entry : mapping
        With ``answer`` and ``left``, as in `load_checklists`; both may be missing.
    summary : mapping
        What ``summary.json`` holds; any key may be missing or None.

    Returns
    -------
    dict of str
        ``status``: "filled", "partly filled" (a part is left to the author) or "for the author".
        ``answer``: what is known. ``source``: what it follows from. ``left``: what the author is to add.

    Examples
    --------
    >>> entry = {"answer": ["code"], "left": "a link"}
    >>> fill_in(entry, {"provenance": {"commit": "1a2b3c", "code_sha256": "ff"}})["status"]
    'partly filled'
    >>> fill_in(entry, {})
    {'status': 'for the author', 'answer': '', 'source': '', 'left': ''}
    """
    statements = [state(name, summary) for name in entry.get("answer", ())]
    known = [statement for statement in statements if statement]
    if not known:
        return {"status": FOR_AUTHOR, "answer": "", "source": "", "left": ""}
    left = entry.get("left", "")
    return {
        "status": PARTLY if left or len(known) < len(statements) else FILLED,
        "answer": " ".join(statement.text for statement in known),
        "source": "; ".join(dict.fromkeys(statement.source for statement in known)),
        "left": left,
    }


def fill_checklists(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The checklists with ``items`` answered as by `fill_in`, and ``statuses``: how many items have each."""
    checklists = load_checklists()
    for checklist in checklists:
        checklist["items"] = [item | fill_in(item, summary) for item in checklist["items"]]
        statuses = [item["status"] for item in checklist["items"]]
        checklist["statuses"] = {status: statuses.count(status) for status in (FILLED, PARTLY, FOR_AUTHOR)}
    return checklists


def as_table(checklists: list[dict[str, Any]]) -> pd.DataFrame:
    """Filled checklists as one table: a row an item, columns `COLUMNS`; what is left is in the answer."""
    items = [(checklist["name"], item) for checklist in checklists for item in checklist["items"]]
    rows = [{"checklist": name} | item | {"answer": _with_what_is_left(item)} for name, item in items]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def write_checklists(folder: Path, summary: Mapping[str, Any], page: Mapping[str, Any]) -> None:
    """Write ``checklist.html`` and ``checklist.csv`` of a run.

    Parameters
    ----------
    folder : Path
        The run folder; ``figures/flow.png`` is shown where it is there.
    summary, page : mapping
        What ``summary.json`` holds, and the page's head and foot as for `bcd_utils.reporting.html.render_notebook`.
    """
    checklists = fill_checklists(summary)
    write_text(folder / "checklist.csv", as_table(checklists).to_csv(index=False, lineterminator="\n"))
    render_page("checklist_page.html.j2", folder, "checklist.html", page, checklists=checklists)


def _with_what_is_left(item: Mapping[str, str]) -> str:
    return f"{item['answer']} For the author: {item['left']}." if item["left"] else item["answer"]
