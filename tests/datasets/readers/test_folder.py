"""One's own images: class folders, and patients from a table whose mistakes are named by line."""

from __future__ import annotations

import shutil

import pytest
from builders import manifest_of, write_busi

from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.folder_scan import scan_folder as scan
from bcd_utils.datasets.readers.folder import locate
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError


@pytest.fixture
def folder(tmp_path):
    """Nine images in class folders, below "Dataset_BUSI_with_GT"."""
    return write_busi(tmp_path)


def write_groups(folder, *lines: str, place: str = "Dataset_BUSI_with_GT", **options):
    path = folder / place / "groups.csv"
    path.write_text("\n".join(["path,group", *lines]) + "\n", **options)
    return path


def test_without_a_table_each_image_is_its_own_patient(folder):
    manifest, remarks = manifest_of(REGISTRY["folder"], folder)
    assert manifest["group"].tolist() == manifest["id"].tolist()
    assert remarks == ["masks are empty for all 3 images of class normal"]


def test_the_table_names_patients_and_the_rest_is_remarked(folder):
    write_groups(
        folder,
        "benign/benign (1).png,eve",
        " malignant\\malignant (2).png , eve",
        "",
        "normal/normal (10).png,ann",
        encoding="utf-8-sig",
    )
    manifest, remarks = manifest_of(REGISTRY["folder"], folder)
    groups = manifest.set_index("id")["group"]
    named = {"benign (1)": "eve", "malignant (2)": "eve", "normal (10)": "ann"}
    assert groups[list(named)].to_dict() == named
    assert groups.drop(list(named)).tolist() == groups.drop(list(named)).index.tolist()
    assert remarks == [
        "6 images are not in groups.csv (first: Dataset_BUSI_with_GT/benign/benign (2).png); "
        "each counts as a patient",
        "masks are empty for all 3 images of class normal",
    ]


def test_paths_count_from_where_the_table_is(folder):
    write_groups(folder, "Dataset_BUSI_with_GT/benign/benign (1).png,eve", place="")
    assert scan(folder).images.set_index("id").loc["benign (1)", "patient"] == "eve"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("benign/benign (3).png,eve", r"line 3: 'benign/benign \(3\).png' is no image"),
        ("benign/benign (1)_mask.png,eve", "line 3: .* is no image"),
        ("benign/benign (2).png,", "line 3: .* has no group"),
        ("benign/benign (2).png", "line 3: .* has no group"),
        ("benign/benign (1).png,ann", "line 3: .* is of 'ann' here and of 'eve' before"),
    ],
)
def test_a_mistake_in_the_table_is_named_with_its_line(folder, line, said):
    path = write_groups(folder, "benign/benign (1).png,eve", line)
    with pytest.raises(StudyError, match=said) as caught:
        scan(folder)
    assert str(path) in caught.value.problem


def test_a_table_without_the_columns_is_refused(folder):
    path = folder / "Dataset_BUSI_with_GT" / "groups.csv"
    path.write_text("path,patient\nbenign/benign (1).png,eve\n")
    with pytest.raises(StudyError, match=r"groups\.csv, line 1: there is no column 'group'"):
        scan(folder)
    path.write_bytes(b"path,group\n\xff\xfe,eve\n")
    with pytest.raises(StudyError, match=r"groups\.csv cannot be read"):
        scan(folder)


def test_a_class_may_be_absent(folder):
    shutil.rmtree(folder / "Dataset_BUSI_with_GT" / "normal")
    assert set(scan(folder).images["label"]) == {"benign", "malignant"}


def test_the_folder_must_be_named():
    with pytest.raises(StudyError, match="which folder"):
        locate(make_study({"name": "mine", "dataset": "folder"}).source)
    with pytest.raises(StudyError, match="does not exist"):
        locate(make_study({"name": "mine", "dataset": "folder", "data_dir": "nowhere"}).source)
