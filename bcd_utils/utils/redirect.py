"""Where a process, and the processes it starts, write their messages."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO


@contextmanager
def stderr_into(file: BinaryIO) -> Iterator[None]:
    """Send file descriptor 2 to an open file; processes started meanwhile keep writing there."""
    sys.stderr.flush()
    saved = os.dup(2)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)
