"""Which code makes a result: the modules that take part, and the libraries that they import.

A cached result or a finished stage is kept as long as nothing in here changes: the import closure of a module,
read from the sources without running them. Comments, docstrings and blank lines take no part.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from bcd_utils.utils.files import sha256_of_json
from bcd_utils.utils.paths import SOURCES

PACKAGE = "bcd_utils"
#: The room that runs the stages.
RUNS = f"{PACKAGE}.pipeline."
#: Of these, only the one that Keras runs on takes part.
BACKENDS = ("tensorflow", "jax", "torch")


def code_identity(*modules: str, root: Path = SOURCES) -> str:
    """SHA-256 of all code that takes part when these modules are used.

    Parameters
    ----------
    *modules : str
        Names such as ``__name__`` or ``bcd_utils.images.reading``.
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
    return sha256_of_json(code_parts(closure(modules, root)))


def code_parts(files: Mapping[str, Path], further: Iterable[str] = ()) -> dict[str, Any]:
    """What an identity is made of.

    Parameters
    ----------
    files : mapping of module name to file
        As `closure` gives them.
    further : iterable of str
        Names that code outside these modules imports.

    Returns
    -------
    dict
        ``modules`` and ``libraries``: hash or version by name; ``backend``: that of Keras, or "".
    """
    parsed = {name: parse(file) for name, file in sorted(files.items())}
    libraries = library_versions({*further, *chain(*(source.imported for source in parsed.values()))})
    backend = resolved_backend() if "keras" in libraries else ""
    hashes = {name: source.digest for name, source in parsed.items()}
    return {"modules": hashes, "libraries": libraries, "backend": backend}


def modules_among(names: Iterable[str], root: Path = SOURCES) -> list[str]:
    """The modules of this package that imported names are, or are in.

    Examples
    --------
    >>> modules_among(["numpy", "bcd_utils.utils.files.write_json", "bcd_utils.utils.errors"])
    ['bcd_utils.utils.errors', 'bcd_utils.utils.files']
    """
    return sorted({module for name in names if (module := _module_of(name, root))})


def closure(modules: Iterable[str], root: Path = SOURCES) -> dict[str, Path]:
    """The modules of this package that importing some of them brings along, with their files.

    Imports inside functions count, imports for type checking alone do not, nor does what runs the stages: it shapes no
    result. A package's ``__init__`` counts where
    something is imported from it; one that searches its folder for modules has imported all of them.

    Examples
    --------
    >>> sorted(closure(["bcd_utils.utils.errors"]))
    ['bcd_utils.utils.errors', 'bcd_utils.utils.path_text']
    """
    files: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in files or name.startswith(RUNS):
            continue
        file = _file_of(name, root)
        if file is None:
            raise ModuleNotFoundError(f"there is no module {name} below {root}")
        files[name] = file
        source = parse(file)
        waiting += modules_among(source.imported, root)
        if source.searches:
            waiting += [f"{name}.{path.stem}" for path in file.parent.glob("*.py") if path != file]
    return files


def imported_names(tree: ast.AST) -> tuple[str, ...]:
    """What a parsed source imports, as dotted names, except for type checking.

    Examples
    --------
    >>> imported_names(ast.parse("import numpy as np\\nfrom bcd_utils.utils.files import write_json"))
    ('bcd_utils.utils.files.write_json', 'numpy')
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
        return str(sys.modules["keras"].backend.backend())
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    try:
        home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
        return str(json.loads((home / "keras.json").read_text()).get("backend", "tensorflow"))
    except (OSError, ValueError):
        return "tensorflow"


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Versions of Python and of the installed distributions that imported names come from.

    Examples
    --------
    >>> sorted(library_versions(["numpy.linalg", "os", "bcd_utils.utils.files"]))
    ['numpy', 'python']
    """
    tops = {name.partition(".")[0] for name in names} - {PACKAGE, *BACKENDS} - sys.stdlib_module_names
    used = tops | {resolved_backend()} if "keras" in tops else tops
    distributions = set(chain(*(_distributions().get(name, ()) for name in used)))
    versions = {name: version_of(name) for name in distributions}
    return {"python": ".".join(map(str, sys.version_info[:3])), **dict(sorted(versions.items()))}


def _run_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a tree but those under ``if TYPE_CHECKING``."""
    children: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING":
        children = node.orelse
    else:
        yield node
    for child in children:
        yield from _run_nodes(child)


class Source(NamedTuple):
    """A source file as far as identities go.

    Attributes
    ----------
    digest : str
        Hash of what it does: no comments, no docstrings.
    imported : tuple of str
        See `imported_names`.
    searches : bool
        Whether it searches its folder for modules.
    attributes : frozenset of (str, str)
        What it takes from what: ``run.study.epochs`` gives ("study", "epochs") and ("run", "study").
    """

    digest: str
    imported: tuple[str, ...]
    searches: bool
    attributes: frozenset[tuple[str, str]]


def parse(file: Path) -> Source:
    """A source file; a text that was met before, here or elsewhere, is not parsed again."""
    return _parsed(file.read_text(encoding="utf-8"), file.name == "__init__.py")


@lru_cache(maxsize=1024)
def _parsed(text: str, is_package: bool) -> Source:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node, clean=False) is not None:
                del node.body[0]
    digest = sha256_of_json(ast.dump(tree))
    searches = is_package and "iter_modules(__path__)" in text
    return Source(digest, imported_names(tree), searches, attributes_taken(tree))


def attributes_taken(tree: ast.AST) -> frozenset[tuple[str, str]]:
    """Every attribute in a parsed source, with the last name of what it is taken from.

    Examples
    --------
    >>> sorted(attributes_taken(ast.parse("run.study.epochs")))
    [('run', 'study'), ('study', 'epochs')]
    """
    return frozenset(
        (_last_name(node.value), node.attr) for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    )


def _last_name(node: ast.AST) -> str:
    """``epochs`` of ``epochs`` and of ``run.study.epochs``; "" of what is neither."""
    return str(getattr(node, "id", "") or getattr(node, "attr", ""))


def _file_of(module: str, root: Path) -> Path | None:
    path = os.path.join(root, *module.split("."))
    return next((Path(file) for file in (f"{path}.py", f"{path}/__init__.py") if os.path.isfile(file)), None)


def _module_of(name: str, root: Path) -> str | None:
    """The module of this package that an imported name is, or is in."""
    if name.partition(".")[0] != PACKAGE:
        return None
    while name and _file_of(name, root) is None:
        name = name.rpartition(".")[0]
    return name or None


@lru_cache(maxsize=1024)
def version_of(distribution: str) -> str:
    """Version of an installed distribution, looked up once: its metadata are long."""
    return metadata.version(distribution)


def installed_versions(distributions: Iterable[str]) -> dict[str, str]:
    """Versions of those of some distributions that are installed.

    Examples
    --------
    >>> sorted(installed_versions(["numpy", "no-such-thing"]))
    ['numpy']
    """
    found = {}
    for name in distributions:
        with suppress(metadata.PackageNotFoundError):
            found[name] = version_of(name)
    return found


@lru_cache(maxsize=1)
def _distributions() -> dict[str, list[str]]:
    return {name: sorted({*given}) for name, given in metadata.packages_distributions().items()}
