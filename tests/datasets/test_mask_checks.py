"""Masks that are odd are remarked once a kind; where masks and images seem confused, the study stops."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pytest
from builders import CLASSES, manifest_of, noise, square, write_busi, write_image

from bcd_utils.datasets import REGISTRY
from bcd_utils.datasets.folder_scan import scan_folder
from bcd_utils.study.source import Layout
from bcd_utils.utils.errors import StudyError

ANY_COUNT = dataclasses.replace(REGISTRY["busi"], counts=None)
EMPTY = "masks are empty for all 3 images of class normal"
BENIGN = [f"benign/benign ({number})" for number in (1, 2, 10)]


@pytest.fixture
def folder(tmp_path):
    """BUSI's miniature, its three classes directly below."""
    return write_busi(tmp_path) / "Dataset_BUSI_with_GT"


def remarks(folder, masks: str | None = None) -> list[str]:
    return manifest_of(dataclasses.replace(ANY_COUNT, layout=Layout(masks=masks)), folder)[1]


def test_masks_that_are_empty_are_counted_for_each_class(folder):
    write_image(folder / f"{BENIGN[2]}_mask.png", square(0, 0) * 0)
    write_image(folder / f"{BENIGN[1]}_mask.png", square(0, 0) * 0)  # whose second mask is not
    assert remarks(folder) == [
        "masks are empty for 1 of 3 images of class benign (first: benign (10))",
        EMPTY,
    ]


def test_masks_that_cover_everything_are_remarked(folder):
    for stem in BENIGN:
        write_image(folder / f"{stem}_mask.png", square(1, 0) * 0 + 255)
    assert remarks(folder) == [EMPTY, "masks cover 95% or more of the image: 3 images (first: benign (1))"]


def test_inverted_masks_are_read_and_remarked(folder):
    for stem in BENIGN:
        write_image(folder / f"{stem}_mask.png", 255 - square(20, 20))
    line = "masks are dark on a bright ground, and are read so: 3 images (first: benign (1))"
    assert remarks(folder) == [EMPTY, line]


def confuse(folder, images: int, pixels) -> None:
    for number in range(images):
        write_image(folder / "benign" / f"x{number}.png", pixels(number))


@pytest.mark.parametrize("level", [40, 255])
def test_masks_among_the_images_stop_the_study_with_both_readings(folder, level):
    confuse(folder, 3, lambda number: square(number, 20, side=40) // 255 * level)
    with pytest.raises(StudyError) as caught:
        remarks(folder)
    assert caught.value.problem == (
        "3 of 6 images of class benign (first: x0) are pictures with two levels: masks that were taken for images, "
        "or drawings?"
    )
    assert "--set 'source.masks=PATTERN'" in caught.value.fix
    assert remarks(folder, masks="^(?P<image>.*)_mask")[0] == caught.value.problem


@pytest.mark.parametrize(("masks", "images"), [(2, 0), (3, 13)])
def test_few_pictures_with_two_levels_are_remarked_only(folder, masks, images):
    confuse(folder, masks, lambda number: square(number, 20))
    for number in range(images):
        write_image(folder / "benign" / f"y{number}.png", noise(number, 9))
    assert remarks(folder)[0].startswith(
        f"{masks} of {3 + masks + images} images of class benign (first: x0) are"
    )


@pytest.mark.parametrize("label", CLASSES)
def test_images_that_are_called_masks_stop_the_study_too(folder, label):
    for number in (1, 2, 10):
        write_image(folder / label / f"{label} ({number})_mask.png", noise(number))
    with pytest.raises(
        StudyError, match=rf"3 of 3 images of class {label} \(first: {label} \(1\)\) have masks with"
    ):
        remarks(folder)
    assert any("many grey levels" in line for line in remarks(folder, masks="^(?P<image>.*)_mask"))


def test_a_mask_that_was_drawn_lying_is_no_mask_of_another_size(folder):
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(noise(5)).save(folder / f"{BENIGN[0]}.png", exif=exif)
    assert remarks(folder) == [EMPTY]  # lying like its image
    write_image(folder / f"{BENIGN[0]}_mask.png", np.ascontiguousarray(square(5, 5).T))
    assert remarks(folder) == [EMPTY]  # upright


def test_what_blocks_is_not_opened(folder):
    mask = folder / f"{BENIGN[0]}_mask.png"
    mask.unlink()
    os.mkfifo(mask)
    scan = scan_folder(folder, classes=CLASSES)
    scan.images.loc[0, "masks"] = mask.relative_to(folder).as_posix()
    found = dataclasses.replace(ANY_COUNT, scan=lambda _: scan)
    manifest, lines = manifest_of(found, folder)
    assert "benign (1)_mask.png cannot be read (no regular file)" in lines
    assert manifest.loc[0, "status"] == "mask cannot be read"
