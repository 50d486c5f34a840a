"""What a stage's result depends on, and which of it has changed since the stage ran."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from bcd_utils.study.provenance import cells_of
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study
from bcd_utils.study.stage import Stage, section_name
from bcd_utils.utils.code_identity import (
    attributes_taken,
    closure,
    code_parts,
    imported_names,
    modules_among,
    parse,
)
from bcd_utils.utils.files import sha256_of_json

#: What names a study, and shapes no result.
NAMES = {"name", "title", "notebooks", "sections"}
#: What code calls a study. What it takes of ``study.source``, say, is that section as a whole.
CALLED = {"study"}
Parts = dict[str, Any]


def parts_of(run: Run, stage: Stage, before: Sequence[Stage], outside: Any, notebook: Path) -> Parts:
    """Everything that decides a stage's result, as plain values.

    Parameters
    ----------
    run : Run
    stage : Stage
    before : sequence of Stage
        The stages of the study that come before it.
    outside : JSON value
        What ``stage.outside`` said.
    notebook : Path
        The notebook's source.

    Returns
    -------
    dict
        ``cells``: hash of the sources of the cells; ``modules``, ``libraries``, ``backend``: as in
        `code_identity.code_parts`; ``settings``: name -> value of those that this code reads; ``reads``: artifact ->
        hash; ``outside``: hash; ``figures``: name -> what is said of it, as a hash; ``tables``: likewise.
    """
    cells = cells_of(notebook.read_text(encoding="utf-8"))
    tree = ast.parse("\n".join(plain_python(text) for kind, text in cells if kind == "code"))
    named = imported_names(tree)
    modules = closure(modules_among(named))
    taken = attributes_taken(tree).union(*(parse(file).attributes for file in modules.values()))
    study = run.study.as_dict()
    settings = {name: study[name] for name in sorted(settings_read(taken))}
    if stage.section:
        name = section_name(stage.section)
        settings[name] = study.get(name, study["sections"].get(name))
    made = run.artifact_hashes([earlier.notebook for earlier in before])
    return {
        "cells": sha256_of_json(cells),
        **code_parts(modules, named),
        "settings": settings,
        "reads": {name: made[name] for name in (*stage.reads, *stage.also_reads) if name in made},
        "outside": sha256_of_json(outside),
        "figures": {each.name: sha256_of_json([each.caption, each.alt]) for each in stage.figures},
        "tables": {name: sha256_of_json(caption) for name, caption in stage.tables.items()},
    }


def plain_python(cell: str) -> str:
    """A cell's code without the lines that only IPython understands.

    Examples
    --------
    >>> plain_python("%matplotlib inline\\nx = 1")
    '\\nx = 1'
    """
    return "\n".join("" if line.startswith(("%", "!", "?")) else line for line in cell.splitlines())


def settings_read(taken: Iterable[tuple[str, str]]) -> set[str]:
    """Names of the settings among the attributes that some code takes: those of what it calls a study.

    Examples
    --------
    >>> sorted(settings_read([("study", "epochs"), ("study", "seed"), ("picture", "title"), ("study", "title")]))
    ['epochs', 'seed']
    """
    known = {field.name for field in fields(Study)} - NAMES
    return {name for owner, name in taken if owner in CALLED and name in known}


def why(run: Run, stage: Stage, parts: Parts) -> str:
    """Why a stage must run, in a few words; empty where it is done and nothing has changed.

    Parameters
    ----------
    run : Run
    stage : Stage
    parts : dict
        From `parts_of`.
    """
    marker = run.marker_of(stage.notebook)
    if marker is None:
        return "it has not run" if not run.marker(stage.notebook).exists() else "its marker is damaged"
    return changes(marker.get("parts", {}), parts) or run.damage(marker)


def changes(then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs between the parts that a stage ran with and those of now, in a few words.

    Examples
    --------
    >>> changes({"settings": {"epochs": 3}}, {"settings": {"epochs": 4}})
    'settings: epochs'
    >>> changes({"modules": {"bcd_utils.a": "1"}}, {"modules": {"bcd_utils.a": "2", "bcd_utils.b": "1"}})
    'code: bcd_utils.a, bcd_utils.b'
    """
    differences = ["its notebook"] if then.get("cells") != now.get("cells") else []
    titles = {"modules": "code", "libraries": "libraries", "settings": "settings", "reads": "reads"}
    titles |= {"figures": "captions", "tables": "captions of tables"}
    for part, title in titles.items():
        old, new = then.get(part, {}), now.get(part, {})
        names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            differences.append(f"{title}: {', '.join(names[:3])}{more}")
    if then.get("backend") != now.get("backend"):
        differences.append(f"Keras' backend: {now.get('backend')}")
    if then.get("outside") != now.get("outside"):
        differences.append("files from outside the run")
    return "; ".join(differences)
