"""What a result came from is told truly, and left unknown where it cannot be known."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
from datetime import UTC, datetime

import numpy as np
import pytest

from bcd_utils import __version__
from bcd_utils.study import provenance


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project folder of its own, outside any git repository."""
    (tmp_path / "bcd_utils").mkdir()
    (tmp_path / "bcd_utils" / "a.py").write_text("a = 1\n")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    monkeypatch.setattr(provenance, "SOURCES", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    for name in ("GIT_DIR", "GIT_WORK_TREE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_commit_is_unknown_outside_git(root):
    assert provenance.commit() == "unknown"


def test_the_commit_is_unknown_without_git(root, monkeypatch):
    monkeypatch.setenv("PATH", str(root))
    assert provenance.commit() == "unknown"


def committed(root):
    """Commit everything below a folder; returns the commit."""

    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        command = ["git", "-C", str(root), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return git("rev-parse", "HEAD")[:12]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_notebooks_whose_cells_are_not_the_commits_are_named(root, monkeypatch):
    monkeypatch.setattr(provenance, "NOTEBOOKS", root / "notebooks")
    (root / "notebooks").mkdir()

    def write(name, source, outputs=()):
        cell = {"cell_type": "code", "source": [source], "outputs": list(outputs)}
        (root / "notebooks" / f"{name}.ipynb").write_text(json.dumps({"cells": [cell]}))

    for name in "abc":
        write(name, "run")
    assert provenance.edited_notebooks("abc") == []
    committed(root)
    write("a", "run = 1")
    write("b", "run", outputs=["shown"])
    write("new", "run")
    assert provenance.edited_notebooks(["a", "b", "c", "new", "gone"]) == ["a", "new"]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_commit_is_named_and_so_are_changes_since(root):
    commit = committed(root)
    (root / "untracked").touch()
    assert provenance.commit() == commit
    (root / "bcd_utils" / "a.py").write_text("a = 2\n")
    assert provenance.commit() == f"{commit} + changes"


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda root: (root / "bcd_utils" / "a.py").write_text("a = 2\n"), False),
        (lambda root: (root / "bcd_utils" / "b.py").touch(), False),
        (lambda root: (root / "bcd_utils" / "a.py").rename(root / "bcd_utils" / "b.py"), False),
        (lambda root: (root / "bcd_utils" / "notes.txt").touch(), True),
        (lambda root: (root / "other.py").touch(), True),
        (lambda root: (root / "bcd_utils" / "a.py").touch(), True),
    ],
    ids=["changed", "added", "renamed", "other file", "outside", "touched"],
)
def test_the_hash_of_the_code_changes_with_the_code_only(root, change, same):
    before = provenance.code_hash()
    change(root)
    assert (provenance.code_hash() == before) is same


def test_versions_are_those_at_work():
    versions = provenance.versions()
    assert versions["numpy"] == np.__version__
    assert versions["python"] == platform.python_version()
    assert versions["bcd_utils"] == __version__


def test_a_package_that_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package-anywhere"))
    assert set(provenance.versions()) == {"python", "bcd_utils", "numpy"}


def test_the_description_is_plain_and_says_when(root):
    record = json.loads(json.dumps(provenance.describe()))
    assert record["commit"] == "unknown" and len(record["code_sha256"]) == 64 and record["cores"] >= 1
    assert abs((datetime.now(UTC) - datetime.fromisoformat(record["when"])).total_seconds()) < 60
