"""Which code makes a result: the modules that take part, and the libraries that they import.

A cached result or a finished stage is kept as long as nothing in here changes: the import closure of a module,
read from the sources without running them. Comments, docstrings and blank lines take no part.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from bcd_utils.files import sha256_of_json
from bcd_utils.paths import ROOT

PACKAGE = "bcd_utils"
#: Of these, only the one that Keras runs on takes part.
BACKENDS = ("tensorflow", "jax", "torch")


def code_identity(*modules: str, root: Path = ROOT) -> str:
    """SHA-256 of all code that takes part when these modules are used.

    Parameters
    ----------
    *modules : str
        Names such as ``__name__`` or ``bcd_utils.images``.
    root : Path
        Folder that holds the package.

    Returns
    -------
    str
        Of the sources of the import closure, the versions of the libraries that they import, of Python and, where
        Keras is among them, of its backend.

    Raises
    ------
    ModuleNotFoundError
        If a module is not in the package.
    """
    return _identity(closure(modules, root), ())


def source_identity(source: str, root: Path = ROOT) -> str:
    """`code_identity` of code that is in no module, such as the cells of a notebook."""
    named = imported_names(ast.parse(source))
    ours = [module for name in named if (module := _module_of(name, root))]
    return sha256_of_json([source, _identity(closure(ours, root), named)])


def closure(modules: Iterable[str], root: Path = ROOT) -> dict[str, Path]:
    """The modules of this package that importing some of them brings along, with their files.

    Imports inside functions count, imports for type checking alone do not. A package's ``__init__`` counts where
    something is imported from it; one that searches its folder for modules has imported all of them.

    Examples
    --------
    >>> sorted(closure(["bcd_utils.files"]))
    ['bcd_utils.errors', 'bcd_utils.files']
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        file = _file_of(name, root)
        if file is None:
            raise ModuleNotFoundError(f"there is no module {name} below {root}")
        found[name] = file
        _, named, searches = _parsed(file, file.stat().st_mtime_ns, file.stat().st_size)
        waiting += [module for each in named if (module := _module_of(each, root))]
        if searches:
            waiting += [f"{name}.{path.stem}" for path in file.parent.glob("*.py") if path != file]
    return found


def imported_names(tree: ast.AST) -> tuple[str, ...]:
    """What a parsed source imports, as dotted names, except for type checking.

    Examples
    --------
    >>> imported_names(ast.parse("import numpy as np\\nfrom bcd_utils.files import write_json"))
    ('bcd_utils.files.write_json', 'numpy')
    """
    names: set[str] = set()
    for node in _run_nodes(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return tuple(sorted(names))


def resolved_backend() -> str:
    """The backend that Keras uses, or would use if it were imported now."""
    if "keras" in sys.modules:
        return sys.modules["keras"].backend.backend()
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    try:
        home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
        return json.loads((home / "keras.json").read_text()).get("backend", "tensorflow")
    except (OSError, ValueError):
        return "tensorflow"


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Versions of Python and of the installed distributions that imported names come from.

    Examples
    --------
    >>> sorted(library_versions(["numpy.linalg", "os", "bcd_utils.files"]))
    ['numpy', 'python']
    """
    tops = {name.partition(".")[0] for name in names} - {PACKAGE} - sys.stdlib_module_names
    used = tops.difference(BACKENDS)
    if "keras" in used:
        used = used | {resolved_backend()}
    known = _distributions()
    versions = {each: metadata.version(each) for name in used for each in known.get(name, ())}
    return {"python": ".".join(map(str, sys.version_info[:3])), **dict(sorted(versions.items()))}


def _identity(found: dict[str, Path], further: Iterable[str]) -> str:
    parsed = {
        name: _parsed(file, file.stat().st_mtime_ns, file.stat().st_size) for name, file in found.items()
    }
    imported = {each for _, named, _ in parsed.values() for each in named}.union(further)
    libraries = library_versions(imported)
    backend = resolved_backend() if "keras" in libraries else ""
    return sha256_of_json([sorted((name, each[0]) for name, each in parsed.items()), libraries, backend])


def _run_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a tree but those under ``if TYPE_CHECKING``."""
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        for child in node.orelse:
            yield from _run_nodes(child)
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _run_nodes(child)


@lru_cache(maxsize=1024)
def _parsed(file: Path, mtime_ns: int, size: int) -> tuple[str, tuple[str, ...], bool]:
    """Hash of what a source does, the names that it imports, and whether it searches its folder for modules."""
    source = file.read_text(encoding="utf-8")
    tree = ast.parse(source)
    named = imported_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] if isinstance(first.value.value, str) else node.body
    searches = file.name == "__init__.py" and "iter_modules(__path__)" in source
    return sha256_of_json(ast.dump(tree)), named, searches


def _file_of(module: str, root: Path) -> Path | None:
    path = root.joinpath(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    return None


def _module_of(name: str, root: Path) -> str | None:
    """The module of this package that an imported name is, or is in."""
    if name.partition(".")[0] != PACKAGE:
        return None
    while _file_of(name, root) is None:
        name = name.rpartition(".")[0]
        if not name:
            return None
    return name


@lru_cache(maxsize=1)
def _distributions() -> dict[str, list[str]]:
    return {name: sorted(set(found)) for name, found in metadata.packages_distributions().items()}
