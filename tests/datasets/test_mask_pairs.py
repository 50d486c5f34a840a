"""What is a mask, and of which image, by names and places alone."""

from __future__ import annotations

import pytest
from builders import scan_of, touch

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
