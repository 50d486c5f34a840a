"""Sets by folders and lists, and patients in tables behind links."""

from __future__ import annotations

import pytest
from builders import scan_of, touch

from bcd_utils.utils.errors import StudyError

BOTH = ("benign", "malignant")


def test_files_of_one_name_in_train_val_and_test_are_images_each(tmp_path):
    sets = {"train": "train", "val": "validation", "Testing": "test"}
    touch(tmp_path, *(f"{place}/{label}/1.png" for place in sets for label in BOTH))
    touch(tmp_path, *(f"{place}/{label}/1_mask.png" for place in sets for label in BOTH))
    images = scan_of(tmp_path).images
    assert len(images) == 6 and images["id"].is_unique
    assert images["official_split"].tolist() == [sets[path.partition("/")[0]] for path in images["path"]]
    assert images["masks"].tolist() == [path.replace(".png", "_mask.png") for path in images["path"]]


@pytest.mark.parametrize("places", [("train", "valid"), ("train", "test", "elsewhere")])
def test_folders_of_sets_that_are_no_split_are_flattened_and_it_is_said(tmp_path, places):
    scan = scan_of(touch(tmp_path, *(f"{place}/{label}/1.png" for place in places for label in BOTH)))
    assert len(scan.images) == 2 * len(places) and "official_split" not in scan.images
    (remark,) = scan.remarks
    assert (
        remark.startswith("Folders called as sets are not taken as a split (2 in train, 2 in ")
        or "none" in remark
    )


def test_lists_of_sets_may_name_a_file_twice_but_not_in_two_sets(tmp_path):
    touch(tmp_path, "benign/1.png", "malignant/2.png")
    (tmp_path / "train.txt").write_text("benign\\1.png\n1\n\n", encoding="utf-8-sig")
    (tmp_path / "test.txt").write_text("malignant/2.png\nmalignant/2.png\n")
    lists = {"train": "train.txt", "test": "test.txt"}
    scan = scan_of(tmp_path, sets=lists)
    assert scan.images["official_split"].tolist() == ["train", "test"] and scan.left_out == []
    (tmp_path / "train.txt").write_text("1\n2\n")
    with pytest.raises(StudyError, match="malignant/2.png is listed as train and as test"):
        scan_of(tmp_path, sets=lists)
    (tmp_path / "train.txt").write_text("1\n3\n")
    with pytest.raises(StudyError, match=r"train\.txt, line 2: '3' is no image of this data set"):
        scan_of(tmp_path, sets=lists)


def test_links_are_followed_cycles_end_and_tables_behind_them_are_read(tmp_path):
    touch(tmp_path / "store", "benign/1.png", "malignant/2.png")
    (tmp_path / "store" / "groups.csv").write_text("path,group\nbenign/1.png,eve\nmalignant/2.png,ann\n")
    data = tmp_path / "data"
    data.mkdir()
    (data / "a").symlink_to(tmp_path / "store")
    (data / "again").symlink_to(data)
    (data / "b.png").symlink_to(tmp_path / "nowhere.png")
    scan = scan_of(data)
    assert scan.images["patient"].tolist() == ["eve", "ann"]
    assert scan.left_out == [("b.png", "a link that leads nowhere")]
