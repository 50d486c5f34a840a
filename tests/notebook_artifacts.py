"""Which artifacts a notebook reads and writes, told from its code and the package's functions that it names."""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from dataclasses import is_dataclass
from functools import lru_cache
from pathlib import Path

from bcd_utils.study.run import Run

READERS = {"artifact", "read_csv", "read_json"}
WRITERS = {"writing", "save_csv", "save_json"}
source_of = lru_cache(maxsize=None)(inspect.getsource)


def read_by(notebook: Path) -> set[str]:
    """Artifacts that another notebook must have left, those included that only some settings need."""
    return named_in(code_of(notebook), {"run": Run}, READERS) - written_by(notebook)


def written_by(notebook: Path) -> set[str]:
    """Artifacts that the notebook leaves, those included that only some settings ask for."""
    return named_in(code_of(notebook), {"run": Run}, WRITERS)


def code_of(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def named_in(code: str, names: dict, verbs: set[str], seen: set | None = None) -> set[str]:
    """Constants that are given to methods called ``verbs``, here and in all functions of the package named here.

    Parameters
    ----------
    names : dict of str to object
        What the code's names stand for, before its own imports.
    """
    tree, names, found = ast.parse(textwrap.dedent(code)), dict(names), set()
    seen = set() if seen is None else seen
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("bcd_utils"):
            exec(ast.unparse(node), names)
    made = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in verbs:
            found |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
        else:
            value = inspect.unwrap(getattr(object_of(node, names), "__func__", object_of(node, names)))
            if inspect.isclass(value) and (id(node) not in made or is_dataclass(value)):
                continue  # named to annotate or for one of its methods, or made of values
            if of_the_package(value) and value is not Run and value not in seen:
                seen.add(value)
                found |= named_in(source_of(value), names_around(value), verbs, seen)
    return found


def object_of(node: ast.AST, names: dict) -> object:
    """What a name, or a name with dots, stands for; None for anything else."""
    if isinstance(node, ast.Attribute):
        return getattr(object_of(node.value, names), node.attr, None)
    return names.get(node.id) if isinstance(node, ast.Name) else None


def of_the_package(value: object) -> bool:
    """Whether something is code of this package that makes results; what runs the stages makes none."""
    module = getattr(value, "__module__", None) or ""
    makes = module.startswith("bcd_utils") and not module.startswith("bcd_utils.pipeline.")
    return (inspect.isfunction(value) or inspect.isclass(value)) and makes


def names_around(value: object) -> dict:
    """Names that a function's or class's code can use; an argument ``run`` is taken for a run."""
    around, owner = vars(sys.modules[value.__module__]), value.__qualname__.rpartition(".")[0]
    own = {"self": Run} if owner == "Run" else {"cls": around[owner]} if owner in around else {}
    return around | {"run": Run} | own
