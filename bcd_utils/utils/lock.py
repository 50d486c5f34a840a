"""What one process at a time works on; the right to it goes with the process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.system_errors import disk_errors

if TYPE_CHECKING:
    from filelock import AcquireReturnProxy, FileLock


def hold(lock: Path, taken: StudyError | None = None) -> AcquireReturnProxy[FileLock]:
    """Hold a lock, as long as the result is kept or to the end of its ``with`` block.

    Parameters
    ----------
    lock : Path
        The file that is locked; it and its folder are made.
    taken : StudyError, optional
        Raised where another process holds it; None waits for it.

    Raises
    ------
    StudyError
        ``taken``; or if the file cannot be made.
    """
    from filelock import FileLock, Timeout

    with disk_errors(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            return FileLock(lock, timeout=0 if taken else -1).acquire()
        except Timeout:
            assert taken is not None
            raise taken from None
