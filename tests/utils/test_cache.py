"""One owner an entry of the cache; what it holds is what was computed, whoever else is at it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from bcd_utils.utils import cache as module
from bcd_utils.utils.cache import entry_of, is_whole, kept, note_use, used_by, work_for
from bcd_utils.utils.errors import StudyError

MAKE = """
import os, sys, time
from pathlib import Path
from bcd_utils.utils.cache import entry_of, kept

def make(path):
    with open({log!r}, "a") as log:
        log.write("made\\n")
    with open(path, "w") as file:
        for number in range(50):
            file.write(f"{{number}}\\n")
            file.flush()
            time.sleep(0.004)
            if number == 30 and {dies}:
                os.kill(os.getpid(), 9)

print(kept(entry_of("numbers", [1], ".txt"), make).read_text() == "".join(f"{{n}}\\n" for n in range(50)))
"""


def start(log, dies=False):
    code = MAKE.format(log=str(log), dies=dies)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def writes(text):
    return lambda path: path.write_text(text)


def folder_of(path):
    for name in ("a/one.txt", "b/two.txt"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)


@pytest.fixture
def entry(cache):
    return entry_of("things", {"recipe": 1}, ".txt")


def test_many_who_want_an_entry_at_once_all_get_it_whole_from_one(cache, tmp_path):
    started = [start(tmp_path / "log") for _ in range(6)]
    assert [process.communicate()[0] for process in started] == ["True\n"] * 6
    assert (tmp_path / "log").read_text().split() == ["made"]


def test_when_the_one_who_makes_an_entry_is_killed_another_makes_it(cache, tmp_path):
    first = start(tmp_path / "log", dies=True)
    while not (tmp_path / "log").exists():
        time.sleep(0.01)
    others = [start(tmp_path / "log") for _ in range(2)]
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    assert [process.communicate()[0] for process in others] == ["True\n"] * 2
    assert (tmp_path / "log").read_text().split() == ["made"] * 2
    assert not list(cache.rglob("*.part"))


def test_an_entry_is_made_once(entry):
    assert kept(entry, writes("one")).read_text() == "one"
    assert kept(entry, lambda path: pytest.fail("made again")) == entry


@pytest.mark.parametrize("content", ["", "on", "two", "one and more", None])
def test_a_damaged_file_is_made_again_also_one_as_large_and_as_old(entry, content):
    kept(entry, writes("one"))
    state = entry.stat()
    if content is None:
        entry.unlink()
    else:
        entry.write_text(content)
        os.utime(entry, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert kept(entry, writes("one")).read_text() == "one"
    assert is_whole(entry)


@pytest.mark.parametrize(
    "sums", ["", "[]", "{}", '{"": []}', '{"": [3, 0, "f"]}', '{"other": [3, 0, "f"]}', "{"]
)
def test_damaged_checksums_are_no_checksums(entry, sums):
    kept(entry, writes("one"))
    module.sums_of(entry).write_text(sums)
    assert kept(entry, writes("two")).read_text() == "two"


def test_files_from_the_future_are_what_they_are(entry):
    kept(entry, writes("one"))
    later = time.time() + 10 * 365 * 86400
    for path in (entry, module.sums_of(entry)):
        os.utime(path, (later, later))
    assert kept(entry, lambda path: pytest.fail("made again")).read_text() == "one"


@pytest.mark.parametrize("damage", ["changed", "lost", "more", "as large", "as large and as old"])
def test_a_damaged_folder_is_made_again(cache, monkeypatch, damage):
    folder = kept(entry_of("folders", [1]), folder_of)
    assert kept(folder, lambda path: pytest.fail("made again")) == folder
    one = folder / "a" / "one.txt"
    state = one.stat()
    if damage == "lost":
        one.unlink()
    else:
        (folder / "a" / "more.txt" if damage == "more" else one).write_text(
            "A/ONE.TXT" if "as large" in damage else damage
        )
    if "as old" in damage:
        os.utime(one, ns=(state.st_atime_ns, state.st_mtime_ns))
        monkeypatch.setattr(module, "_opened", set())  # as in another process
    assert kept(folder, folder_of) == folder
    assert sorted(path.read_text() for path in folder.rglob("*.txt")) == ["a/one.txt", "b/two.txt"]


def test_what_a_file_manager_leaves_in_a_folder_is_no_damage(cache):
    folder = kept(entry_of("folders", [1]), folder_of)
    (folder / ".DS_Store").write_text("view")
    assert kept(folder, lambda path: pytest.fail("made again")) == folder


def test_what_fails_leaves_nothing_and_what_goes_on_leaves_its_part(entry):
    def fail(path):
        path.write_text("half")
        raise MemoryError

    for goes_on in (False, True):
        with pytest.raises(MemoryError):
            kept(entry, fail, goes_on)
        assert not entry.exists()
        assert [path.read_text() for path in entry.parent.rglob(f"*.part/{entry.name}")] == ["half"] * goes_on
    kept(entry, lambda path: path.write_text(path.read_text() + " whole"), goes_on=True)
    assert entry.read_text() == "half whole"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_named_with_the_variable_that_helps(entry):
    entry.parent.mkdir(parents=True)
    entry.parent.chmod(0o500)
    with pytest.raises(StudyError, match="BCD_CACHE_DIR"):
        kept(entry, writes("one"))


def test_the_cache_knows_which_study_uses_what(entry):
    note_use([entry])
    work_for("one")
    kept(entry, writes("one"))
    kept(entry, writes("one"))
    work_for("two")
    kept(entry, writes("one"))
    for study in ("one", "two"):
        assert used_by(study) == {f"things/{entry.name}"}
        notes = entry.parents[1] / module.USERS / f"{study}.txt"
        assert notes.read_text() == f"things/{entry.name}\n"
    assert used_by("three") == set()


def test_checksums_are_those_of_sha256sum(entry):
    import hashlib

    kept(entry, writes("one"))
    size, _, digest = json.loads(module.sums_of(entry).read_text())[""]
    assert (size, digest) == (3, hashlib.sha256(b"one").hexdigest())


def test_a_cache_that_may_only_be_read_is_read(entry, monkeypatch):
    kept(entry, writes("one"))
    work_for("mine")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module.Path, "mkdir", refuse)
    assert kept(entry, lambda path: pytest.fail("made again")).read_text() == "one"
    assert used_by("mine") == set()
