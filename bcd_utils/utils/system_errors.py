"""What the operating system refuses, in a line that names the file and what helps."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.path_text import in_shell

GOES_ON = "and run the same command again; finished stages are kept"
FULL = (errno.ENOSPC, errno.EDQUOT)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
IN_THE_WAY = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY)
#: Limits of a process: what was refused, and what raises it.
LIMITS = {
    errno.EMFILE: ("Too many files are open", "allow more in this shell with 'ulimit -n 4096'"),
    errno.ENFILE: ("Too many files are open on this machine", "close other programs"),
    errno.EAGAIN: (
        "No further process may be started",
        "close other programs, or allow more with 'ulimit -u 4096'",
    ),
    errno.ENOMEM: ("The memory is full", "close other programs"),
    errno.EFBIG: ("A file may not become larger", "allow more in this shell with 'ulimit -f unlimited'"),
}


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the system refuses while ``path`` is written into a `StudyError` that names it."""
    try:
        yield
    except OSError as error:
        if error.errno in (*FULL, *CLOSED, *IN_THE_WAY, *LIMITS):
            raise refused(error, path) from error
        raise


def refused(error: OSError, path: Path | str | None = None) -> StudyError:
    """A system's refusal as one line.

    Parameters
    ----------
    error : OSError
    path : path, optional
        What was to be written; by default the file that the error names, if any: else it is the output.

    Examples
    --------
    >>> print(refused(OSError(errno.ENOSPC, "No space left on device"), "a.csv"))
    The disk is full: a.csv could not be written. To fix: free some space and run the same command again; ...
    """
    given = path or error.filename
    if error.errno in LIMITS:
        problem, fix = LIMITS[error.errno]
        return StudyError(problem + (f" ({given})" if given else ""), f"{fix}, {GOES_ON}")
    if given is None:
        problem = f"The output cannot be written ({error.strerror or error})"
        return StudyError(problem, f"let it go to a terminal, or to a disk with space, {GOES_ON}")
    if error.errno in FULL:
        return StudyError(f"The disk is full: {given} could not be written", f"free some space {GOES_ON}")
    if error.errno in CLOSED:
        return StudyError(f"{given} may not be written ({error.strerror})", _another_place(Path(given)))
    if error.errno in IN_THE_WAY:
        there = _first_in_the_way(Path(error.filename2 or error.filename or given))
        away = f"mv {in_shell(there)} {in_shell(there.with_name(there.name + '.old'))}"
        fix = f"{_another_place(Path(given))}, or move it away: {away}"
        return StudyError(f"{there} is in the way of {given} ({error.strerror})", fix)
    return StudyError(
        f"{given}: {error.strerror or error}", f"see that it can be read and written, {GOES_ON}"
    )


def _first_in_the_way(path: Path) -> Path:
    """The file where a folder is needed, or else ``path`` itself."""
    return next((part for part in reversed(path.parents) if part.exists() and not part.is_dir()), path)


def _another_place(path: Path) -> str:
    """What to do where a file may not be written."""
    from bcd_utils.utils.paths import RAW_DATA, cache_folder

    if path.is_relative_to(cache_folder()):
        return f"set BCD_CACHE_DIR to a folder you may write to, in place of {cache_folder()}"
    if path.is_relative_to(RAW_DATA):
        return f"make it writable: chmod -R u+w {RAW_DATA}"
    return "choose a folder you may write to, with --run-dir FOLDER"
