"""Where a command is started: the terminal it writes to, and the folder it stands in."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress

from bcd_utils.utils.errors import StudyError


def speak_utf8() -> None:
    """Start anew where the locale would have Python take names of files and their texts for something else."""
    if not sys.flags.utf8_mode and sys.getfilesystemencoding() != "utf-8":
        words = [sys.executable, "-m", "bcd_utils.cli", *sys.argv[1:]]
        os.execve(sys.executable, words, os.environ | {"PYTHONUTF8": "1"})
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError):  # of a stream whose file was exchanged
                stream.reconfigure(errors="backslashreplace")  # a terminal may not know every letter


def refuse_a_lost_folder() -> None:
    """Stop where the current folder was deleted: no path counts from there."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise StudyError("The current folder was deleted", "go to one that is there: cd ~") from None
