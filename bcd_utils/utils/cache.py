"""The cache of recomputable files: one owner an entry, each held to its checksums when opened, and who uses it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bcd_utils.utils.files import read_json, sha256_of_file, sha256_of_json, write_json
from bcd_utils.utils.lock import hold
from bcd_utils.utils.paths import cache_folder
from bcd_utils.utils.system_errors import CLOSED, disk_errors

SUMS = ".sums.json"
#: One text file a study, of the entries it has used.
USERS = "used_by"

_study = ""
_opened: set[Path] = set()  # folders


def work_for(study: str) -> None:
    """Say which study this process works for, so that the cache knows who uses what."""
    global _study
    _study = study


def entry_of(kind: str, recipe: Any, suffix: str = "") -> Path:
    """Where the cache keeps what follows from ``recipe``, a JSON value that names everything that decides it."""
    return cache_folder() / kind / f"{sha256_of_json(recipe)[:24]}{suffix}"


def kept(entry: Path, make: Callable[[Path], Any], goes_on: bool = False) -> Path:
    """A file or folder of the cache, as it was made once, or made now.

    Only one process makes an entry; others wait for it. A file is held to its SHA-256 each time; a folder's files are
    when a process first opens it, later to their sizes and times. What does not fit is made again.

    Parameters
    ----------
    entry : Path
        From `entry_of`.
    make : callable
        ``make(path)`` writes the file or folder to another path, which becomes ``entry`` when it returns.
    goes_on : bool
        Whether ``make`` goes on from what it left when it was killed; else that is removed.

    Raises
    ------
    StudyError
        If the disk is full or the cache cannot be written.
    """
    note_use([entry])
    if not is_whole(entry, believe_times=entry in _opened):
        _make(entry, make, goes_on)
    _opened.update([entry] if entry.is_dir() else [])
    return entry


def _make(entry: Path, make: Callable[[Path], Any], goes_on: bool) -> None:
    with owned(entry):
        if not is_whole(entry):
            discard(entry)
            scratch = entry.with_name(f".{entry.name}.part")
            if not goes_on:
                _remove(scratch)
            scratch.mkdir(exist_ok=True)
            temporary = scratch / entry.name
            try:
                make(temporary)
                write_json(sums_of(entry), {name: _measured(path) for name, path in files_of(temporary)})
                os.replace(temporary, entry)
            finally:
                if entry.exists() or not goes_on:
                    _remove(scratch)


@contextmanager
def owned(path: Path) -> Iterator[None]:
    """Be the only process that makes ``path``; others wait. The right to it ends with the process.

    Raises
    ------
    StudyError
        If the disk is full or the folder cannot be written.
    """
    with disk_errors(path), hold(path.with_name(f".{path.name}.lock")):
        yield


def is_whole(entry: Path, believe_times: bool = False) -> bool:
    """Whether an entry is there, as it was written; what is as large and as old as then can be believed unread."""
    recorded = read_json(sums_of(entry))
    found = dict(files_of(entry)) if entry.exists() else None
    if found is None or not isinstance(recorded, dict) or found.keys() != recorded.keys():
        return False
    return all(_is_as_recorded(path, recorded[name], believe_times) for name, path in found.items())


def discard(entry: Path) -> None:
    """Remove an entry and its checksums."""
    sums_of(entry).unlink(missing_ok=True)
    _remove(entry)


def note_use(entries: Iterable[Path]) -> None:
    """Note that the study that this process works for uses these entries; a cache that is only read keeps no notes."""
    names = {path.relative_to(cache_folder()).as_posix() for path in entries} if _study else set()
    if new := names - used_by(_study):
        notes = cache_folder() / USERS / f"{_study}.txt"
        with disk_errors(notes):
            try:
                notes.parent.mkdir(parents=True, exist_ok=True)
                with open(notes, "a", encoding="utf-8") as file:
                    file.write("".join(f"{name}\n" for name in sorted(new)))
            except OSError as error:
                if error.errno not in CLOSED:
                    raise


def used_by(study: str) -> set[str]:
    """The entries that a study has used, relative to the cache."""
    notes = cache_folder() / USERS / f"{study}.txt"
    return set(notes.read_text(encoding="utf-8").splitlines()) if notes.exists() else set()


def sums_of(entry: Path) -> Path:
    """The file with an entry's checksums."""
    return entry.with_name(entry.name + SUMS)


def files_of(entry: Path) -> Iterator[tuple[str, Path]]:
    """The files of an entry by their names in it (a file has none), but for hidden ones, as file managers write."""
    if not entry.is_dir():
        yield "", entry
        return
    for path in sorted(entry.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            yield path.relative_to(entry).as_posix(), path


def _measured(path: Path) -> list[Any]:
    state = path.stat()
    return [state.st_size, state.st_mtime_ns, sha256_of_file(path)]


def _is_as_recorded(path: Path, recorded: Any, believe_its_time: bool) -> bool:
    state = path.stat()
    if not isinstance(recorded, list) or len(recorded) != 3 or state.st_size != recorded[0]:
        return False
    same_time = believe_its_time and bool(state.st_mtime_ns == recorded[1])
    return same_time or sha256_of_file(path) == recorded[2]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
