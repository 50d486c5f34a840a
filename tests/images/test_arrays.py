"""The file of input images holds what each image gives on its own."""

from __future__ import annotations

import errno

import numpy as np
import pandas as pd
import pytest
from builders import CLASSES, write_busi, write_image

from bcd_utils.datasets.folder_scan import scan_folder
from bcd_utils.images.arrays import write_images
from bcd_utils.images.reading import read_with_mask
from bcd_utils.images.stain import normalise_stain
from bcd_utils.images.transforms import network_input, resize
from bcd_utils.utils.errors import StudyError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_busi(tmp_path_factory.mktemp("busi"))


@pytest.fixture
def rows(folder):
    return scan_folder(folder, classes=CLASSES).images


@pytest.mark.parametrize("kind", ["image", "mask", "overlay", "crop", "outline"])
def test_every_row_is_what_its_image_gives_alone(tmp_path, folder, rows, kind):
    rows = rows.iloc[[8, 0, 4, 1]]
    write_images(tmp_path / "images.npy", folder, rows, kind, 32)
    images = np.load(tmp_path / "images.npy")
    assert images.dtype == np.uint8 and images.shape == (4, 32, 32, 3)
    for image, (_, row) in zip(images, rows.iterrows(), strict=True):
        assert np.array_equal(image, resize(network_input(*read_with_mask(folder, row), kind), 32))


def test_the_file_can_be_memory_mapped(tmp_path, folder, rows):
    write_images(tmp_path / "images.npy", folder, rows, "image", 48)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert isinstance(mapped, np.memmap)
    assert np.array_equal(mapped, np.load(tmp_path / "images.npy"))
    assert (tmp_path / "images.npy").stat().st_size == mapped.offset + mapped.size


def test_progress_counts_the_images(tmp_path, folder, rows):
    calls = []
    write_images(tmp_path / "images.npy", folder, rows, "image", 32, lambda *call: calls.append(call))
    assert calls == [(done, 9) for done in range(1, 10)]


@pytest.mark.parametrize("kind", ["mask", "overlay"])
def test_an_image_without_a_mask_is_refused_before_anything_is_written(tmp_path, folder, rows, kind):
    rows.loc[rows["id"].isin(["benign (10)", "normal (1)"]), "masks"] = ""
    with pytest.raises(StudyError) as caught:
        write_images(tmp_path / "images.npy", folder, rows, kind, 32)
    assert f"input = {kind} needs masks, but 2 images have none (first: benign (10))" in str(caught.value)
    assert not (tmp_path / "images.npy").exists()


@pytest.mark.parametrize("method", ["reinhard", "macenko"])
def test_stains_are_normalised_before_resizing(tmp_path, method):
    colours = np.random.default_rng(0).integers(0, 255, (70, 90, 3), dtype=np.uint8)
    write_image(tmp_path / "a.png", colours)
    rows = pd.DataFrame({"id": ["a"], "path": ["a.png"], "masks": [""]})
    write_images(tmp_path / "images.npy", tmp_path, rows, "image", 32, stain=method)
    expected = resize(normalise_stain(colours, method), 32)
    assert np.array_equal(np.load(tmp_path / "images.npy")[0], expected)
    assert not np.array_equal(expected, resize(colours, 32))


def test_an_image_input_needs_no_masks(tmp_path, folder, rows):
    write_images(tmp_path / "with.npy", folder, rows, "image", 32)
    write_images(tmp_path / "without.npy", folder, rows.assign(masks=""), "image", 32)
    assert (tmp_path / "with.npy").read_bytes() == (tmp_path / "without.npy").read_bytes()


def test_a_full_disk_is_an_error_with_the_files_name(small_disk, folder, rows):
    many = pd.concat([rows] * 10)
    with pytest.raises(StudyError, match="The disk is full: .*images.npy"):
        write_images(small_disk / "images.npy", folder, many, "image", 32)


def test_a_disk_that_fills_up_while_writing_is_named_on_any_machine(tmp_path, folder, rows):
    def fill_up(done, total):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StudyError, match="The disk is full: .*images.npy"):
        write_images(tmp_path / "images.npy", folder, rows, "image", 32, fill_up)
