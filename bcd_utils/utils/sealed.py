"""A folder sealed by a list of its files' hashes, and packed so that the same files make the same bytes."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import atomic_path, sha256_of_file, write_text
from bcd_utils.utils.paths import readable

#: As ``sha256sum --check`` reads it, and as BagIt calls it.
SEAL = "manifest-sha256.txt"
_LINE = re.compile(r"([0-9a-f]{64})  (\S[^\n]*)\n")
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can say


def files_below(folder: Path) -> list[str]:
    """Every file below a folder, sorted, with "/"."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def seal(folder: Path) -> str:
    """Write the list of a folder's files and their SHA-256.

    Returns
    -------
    str
        SHA-256 of the list: a fingerprint of the whole folder.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.txt").write_text("whole")
    >>> len(seal(folder)), faults(folder)
    (64, [])
    >>> _ = (folder / "a.txt").write_text("hole")
    >>> faults(folder)
    ['a.txt was changed']
    """
    named = (name for name in files_below(folder) if name != SEAL)
    write_text(folder / SEAL, "".join(f"{sha256_of_file(folder / name)}  {name}\n" for name in named))
    return fingerprint(folder)


def fingerprint(folder: Path) -> str:
    """SHA-256 of a sealed folder's list."""
    return sha256_of_file(folder / SEAL)


def faults(folder: Path) -> list[str]:
    """What of a folder is not as it was sealed, a few words a file; empty where all is."""
    there = set(files_below(folder))
    if SEAL not in there:
        return [f"{SEAL} is missing"]
    content = (folder / SEAL).read_bytes().decode(errors="replace")
    lines = [_LINE.fullmatch(line) for line in content.splitlines(keepends=True)]
    sealed = {match[2]: match[1] for match in lines if match}
    if list(sealed) != sorted(sealed) or len(sealed) < len(lines):
        return [f"{SEAL} was changed"]
    found = [f"{name} is missing" for name in sealed.keys() - there]
    found += [f"{name} does not belong to it" for name in there - sealed.keys() - {SEAL}]
    both = sealed.keys() & there
    return sorted(
        found + [f"{name} was changed" for name in both if sha256_of_file(folder / name) != sealed[name]]
    )


def pack(folder: Path, archive: Path) -> None:
    """Write a folder's files as a zip file, atomically: sorted, all of one date, with the same rights."""
    with atomic_path(archive) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in files_below(folder):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Unix, on every system
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, (folder / name).read_bytes())


def refuse_damaged_zip(archive: Path) -> None:
    """Stop where a member of a zip file cannot be read as it was packed.

    Raises
    ------
    StudyError
        Naming the member; the archive, where its list of members is damaged.
    """
    if archive.is_file() and not zipfile.is_zipfile(archive):
        problem = f"{readable(archive)} is no zip file, or is damaged"
        raise StudyError(problem, "name a zip file or folder that 'bcd archive' wrote, or get it again")
    name = "its list of files"
    try:
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                name = entry.filename
                with packed.open(entry) as content:
                    while content.read(1 << 20):
                        pass
    except FileNotFoundError:
        raise StudyError(
            f"There is no archive {archive}", "name a zip file or folder that 'bcd archive' wrote"
        ) from None
    except Exception as error:  # noqa: BLE001 - zipfile has a dozen ways to fail on bytes that were changed
        raise StudyError(f"{archive} is damaged: {name} cannot be read ({error})", "get it again") from None
