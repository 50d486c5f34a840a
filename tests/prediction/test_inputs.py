"""What is found of what a person names."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from builders import noise, touch, write_dicom, write_image

from bcd_utils.images.reading import read_image
from bcd_utils.images.refusals import ImageError
from bcd_utils.prediction.inputs import listed
from bcd_utils.utils.errors import StudyError


def test_every_file_of_a_folder_is_listed_but_hidden_ones(tmp_path):
    touch(tmp_path, "b10.PNG", "b2.png", "sub/c.JPG", "notes.txt", ".out.csv.0.part", ".git/d.png")
    write_dicom(tmp_path / "IM1", noise(1))
    found = {each.name.removeprefix(f"{tmp_path}/"): each.why_not for each in listed([tmp_path])}
    reasons = {"b2.png": "", "b10.PNG": "", "IM1": "", "notes.txt": "no picture (.txt)", "sub/c.JPG": ""}
    assert found == reasons and list(found)[:2] == ["b2.png", "b10.PNG"]


def test_each_of_several_links_counts(tmp_path):
    image = write_image(tmp_path / "image.png", noise(1))
    (tmp_path / "links").mkdir()
    for number in range(5):
        (tmp_path / "links" / f"{number}.png").symlink_to(image)
    assert [each.why_not for each in listed([tmp_path / "links"])] == [""] * 5


def test_a_table_names_images_beside_it(tmp_path):
    image = write_image(tmp_path / "images" / "a b.png", noise(1))
    (tmp_path / "list.csv").write_text(f"id;path\n1;images/a b.png\n2;images/none.png\n3;{image}\n")
    found = listed([tmp_path / "list.csv"])
    assert [each.name for each in found] == ["images/a b.png", "images/none.png", str(image)]
    assert found[0].file == found[2].file == image and not found[1].file.exists()


def test_a_table_without_paths_is_refused(tmp_path):
    (tmp_path / "list.csv").write_text("file\na.png\n")
    with pytest.raises(StudyError, match=r"list\.csv has no column 'path'"):
        listed([tmp_path / "list.csv"])


def test_members_of_a_zip_are_unpacked_one_by_one_and_never_beside(tmp_path):
    image = write_image(tmp_path / "image.png", noise(1))
    with zipfile.ZipFile(tmp_path / "images.ZIP", "w") as archive:
        archive.write(image, "../../escaped_from_a_zip.PNG")
        archive.write(image, "__MACOSX/._image.png")
        archive.writestr("sub/text.png", "no picture")
    found = listed([tmp_path / "images.ZIP"])
    assert [each.member for each in found] == ["../../escaped_from_a_zip.PNG", "sub/text.png"]
    with found[0].at_hand() as path:
        assert path.name == "image.png" and np.array_equal(read_image(path)[..., 0], noise(1))
    assert not path.exists() and not list(tmp_path.parent.rglob("escaped_from_a_zip*"))


def test_a_member_that_unpacks_to_too_much_is_never_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("bcd_utils.prediction.inputs.MOST_UNPACKED", 1_000_000)
    with zipfile.ZipFile(tmp_path / "images.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.png", bytes(1_000_001))
        archive.writestr("large.png", bytes(1_000_000))
    bomb, large = listed([tmp_path / "images.zip"])
    with pytest.raises(ImageError, match="unpacks to 0.0 GB, more than 0.001"), bomb.at_hand():
        pass
    with large.at_hand() as path:
        assert path.stat().st_size == 1_000_000


def test_a_broken_zip_and_a_file_that_is_not_there_stay_rows(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 no more")
    broken, nowhere = listed([tmp_path / "broken.zip", tmp_path / "nowhere.png"])
    assert broken.why_not.startswith("no whole zip file") and nowhere.state == [str(tmp_path / "nowhere.png")]


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(StudyError, match="There is no file in"):
        listed([tmp_path])
