"""Files are whole or absent, and a disk that refuses is named."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import (
    atomic_folder,
    atomic_path,
    clear_half_written,
    disk_errors,
    listing_identity,
    sha256_of_file,
    sha256_of_json,
    write_json,
    write_text,
)

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def closed_folder(tmp_path):
    """A folder that may not be written; root, who may write anywhere, is someone else for the while."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o755)


def test_a_file_appears_whole_and_readable_for_all(tmp_path):
    with atomic_path(tmp_path / "new" / "a.txt") as temporary:
        temporary.write_text("whole")
        assert not (tmp_path / "new" / "a.txt").exists()
        assert temporary.suffix == ".txt"
    assert (tmp_path / "new" / "a.txt").read_text() == "whole"
    assert (tmp_path / "new" / "a.txt").stat().st_mode & 0o777 == 0o644


def test_a_failed_block_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("atomic", [atomic_path, atomic_folder])
def test_what_a_killed_process_left_half_written_is_cleared(tmp_path, atomic):
    whole = tmp_path / "tables" / "a.csv"
    write_text(whole, "whole")
    code = f"""
import os
from bcd_utils.utils.files import {atomic.__name__}

with {atomic.__name__}({str(tmp_path / "tables" / "b")!r}) as temporary:
    (temporary / "half.txt" if temporary.is_dir() else temporary).write_text("half")
    os.kill(os.getpid(), 9)"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -9
    assert len(list(tmp_path.rglob("*"))) > 2
    clear_half_written(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [whole]
    clear_half_written(tmp_path)


def test_a_folder_appears_whole(tmp_path):
    with atomic_folder(tmp_path / "new" / "folder") as temporary:
        (temporary / "a.txt").write_text("a")
        assert not (tmp_path / "new" / "folder").exists()
    assert (tmp_path / "new" / "folder" / "a.txt").read_text() == "a"
    assert os.listdir(tmp_path / "new") == ["folder"]


def test_a_failed_block_leaves_no_folder(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "folder") as temporary:
        (temporary / "a.txt").write_text("a")
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "part"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EDQUOT, "The disk is full"),
        (errno.EACCES, "may not be written"),
        (errno.EPERM, "may not be written"),
        (errno.EROFS, "may not be written"),
    ],
)
@pytest.mark.parametrize("atomic", [atomic_path, atomic_folder, disk_errors])
def test_what_the_disk_refuses_is_a_study_error_that_names_the_file(tmp_path, atomic, code, part):
    with pytest.raises(StudyError, match=part) as caught, atomic(tmp_path / "a.npy"):
        raise OSError(code, os.strerror(code))
    assert str(tmp_path / "a.npy") in str(caught.value)
    assert os.listdir(tmp_path) == []


def test_another_os_error_is_not_hidden(tmp_path):
    with pytest.raises(OSError, match="Input/output error"), atomic_path(tmp_path / "a.txt"):
        raise OSError(errno.EIO, "Input/output error")


def test_on_a_full_disk_the_old_file_stays(small_disk):
    path = small_disk / "a.txt"
    write_text(path, "old")
    with pytest.raises(StudyError, match="The disk is full: .*a.txt could not be written"):
        write_text(path, "x" * 200_000)
    assert path.read_text() == "old"
    assert os.listdir(small_disk) == ["a.txt"]


def test_on_a_full_disk_no_folder_is_left(small_disk):
    with (
        pytest.raises(StudyError, match="The disk is full"),
        atomic_folder(small_disk / "folder") as temporary,
    ):
        (temporary / "a.bin").write_bytes(bytes(200_000))
    assert os.listdir(small_disk) == []


@pytest.mark.parametrize("atomic", [atomic_path, atomic_folder])
def test_a_folder_that_may_not_be_written_is_named(closed_folder, atomic):
    with (
        pytest.raises(StudyError, match="closed/a may not be written .*--run-dir"),
        atomic(closed_folder / "a"),
    ):
        pytest.fail("the block runs although nothing can be written")


def test_text_is_written_as_utf_8(tmp_path):
    write_text(tmp_path / "a.txt", "µ")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc2\xb5"


def test_json_is_whole_or_absent(tmp_path):
    write_json(tmp_path / "a.json", {"a": [1, None, "µ"]})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"a": [1, None, "µ"]}
    with pytest.raises(ValueError, match="not JSON compliant|Out of range"):
        write_json(tmp_path / "b.json", {"a": float("nan")})
    assert os.listdir(tmp_path) == ["a.json"]


def test_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of_file(tmp_path / "a") == ABC


@given(st.dictionaries(st.text(), st.integers() | st.lists(st.text()), min_size=1))
def test_hash_of_a_mapping_forgets_its_order_and_nothing_else(value):
    assert sha256_of_json(dict(reversed(value.items()))) == sha256_of_json(value)
    assert sha256_of_json({**value, "more": None}) != sha256_of_json(value)


def test_the_identity_of_a_folder_sees_what_lies_behind_links(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "a.png").write_bytes(b"one")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "benign").symlink_to(tmp_path / "disk")
    (tmp_path / "data" / "round").symlink_to(tmp_path / "data")
    before = listing_identity([tmp_path / "data"])
    assert listing_identity([tmp_path / "data"]) == before
    (tmp_path / "disk" / "a.png").write_bytes(b"another")
    assert listing_identity([tmp_path / "data"]) != before
