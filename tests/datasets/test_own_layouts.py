"""Folders as people keep them: what is a mask, which class, which set, by names and places alone."""

from __future__ import annotations

import pytest
from builders import scan_of, touch

from bcd_utils.datasets.folder_scan import scan_folder
from bcd_utils.utils.errors import StudyError

BOTH = ("benign", "malignant")


def masks_of(folder, **settings) -> dict[str, str]:
    images = scan_of(folder, **settings).images
    return dict(zip(images["path"], images["masks"], strict=True))


@pytest.mark.parametrize(
    "place",
    [
        "GT",
        "labels",
        "Mask",
        "MASKS",
        "segmentations",
        "Ground Truth",
        "annotations",
        "lesion_masks",
        "masks binary",
    ],
)
@pytest.mark.parametrize("beside", ["", "images/"])
def test_folders_of_masks_are_known_by_many_names(tmp_path, place, beside):
    names = {f"{label}/{beside}1.png": f"{label}/{place}/1.png" for label in BOTH}
    assert masks_of(touch(tmp_path, *names, *names.values())) == names


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("1.png", "mask_1.png"),
        ("1.png", "GT-1.png"),
        ("1.png", "1_tumor.png"),
        ("1.png", "1-Segmentation.png"),
        ("1.png", "1_mask.tif"),
        ("image (1).png", "image (1)_mask_1.png"),
        ("a.b.png", "a.b_mask.png"),
        ("a.b.png", "a.b.png_mask.png"),
        ("a.ome.tif", "a_mask.ome.tif"),
        ("case/image.png", "case/mask.png"),
        ("case/image.png", "case/label.png"),
    ],
)
def test_masks_beside_images_are_known_by_many_names(tmp_path, image, mask):
    names = {f"{label}/{image}": f"{label}/{mask}" for label in BOTH}
    assert masks_of(touch(tmp_path, *names, *names.values())) == names


@pytest.mark.parametrize(
    "names",
    [
        ["images/Benign/1.png", "masks/benign/1.png"],
        ["benign_images/1.png", "benign_masks/1.png"],
        ["train_images/benign/1.png", "train_masks/benign/1.png"],
        ["benign/p1/1.png", "benign/p1/1_mask.png"],
    ],
)
def test_an_image_finds_its_mask_among_others_of_that_name(tmp_path, names):
    twins = [name.lower().replace("benign", "malignant").replace("p1", "p2") for name in names]
    assert masks_of(touch(tmp_path, *names, *twins)) == {names[0]: names[1], twins[0]: twins[1]}


def test_pictures_below_labels_without_images_beside_are_images(tmp_path):
    touch(tmp_path, *(f"labels/{label}/1.png" for label in BOTH))
    assert masks_of(tmp_path) == {f"labels/{label}/1.png": "" for label in BOTH}


def test_a_mask_that_may_be_of_two_images_is_given_to_none_and_said(tmp_path):
    touch(tmp_path, "a/benign/1.png", "b/benign/1.png", "malignant/2.png", "masks/1.png")
    scan = scan_of(tmp_path)
    assert (scan.images["masks"] == "").all()
    assert scan.left_out == [("masks/1.png", "a mask of one of several images")]


def test_masks_that_differ_from_images_in_the_suffix_only_are_told_by_a_pattern(tmp_path):
    names = {f"{label}/1.jpg": f"{label}/1.png" for label in BOTH}
    touch(tmp_path, *names, *names.values())
    assert masks_of(tmp_path, masks=r"\.png$") == names
    assert [why for _, why in scan_of(tmp_path).left_out] == ["there in the format of most images too"] * 2


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"images": "scan"}, r"source.images = 'scan' finds no image, not in 'benign/1.png' either"),
        ({"masks": "scan"}, r"source.masks = 'scan' finds no mask, not in 'benign/1.png' either"),
        (
            {"patients": "(scan)"},
            r"source.patients = '\(scan\)' finds no patient, not in 'benign/1.png' either",
        ),
    ],
)
def test_a_pattern_that_finds_nothing_is_named_with_a_path_that_it_should_fit(tmp_path, setting, said):
    touch(tmp_path, "benign/1.png", "malignant/2.png")
    with pytest.raises(StudyError, match=said):
        scan_of(tmp_path, **setting)


# -- Classes ----------------------------------------------------------------------------------------


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


# -- Sets -------------------------------------------------------------------------------------------


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


# -- Links ------------------------------------------------------------------------------------------


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
