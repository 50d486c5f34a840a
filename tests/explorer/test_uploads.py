"""A person's own files: those that are images are answered, of the others the reason is said."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from builders import noise, write_dicom, write_image

from bcd_utils.explorer import uploads
from bcd_utils.explorer.case import Case
from bcd_utils.explorer.limits import MOST_FILES
from bcd_utils.explorer.uploads import cases_of_uploads

pytestmark = pytest.mark.slow


def given(name: str, content: bytes) -> dict:
    return {"name": name, "size": len(content), "content": memoryview(content)}


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> bytes:
    return write_image(tmp_path_factory.mktemp("image") / "a.png", noise(1)).read_bytes()


def test_each_file_has_its_answer_or_its_reason(collection, image, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    dicom = write_dicom(tmp_path / "a.dcm", noise(2)).read_bytes()
    large = write_image(tmp_path / "large.png", np.zeros((10_000, 10_000), np.uint8)).read_bytes()
    files = [
        given("../../escape.png", image),
        given("scan", dicom),
        given("text.png", b"no image"),
        given("large.png", large),
        given("all.zip", b"PK\3\4"),
    ]
    found = list(cases_of_uploads(collection.model, files))
    assert [name for name, _ in found] == ["escape.png", "scan", "text.png", "large.png", "all.zip"]
    (_, one), (_, other), *refused = found
    assert isinstance(one, Case) and one.image[..., 0].tolist() == noise(1).tolist() and one.label == ""
    assert isinstance(other, Case) and other.image.shape == (70, 90, 3)
    assert [reason for _, reason in refused] == [
        "no image: text",
        "larger than 60 megapixels",
        "no kind of image that is read (.zip)",
    ]
    assert list((tmp_path / "scratch").iterdir()) == [], "nothing is kept on the disk"


def test_too_many_and_too_large_files_are_not_opened(collection, image, monkeypatch):
    monkeypatch.setattr(uploads, "_looked_at", lambda model, name, content: "opened")
    found = [reason for _, reason in cases_of_uploads(collection.model, [given("a.png", image)] * 10)]
    assert found == ["opened"] * MOST_FILES + ["not read: 8 files at once are the most"] * 2
    monkeypatch.setattr(uploads, "MOST_MEGABYTES", 1.5 * len(image) / 1e6)
    found = [reason for _, reason in cases_of_uploads(collection.model, [given("a.png", image)] * 2)]
    assert found[0] == "opened" and "MB at once are the most" in found[1]


def test_only_a_known_suffix_of_a_name_reaches_the_disk(collection, image, monkeypatch):
    seen = []
    monkeypatch.setattr(uploads, "case_of_file", lambda model, given, most: seen.append(given) or "looked at")
    [(name, _)] = cases_of_uploads(collection.model, [given("$(touch x);<b>.PNG", image)])
    assert name == seen[0].name == "$(touch x);<b>.PNG" and seen[0].file.name == "image.png"
    assert not Path(seen[0].file).exists()
