"""Fixtures that several test modules share."""

from __future__ import annotations

import os
import subprocess

import pytest
from builders import TinyStudy, write_tiny_study


def pytest_collection_modifyitems(items):
    """Files with whole chains first, so that no process is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache folder of recomputable files, for this test alone."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("BCD_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 64 KiB; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.name != "posix" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("no disk can be mounted here; the errors it would raise are tested without one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> TinyStudy:
    """The tiny study; all tests of a session share its cache."""
    return write_tiny_study(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def finished(tiny):
    """Folder of a finished run of the tiny study; a test that changes it takes a copy."""
    return tiny.run(tiny.file.parent / "finished")
