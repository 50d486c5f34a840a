"""Sealed folders: whatever is changed, missing or added is named; the same files make the same archive."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.sealed import SEAL, faults, files_below, fingerprint, pack, refuse_damaged_zip, seal

FILES = {
    "a.csv": b"id,label\n1,benign\n",
    "figures/b.png": bytes(range(256)),
    "notebooks/a b (1).ipynb": b"{}",
}


@pytest.fixture(scope="module")
def sealed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sealed") / "run"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    seal(folder)
    return folder


def test_the_list_is_what_sha256sum_checks(sealed):
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in sorted(FILES.items())]
    assert (sealed / SEAL).read_text().splitlines() == lines
    assert faults(sealed) == []
    assert fingerprint(sealed) == hashlib.sha256((sealed / SEAL).read_bytes()).hexdigest() == seal(sealed)
    if shutil.which("sha256sum"):
        checked = subprocess.run(["sha256sum", "--check", "--strict", SEAL], cwd=sealed, capture_output=True)
        assert checked.returncode == 0


@pytest.mark.parametrize("name", [*FILES, SEAL])
def test_any_flipped_bit_of_any_file_is_named(sealed, tmp_path, name):
    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def flip(data):
        content = bytearray((sealed / name).read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= 1 << data.draw(st.integers(0, 7))
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(sealed, copy)
        (copy / name).write_bytes(content)
        found = faults(copy)
        # A flip in the list can also rename a file or change its hash.
        assert found == [f"{name} was changed"] if name != SEAL else found

    flip()


def test_missing_and_added_files_are_named(sealed, tmp_path):
    copy = shutil.copytree(sealed, tmp_path / "copy")
    (copy / "a.csv").unlink()
    (copy / "more.txt").write_text("")
    assert faults(copy) == ["a.csv is missing", "more.txt does not belong to it"]
    (copy / SEAL).unlink()
    assert faults(copy) == [f"{SEAL} is missing"]


def test_the_same_files_make_the_same_bytes_whenever_they_were_written(sealed, tmp_path):
    later = shutil.copytree(sealed, tmp_path / "later")
    for name in files_below(later):
        os.utime(later / name, (2e9, 2e9))
        (later / name).chmod(0o600)
    pack(sealed, tmp_path / "a.zip")
    pack(later, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        assert packed.namelist() == sorted([*FILES, SEAL])
        assert {name: packed.read(name) for name in FILES} == FILES


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_flipped_bit_of_a_zip_is_refused_or_changes_no_file(sealed, tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    pack(sealed, folder / "whole.zip")
    content = bytearray((folder / "whole.zip").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    (folder / "flipped.zip").write_bytes(content)
    try:
        refuse_damaged_zip(folder / "flipped.zip")
    except StudyError as error:
        assert "flipped.zip is damaged" in str(error)
        return
    with zipfile.ZipFile(folder / "flipped.zip") as packed:
        there = {name: packed.read(name) for name in packed.namelist()}
    if there.keys() == {*FILES, SEAL}:
        assert there == FILES | {SEAL: (sealed / SEAL).read_bytes()}
    # else a name was changed, or the list of files was cut short: what is unpacked is not what is sealed


def test_a_damaged_member_is_named(sealed, tmp_path):
    pack(sealed, tmp_path / "a.zip")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "a.zip") as packed:
        entry = packed.getinfo("figures/b.png")
    content[entry.header_offset + 30 + len(entry.filename) + 20] ^= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(StudyError, match=r"a.zip is damaged: figures/b.png cannot be read"):
        refuse_damaged_zip(tmp_path / "a.zip")
    with pytest.raises(StudyError, match="no archive"):
        refuse_damaged_zip(tmp_path / "none.zip")
