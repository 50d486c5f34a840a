"""Atomic writes and content hashes: a file under its final name is always whole."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.system_errors import disk_errors


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Give a temporary path that takes the place of ``path`` only if the block succeeds.

    Raises
    ------
    StudyError
        If the disk is full or the folder may not be written.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "a.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> (folder / "a.txt").read_text()
    'whole'
    """
    path = Path(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(
            dir=path.parent, prefix=".", suffix=".part", ignore_cleanup_errors=True
        )
        with scratch as folder:
            temporary = Path(folder) / path.name
            yield temporary
            os.chmod(temporary, 0o755 if temporary.is_dir() else 0o644)
            os.replace(temporary, path)


def clear_half_written(folder: Path) -> None:
    """Remove what a process that was killed inside `atomic_path` left below ``folder``."""
    for left_over in list(folder.rglob(".*.part*")):
        if left_over.is_dir() and not left_over.is_symlink():
            shutil.rmtree(left_over, ignore_errors=True)
        else:
            left_over.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """Give a temporary folder that becomes ``path`` only if the block succeeds."""
    with atomic_path(path) as temporary:
        temporary.mkdir()
        yield temporary


def write_text(path: Path | str, text: str) -> None:
    """Write ``text`` (UTF-8) atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """The values of a JSON file; None where it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def last_written(folder: Path, pattern: str) -> float:
    """When the youngest of a folder's files was written, in seconds since 1970; 0 where none is there."""
    return max((path.stat().st_mtime for path in folder.glob(pattern)), default=0.0)


def sha256_of_file(path: Path | str) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_json(value: Any) -> str:
    """SHA-256 of a JSON-serialisable value, independent of key order.

    Examples
    --------
    >>> sha256_of_json({"a": 1, "b": 2}) == sha256_of_json({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


Seen = TypeVar("Seen")
_seen: dict[tuple[Callable[..., Any], Path], Any] | None = None


@contextmanager
def folders_at_rest() -> Iterator[None]:
    """What is `seen_at_rest` below a folder is looked for once in the block: nothing may change there meanwhile."""
    global _seen
    before, _seen = _seen, {}
    try:
        yield
    finally:
        _seen = before


def seen_at_rest(look: Callable[[Path], Seen]) -> Callable[[Path], Seen]:
    """Keep what a function sees below a folder while there are `folders_at_rest`; it must not be changed."""

    @wraps(look)
    def seen(folder: Path) -> Seen:
        if _seen is None:
            return look(folder)
        found: Seen = _seen[look, folder] if (look, folder) in _seen else look(folder)
        _seen[look, folder] = found
        return found

    return seen


@seen_at_rest
def walk(folder: Path) -> tuple[tuple[Path, str], ...]:
    """All files below a folder, those behind links too, each with its real path.

    A folder that holds itself, through a link, is entered once.

    Raises
    ------
    StudyError
        If a folder may not be read.
    """
    return tuple(_walk(folder))


def _walk(folder: Path) -> Iterator[tuple[Path, str]]:
    pending = [(folder, [os.path.realpath(folder)])] if folder.is_dir() else []
    while pending:
        current, above = pending.pop()
        try:
            entries = [*os.scandir(current)]
        except PermissionError:
            raise StudyError(f"The folder {current} may not be read", f"chmod u+rx {current}") from None
        for entry in entries:
            real = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(above[-1], entry.name)
            if not entry.is_dir():
                yield Path(entry.path), real
            elif real not in above:
                pending.append((Path(entry.path), [*above, real]))


def listing_identity(folders: Iterable[Path]) -> str:
    """Hash of the names, sizes and times of all files in some folders, those behind links too; a folder may move."""
    found = []
    for folder in folders:
        files = [path for path in sorted(path for path, _ in walk(folder)) if path.is_file()]
        states = [(path, path.stat()) for path in files]
        found.append([[os.path.relpath(path, folder), it.st_size, it.st_mtime_ns] for path, it in states])
    return sha256_of_json(found)


def natural_key(text: str) -> list[str | int]:
    """Sort key that puts "benign (2)" before "benign (10)".

    Examples
    --------
    >>> sorted(["b (10)", "b (2)"], key=natural_key)
    ['b (2)', 'b (10)']
    """
    return [int(part) if part.isdecimal() else part.lower() for part in re.split(r"(\d+)", text)]
