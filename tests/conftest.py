"""Fixtures that several test modules share."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing.spawn
import os
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from builders import TinyStudy, write_tiny_study
from filelock import FileLock
from grouped_study import write_grouped_study
from ready_python import ready_python

QUICK = "BCD_TESTS_PYTHON"


def pytest_configure(config):
    """Have one ready Python for all processes of the test session."""
    if sys.platform == "linux" and not hasattr(config, "workerinput"):
        open_until_the_end = contextlib.ExitStack()
        config.add_cleanup(open_until_the_end.close)
        folder = open_until_the_end.enter_context(tempfile.TemporaryDirectory())
        os.environ[QUICK] = open_until_the_end.enter_context(ready_python(Path(folder)))


def pytest_collection_modifyitems(items):
    """Files with most whole chains first, so that no process is left alone with one at the end.

    But of those that share the grouped chain the first alone: the others would wait for it.
    """
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])
    sharing = dict.fromkeys(item.path for item in items if "grouped_run" in item.fixturenames)
    for path in [*sharing][1:]:
        slow[path] = 1
    items.sort(key=lambda item: -slow[item.path])


def pytest_collection_finish():
    """What is imported by now stays: Python need not look through it for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache folder of recomputable files, for this test alone."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("BCD_CACHE_DIR", str(folder))
    monkeypatch.setattr(
        "bcd_utils.utils.cache._study", ""
    )  # a run that another test opened says for whom it is
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
def quick_python():
    """The Python for chains that test what comes out; see `ready_python`."""
    return os.environ.get(QUICK, sys.executable)


@pytest.fixture
def quick_workers(quick_python, monkeypatch):
    """Lets joblib and dask start their workers on the Python that is ready at once."""
    monkeypatch.setattr(sys, "executable", quick_python)
    monkeypatch.setattr(multiprocessing.spawn, "_python_exe", os.fsencode(quick_python))


@pytest.fixture(scope="session")
def everyones(tmp_path_factory, worker_id):
    """Folder of what the processes of a test session share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "everyones"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def tiny(everyones) -> TinyStudy:
    """The tiny study; all tests of a session share its cache."""
    with FileLock(everyones / "tiny.lock"):
        return write_tiny_study(everyones)


@pytest.fixture(scope="session")
def quick(tiny, quick_python) -> TinyStudy:
    """The tiny study on the Python that is ready at once."""
    return replace(tiny, python=quick_python)


@pytest.fixture(scope="session")
def finished(quick, everyones):
    """Folder of a finished run of the tiny study; a test that changes it takes a copy."""
    folder = everyones / "finished"
    with FileLock(everyones / "finished.lock"):
        if not (folder / "index.html").exists():
            quick.run(folder)
    return folder


@pytest.fixture(scope="session")
def grouped(quick, everyones) -> TinyStudy:
    """The tiny study of what is trained on grouped folds."""
    with FileLock(everyones / "grouped.lock"):
        return write_grouped_study(quick)


@pytest.fixture(scope="session")
def grouped_run(grouped, everyones):
    """Folder of its finished run."""
    folder = everyones / "grouped-run"
    with FileLock(everyones / "grouped-run.lock"):
        if not (folder / "index.html").exists():
            grouped.run(folder)
    return folder


@pytest.fixture
def grouped_alone(grouped_run, everyones):
    """The same folder, and nobody else's to change for the time of a test."""
    with FileLock(everyones / "grouped-run.lock"):
        yield grouped_run
