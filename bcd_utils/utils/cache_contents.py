"""What the cache holds: kinds of entries, studies that use them, bytes; and how it is made smaller."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bcd_utils.utils.cache import SUMS, USERS, owned, used_by
from bcd_utils.utils.errors import StudyError, allowed_instead
from bcd_utils.utils.paths import cache_folder, readable

NOBODY = "(no study)"


@dataclass(frozen=True)
class Entry:
    """Something that is kept.

    Attributes
    ----------
    kind : str
        Folder of the cache it lies in.
    name : str
        As seen from the cache.
    files : tuple of Path
        It, its checksums and what is half made of it.
    users : frozenset of str
        Studies that have used it.
    """

    kind: str
    name: str
    files: tuple[Path, ...]
    users: frozenset[str]

    @cached_property
    def bytes(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for file in self.files for path in _files_below(file))


def contents() -> list[Entry]:
    """Everything that the cache holds, by kind and name; notes on who uses what are no entries."""
    uses = {study: used_by(study) for study in studies()}
    parts: dict[str, list[Path]] = {}
    for path in cache_folder().glob("*/*"):
        if (
            path.parent.name != USERS and path.suffix != ".lock"
        ):  # a lock is empty, and stays for who waits for it
            parts.setdefault(f"{path.parent.name}/{_entry_name(path.name)}", []).append(path)
    return [
        Entry(
            name.split("/")[0], name, tuple(sorted(paths)),
            frozenset(study for study, used in uses.items() if name in used),
        )
        for name, paths in sorted(parts.items())
    ]  # fmt: skip


def studies() -> list[str]:
    """Studies that have used the cache."""
    return sorted(path.stem for path in (cache_folder() / USERS).glob("*.txt"))


def table(found: Sequence[Entry]) -> list[tuple[str, str, int, int, int]]:
    """Rows of `contents`: study, kind, entries, their bytes, and the bytes that only this study uses.

    Entries that several studies use are in the row of each.
    """
    rows = []
    for study in [*studies(), NOBODY]:
        used = [entry for entry in found if (study in entry.users if study != NOBODY else not entry.users)]
        for kind in sorted({entry.kind for entry in used}):
            sizes = {entry: entry.bytes for entry in used if entry.kind == kind}
            alone = sum(size for entry, size in sizes.items() if len(entry.users) < 2)
            rows.append((study, kind, len(sizes), sum(sizes.values()), alone))
    return rows


def prune(study: str) -> int:
    """Remove what only one study uses, or with `NOBODY` what none is known to use; returns the bytes.

    Raises
    ------
    StudyError
        If no such study has used the cache.
    """
    if study not in (known := [*studies(), NOBODY]):
        raise StudyError(
            f"No study {study!r} has used {readable(cache_folder())}", allowed_instead(study, known)
        )
    alone = frozenset[str]() if study == NOBODY else frozenset([study])
    freed = 0
    for entry in contents():
        if entry.users == alone:
            freed += entry.bytes
            with owned(cache_folder() / entry.name):  # not while it is made
                for path in entry.files:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if study != NOBODY:
        (cache_folder() / USERS / f"{study}.txt").unlink()
    return freed


def _entry_name(file: str) -> str:
    """The entry that a file of the cache belongs to.

    Examples
    --------
    >>> [_entry_name(name) for name in ("a.npy", "a.npy.sums.json", ".a.npy.part")]
    ['a.npy', 'a.npy', 'a.npy']
    """
    return file.removeprefix(".").removesuffix(SUMS).removesuffix(".part")


def _files_below(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file())
    else:
        yield path
