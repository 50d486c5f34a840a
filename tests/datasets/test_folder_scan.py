"""Every layout of BUSI yields the same images, and a mask is never one of them."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, LAYOUTS, NUMBERS, noise, square, write_busi, write_image
from hypothesis import given
from hypothesis import strategies as st

from bcd_utils.datasets import REGISTRY, files
from bcd_utils.datasets.folder_scan import scan_folder
from bcd_utils.images.reading import mask_paths, read_image, read_mask
from bcd_utils.study.loading import make_study
from bcd_utils.study.source import StudySource
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import natural_key

IDS = [f"{label} ({number})" for label in CLASSES for number in NUMBERS]


def study(**settings):
    return make_study({"name": "mine", **settings})


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_yields_the_same_images_and_masks(tmp_path, layout):
    folder = write_busi(tmp_path, layout)
    scan = scan_folder(folder, classes=CLASSES)
    assert scan.images["id"].tolist() == IDS
    assert scan.images["label"].tolist() == [label for label in CLASSES for _ in NUMBERS]
    assert scan.images["masks"].str.split("|").str.len().tolist() == [1, 2, 1, 1, 1, 1, 1, 1, 1]
    assert scan.remarks == []
    second = scan.images.iloc[1]
    assert np.array_equal(read_image(folder / second["path"])[..., 0], noise(0, 2))
    united = (square(10, 10) > 0) | (square(45, 60) > 0)
    assert np.array_equal(read_mask(mask_paths(folder, second["masks"]), (70, 90)), united)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_mask_is_an_image(tmp_path, layout):
    images = scan_folder(write_busi(tmp_path, layout), classes=CLASSES).images
    assert len(images) == 9
    assert not images["path"].str.contains("mask").any()


@pytest.mark.parametrize(
    ("files", "ids", "masks"),
    [
        (["benign/A.PNG", "benign/A_MASK.PNG"], ["A"], ["benign/A_MASK.PNG"]),
        (["BENIGN/a.jpg", "BENIGN/a_mask.png"], ["a"], ["BENIGN/a_mask.png"]),
        (["x/Benign/a.bmp"], ["a"], [""]),
        (["benign/a.png", "benign/a_mask_1.png"], ["a"], ["benign/a_mask_1.png"]),
        (
            ["benign/a.png", "benign/a_mask.png", "benign/a_mask_2.png", "benign/a_mask_10.png"],
            ["a"],
            ["benign/a_mask.png|benign/a_mask_2.png|benign/a_mask_10.png"],
        ),
        (["benign/a.png", "__MACOSX/benign/b.png", "benign/._a.png", "benign/notes.txt"], ["a"], [""]),
        (["benign/a.png", "elsewhere/b.png", "c.png"], ["a"], [""]),
        (["benign/GroundTruth/a.png", "benign/a.png"], ["a"], ["benign/GroundTruth/a.png"]),
        (["benign/5²6.png", "benign/².png"], ["5²6", "²"], ["", ""]),
        (["benign/NA.png"], ["NA"], [""]),
    ],
)
def test_names_are_read_as_people_write_them(tmp_path, files, ids, masks):
    for name in files:
        write_image(tmp_path / name, noise(0)) if not name.endswith(".txt") else (tmp_path / name).touch()
    scan = scan_folder(tmp_path, classes=CLASSES)
    assert scan.images["id"].tolist() == ids
    assert scan.images["masks"].tolist() == masks
    assert set(scan.images["label"]) == {"benign"}
    assert scan.remarks == []


def test_a_mask_without_an_image_is_remarked_and_left_out(tmp_path):
    write_image(tmp_path / "benign" / "a.png", noise(0))
    write_image(tmp_path / "benign" / "b_mask.png", square(0, 0))
    scan = scan_folder(tmp_path, classes=CLASSES)
    assert scan.images["id"].tolist() == ["a"]
    assert scan.left_out == [("benign/b_mask.png", "a mask without an image")]


def test_of_two_formats_of_one_image_the_one_that_most_images_have_is_read(tmp_path):
    for name in ("a.jpg", "a.png", "b.jpg", "b.png", "c.png"):
        write_image(tmp_path / "benign" / name, noise(0))
    scan = scan_folder(tmp_path, classes=CLASSES)
    assert scan.images["path"].tolist() == ["benign/a.png", "benign/b.png", "benign/c.png"]
    left_out = [(f"benign/{name}.jpg", "there in the format of most images too") for name in "ab"]
    assert scan.left_out == left_out


def test_below_folders_of_two_classes_the_nearest_counts_and_it_is_said(tmp_path):
    write_image(tmp_path / "normal" / "benign" / "a.png", noise(0))
    scan = scan_folder(tmp_path, classes=CLASSES)
    assert scan.images["label"].tolist() == ["benign"]
    assert "the nearest counts" in scan.remarks[0] and "normal/benign/a.png" in scan.remarks[0]


def test_one_name_in_two_classes_is_told_apart_by_its_class(tmp_path):
    for name in ("benign/1.png", "normal/1.png", "normal/2.png"):
        write_image(tmp_path / name, noise(0))
    assert scan_folder(tmp_path, classes=CLASSES).images["id"].tolist() == ["benign/1", "normal/1", "2"]


def test_the_order_does_not_depend_on_the_file_system(tmp_path, monkeypatch):
    names = ["a.png", "A.png", "01.png", "1.png"]
    for name in names:
        write_image(tmp_path / "benign" / name, noise(0))
    if len(os.listdir(tmp_path / "benign")) < len(names):
        pytest.skip("this file system does not tell upper from lower case")
    forwards = scan_folder(tmp_path, classes=CLASSES).images
    walk = files.walk
    for step in (1, -1):
        monkeypatch.setattr(files, "walk", lambda folder, step=step: sorted(walk(folder))[::step])
        pd.testing.assert_frame_equal(scan_folder(tmp_path, classes=CLASSES).images, forwards)


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_numbers_in_names_sort_by_value(numbers):
    ordered = sorted((f"benign ({number}).png" for number in numbers), key=natural_key)
    assert ordered == [f"benign ({number}).png" for number in sorted(numbers)]


@given(st.lists(st.text()))
def test_any_names_can_be_sorted(names):
    assert sorted(sorted(names, key=natural_key)) == sorted(names)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StudyError, match="There is no folder .*nowhere"):
        scan_folder(tmp_path / "nowhere", classes=CLASSES)


@pytest.mark.parametrize("files", [[], ["a.png"], ["cats/a.png"], ["benign/a_mask.png"]])
def test_a_folder_without_class_folders_is_refused_with_the_classes(tmp_path, files):
    for name in files:
        write_image(tmp_path / name, noise(0))
    with pytest.raises(
        StudyError,
        match="holds no images of (the classes.*benign, malignant, normal|class benign but files)",
    ):
        scan_folder(tmp_path, classes=CLASSES)


# -- BUSI: where it is, and whether it is whole -----------------------------------------------------


def images_of(benign: int, malignant: int, normal: int) -> pd.DataFrame:
    return pd.DataFrame({"label": ["benign"] * benign + ["malignant"] * malignant + ["normal"] * normal})


def test_the_whole_busi_is_accepted():
    REGISTRY["busi"].check_counts(images_of(437, 210, 133), Path("busi"))


@pytest.mark.parametrize(
    ("counts", "parts"),
    [
        ((1, 1, 1), ["busi holds 3 of 780 images of BUSI", "1 benign / 1 malignant / 1 normal"]),
        ((437, 210, 0), ["holds 647 of 780", "437 benign / 210 malignant / 0 normal"]),
        ((438, 209, 133), ["holds 780 of 780", "438 benign / 209 malignant / 133 normal"]),
        ((437, 210, 134), ["holds 781 of 780"]),
    ],
)
def test_a_part_of_busi_is_refused_with_what_was_found_and_expected(counts, parts):
    with pytest.raises(StudyError) as caught:
        REGISTRY["busi"].check_counts(images_of(*counts), Path("busi"))
    message = str(caught.value)
    expected = [*parts, "not 437 benign / 210 malignant / 133 normal", "--set source.allow_partial=true"]
    assert all(part in message for part in expected), message


def test_phantoms_may_be_any_number():
    REGISTRY["phantom"].check_counts(images_of(1, 0, 0), Path("phantom"))


def test_a_given_folder_is_taken_as_it_is(tmp_path):
    assert REGISTRY["busi"].locate(StudySource(data_dir=str(tmp_path))) == tmp_path


def test_a_zip_file_is_unpacked_once_into_the_cache(tmp_path, cache):
    write_busi(tmp_path / "unpacked")
    archive = Path(shutil.make_archive(str(tmp_path / "Dataset_BUSI"), "zip", tmp_path / "unpacked"))
    with zipfile.ZipFile(archive, "a") as members:
        members.writestr("__MACOSX/Dataset_BUSI_with_GT/benign/._benign (1).png", b"not an image")
    folder = REGISTRY["busi"].locate(StudySource(data_dir=str(archive)))
    assert cache in folder.parents
    assert scan_folder(folder).images["id"].tolist() == IDS
    (folder / ".kept").touch()
    assert (REGISTRY["busi"].locate(StudySource(data_dir=str(archive))) / ".kept").exists()


def test_another_zip_file_under_the_same_name_is_unpacked_anew(tmp_path, cache):
    archive = tmp_path / "busi.zip"
    for text in ("one", "another"):
        with zipfile.ZipFile(archive, "w") as members:
            members.writestr("a.txt", text)
        assert (REGISTRY["busi"].locate(StudySource(data_dir=str(archive))) / "a.txt").read_text() == text


def test_a_file_that_is_no_zip_is_named(tmp_path, cache):
    (tmp_path / "busi.zip").write_text("<html>not found</html>")
    with pytest.raises(StudyError, match="busi.zip cannot be unpacked"):
        REGISTRY["busi"].locate(StudySource(data_dir=str(tmp_path / "busi.zip")))


def test_a_missing_data_folder_is_named(tmp_path):
    with pytest.raises(StudyError, match="nowhere does not exist.*--data-dir"):
        REGISTRY["busi"].locate(StudySource(data_dir=str(tmp_path / "nowhere")))


def test_without_data_dir_the_fetched_folder_is_used_or_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr("bcd_utils.datasets.base.RAW_DATA", tmp_path)
    with pytest.raises(StudyError, match="BUSI is not in .*bcd fetch busi.*--data-dir"):
        REGISTRY["busi"].locate(StudySource())
    (tmp_path / "busi" / "unpacked").mkdir(parents=True)
    assert REGISTRY["busi"].locate(StudySource()) == tmp_path / "busi" / "unpacked"


def test_phantoms_are_drawn_once_and_are_found_by_the_same_reader(cache):
    settings = study(dataset="phantom", phantoms={"benign": 2, "malignant": 1, "normal": 1})
    folder = REGISTRY["phantom"].locate(settings.source)
    images = scan_folder(folder).images
    assert cache in folder.parents
    assert images["label"].tolist() == ["benign", "benign", "malignant", "normal"]
    assert (images["masks"] != "").all()
    (folder / ".kept").touch()
    assert (REGISTRY["phantom"].locate(settings.source) / ".kept").exists()
    other = study(dataset="phantom", phantoms={"benign": 1, "malignant": 0, "normal": 0})
    assert REGISTRY["phantom"].locate(other.source) != folder
