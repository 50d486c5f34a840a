"""Classes by the names of folders and files, as people write them."""

from __future__ import annotations

import pytest
from builders import scan_of, touch

from bcd_utils.datasets.folder_scan import scan_folder
from bcd_utils.utils.errors import StudyError


@pytest.mark.parametrize(
    ("benign", "malignant"),
    [
        ("Benignos", "Malignos"),
        ("gutartig", "Bo\u0308sartig"),  # as macOS spells it
        ("良性", "恶性"),
        ("0_benign", "1_malignant"),
        ("Benign cases", "Malignant  Cases"),
        ("benign_images", "malignant_images"),
        ("BENIGN TUMOR", "malignant-tumour"),
    ],
)
def test_class_folders_are_known_by_many_names(tmp_path, benign, malignant):
    images = scan_of(touch(tmp_path, f"{benign}/1.png", f"{malignant}/2.png")).images
    assert dict(zip(images["id"], images["label"], strict=True)) == {"1": "benign", "2": "malignant"}


def test_a_denial_of_a_class_is_not_that_class(tmp_path):
    scan = scan_of(
        touch(tmp_path, "benign/1.png", "malignant/2.png", "non malignant/3.png", "not-benign_4.png")
    )
    assert scan.images["id"].tolist() == ["1", "2"]
    assert [path for path, _ in scan.left_out] == ["non malignant/3.png", "not-benign_4.png"]


def test_in_one_folder_the_class_is_a_word_of_the_name(tmp_path):
    names = ["001_benign.png", "benign (1).png", "benign (1)_mask.png", "Malignant-02.png", "x.png"]
    scan = scan_of(touch(tmp_path, *names))
    labels = dict(zip(scan.images["path"], scan.images["label"], strict=True))
    assert labels == {"001_benign.png": "benign", "benign (1).png": "benign", "Malignant-02.png": "malignant"}
    assert scan.remarks == ["3 images have their class from their own name (first: 001_benign.png)"]
    assert scan.left_out == [("x.png", "in no class folder")]


def test_further_names_of_classes_are_given_and_the_rest_is_said(tmp_path):
    touch(tmp_path, "M/1.png", "Malign/2.png", "B/3.png", "malignant/4.png", "cyst/5.png")
    scan = scan_of(tmp_path, classes={"malignant": ["m", "malign"], "benign": ["b"]})
    assert scan.images["label"].tolist() == ["malignant"] * 3 + ["benign"]
    assert scan.left_out == [("cyst/5.png", "in the folder 'cyst', which is no class")]


def test_one_name_for_two_classes_is_refused(tmp_path):
    with pytest.raises(StudyError, match="source.classes: 'x' is a name of two classes"):
        scan_of(tmp_path, classes={"benign": ["x"], "malignant": ["X"]})


@pytest.mark.parametrize("count", [2, 8])
def test_classes_that_nobody_named_are_the_uppermost_folders_that_differ(tmp_path, count):
    touch(
        tmp_path,
        *(f"data/{place}/Kind {n}/images/1.png" for n in range(count) for place in ("train", "test")),
    )
    images = scan_folder(tmp_path).images
    assert images["label"].unique().tolist() == [f"Kind {n}" for n in range(count)]
    assert images["official_split"].value_counts().to_dict() == {"train": count, "test": count}


def test_nine_folders_are_no_classes(tmp_path):
    with pytest.raises(StudyError, match="which is no class"):
        scan_folder(touch(tmp_path, *(f"c{n}/1.png" for n in range(9))))
