"""Which code makes a result: import closures, libraries, and what changes an identity."""

from __future__ import annotations

import ast

import pytest

from bcd_utils.utils import code_identity as code

SOURCES = {
    "__init__.py": '__version__ = "1"\n',
    "reader.py": '"""Reads."""\nimport numpy\n\ndef read():\n    """Read."""\n    return 1  # a comment\n',
    "arrays.py": "from bcd_utils.reader import read\n",
    "lazy.py": "def f():\n    from bcd_utils import reader\n    return reader.read()\n",
    "typed.py": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bcd_utils.arrays import x\n"
        "else:\n    from bcd_utils import lazy\n"
    ),
    "plots.py": "import matplotlib\n",
    "models/__init__.py": "import pkgutil\n\nfound = list(pkgutil.iter_modules(__path__))\n",
    "models/one.py": "from bcd_utils import arrays\n",
    "uses_models.py": "from bcd_utils.models import found\n",
    "uses_one.py": "from bcd_utils.models.one import arrays\n",
}


@pytest.fixture
def root(tmp_path):
    for name, text in SOURCES.items():
        path = tmp_path / "bcd_utils" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def names(root, module):
    return {name.removeprefix("bcd_utils.") for name in code.closure([f"bcd_utils.{module}"], root)}


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("reader", {"reader"}),
        ("arrays", {"arrays", "reader"}),
        ("lazy", {"lazy", "reader"}),
        ("typed", {"typed", "lazy", "reader"}),
        ("uses_models", {"uses_models", "models", "models.one", "arrays", "reader"}),
        ("uses_one", {"uses_one", "models.one", "arrays", "reader"}),
    ],
)
def test_a_closure_holds_what_takes_part_and_no_more(root, module, expected):
    assert names(root, module) == expected


def change(root, module, text):
    (root / "bcd_utils" / module).write_text(text)


def test_a_change_of_code_changes_those_that_import_it(root):
    before = {
        name: code.code_identity(f"bcd_utils.{name}", root=root) for name in ("arrays", "lazy", "plots")
    }
    change(root, "reader.py", SOURCES["reader.py"].replace("return 1", "return 2"))
    after = {name: code.code_identity(f"bcd_utils.{name}", root=root) for name in before}
    assert [name for name in before if before[name] != after[name]] == ["arrays", "lazy"]


def test_comments_docstrings_and_other_modules_change_nothing(root):
    before = code.code_identity("bcd_utils.arrays", root=root)
    change(root, "reader.py", "import numpy\n\n\ndef read():\n    return 1\n")
    change(root, "plots.py", "import matplotlib, seaborn\n")
    change(root, "__init__.py", '__version__ = "2"\n')
    assert code.code_identity("bcd_utils.arrays", root=root) == before


def test_a_string_that_is_no_docstring_counts(root):
    before = code.code_identity("bcd_utils.reader", root=root)
    change(root, "reader.py", SOURCES["reader.py"].replace("return 1", 'return "one"'))
    assert code.code_identity("bcd_utils.reader", root=root) != before


def test_a_new_file_in_a_searched_folder_changes_its_finder(root):
    before = [code.code_identity(f"bcd_utils.{name}", root=root) for name in ("uses_models", "uses_one")]
    change(root, "models/two.py", "x = 1\n")
    after = [code.code_identity(f"bcd_utils.{name}", root=root) for name in ("uses_models", "uses_one")]
    assert before[0] != after[0] and before[1] == after[1]


def test_libraries_count_by_version(root, monkeypatch):
    before = [code.code_identity(f"bcd_utils.{name}", root=root) for name in ("reader", "plots")]
    real = code.version_of
    monkeypatch.setattr(code, "version_of", lambda name: "0" if name == "numpy" else real(name))
    after = [code.code_identity(f"bcd_utils.{name}", root=root) for name in ("reader", "plots")]
    assert before[0] != after[0] and before[1] == after[1]


def test_what_code_outside_the_package_imports_counts(root):
    found = code.closure(["bcd_utils.arrays"], root)
    assert "matplotlib" not in code.code_parts(found)["libraries"]
    parts = code.code_parts(found, ["matplotlib.pyplot"])
    assert parts["libraries"]["matplotlib"] == code.metadata.version("matplotlib")
    assert parts["backend"] == "" and set(parts["modules"]) == {"bcd_utils.arrays", "bcd_utils.reader"}


def test_only_the_resolved_backend_counts(monkeypatch):
    monkeypatch.setattr(
        code, "_distributions", lambda: {"keras": ["keras"], "jax": ["jax"], "torch": ["torch"]}
    )
    monkeypatch.setattr(code, "version_of", {"keras": "3", "jax": "9", "torch": "8"}.__getitem__)
    monkeypatch.setattr(code, "resolved_backend", lambda: "jax")
    assert code.library_versions(["keras", "torch"]).keys() == {"python", "keras", "jax"}
    assert code.library_versions(["torch", "tensorflow"]).keys() == {"python"}


@pytest.mark.parametrize(
    ("variable", "file", "expected"),
    [("jax", "torch", "jax"), ("", "torch", "torch"), ("", None, "tensorflow"), ("", "{", "tensorflow")],
)
def test_the_backend_is_known_before_keras_is_imported(tmp_path, monkeypatch, variable, file, expected):
    monkeypatch.delitem(code.sys.modules, "keras", raising=False)
    monkeypatch.setenv("KERAS_BACKEND", variable)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if file:
        (tmp_path / "keras.json").write_text(file if file == "{" else f'{{"backend": "{file}"}}')
    assert code.resolved_backend() == expected


def test_an_unknown_module_is_an_error(root):
    with pytest.raises(ModuleNotFoundError, match="bcd_utils.nosuch"):
        code.closure(["bcd_utils.nosuch"], root)


def test_relative_and_starred_imports_do_not_break_the_reading():
    assert code.imported_names(ast.parse("from . import x\nfrom numpy import *")) == ("numpy.*",)
