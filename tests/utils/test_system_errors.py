"""Each refusal of the operating system is one line that names the file, and what it advises helps."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import write_text
from bcd_utils.utils.system_errors import LIMITS, disk_errors, refused


@pytest.mark.parametrize("below", ["", "x", "x/y/z.txt"])
def test_a_file_where_a_folder_is_needed_is_named_and_moving_it_away_helps(tmp_path, below):
    there = tmp_path / "there"
    there.write_text("mine")
    wanted = there / below / "a.txt"
    with pytest.raises(StudyError, match=f"{there} is in the way of {wanted}") as caught:
        write_text(wanted, "text")
    move = caught.value.fix.partition("move it away: mv ")[2].split()
    os.rename(*move)
    write_text(wanted, "text")
    assert wanted.read_text() == "text" and Path(move[1]).read_text() == "mine"


def test_a_folder_where_a_file_is_to_be_written_is_named(tmp_path):
    (tmp_path / "a.txt" / "more").mkdir(parents=True)
    with pytest.raises(StudyError, match=f"{tmp_path / 'a.txt'} is in the way"):
        write_text(tmp_path / "a.txt", "text")


@pytest.mark.parametrize("code", LIMITS)
def test_limits_of_a_process_are_said_with_what_raises_them(code):
    error = refused(OSError(code, os.strerror(code)), "a.txt")
    assert "a.txt" in error.problem and error.fix.endswith(
        "run the same command again; finished stages are kept"
    )
    assert "\n" not in str(error)


def test_what_names_no_file_is_the_output():
    error = refused(OSError(errno.ENOSPC, "No space left on device"))
    assert error.problem == "The output cannot be written (No space left on device)"


def test_any_other_refusal_names_its_file_and_stays_what_it_is_in_a_block():
    assert refused(OSError(errno.EIO, "Input/output error", "a.txt")).problem == "a.txt: Input/output error"
    with pytest.raises(OSError, match="Input/output"), disk_errors(Path("b.txt")):
        raise OSError(errno.EIO, "Input/output error", "a.txt")
