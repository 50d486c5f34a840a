"""Images of any mode become RGB, masks become one boolean frame, and inputs follow by hand arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from builders import noise, square, write_image
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from bcd_utils.images.reading import mask_paths, read_image, read_mask
from bcd_utils.images.transforms import INPUTS, network_input, resize
from bcd_utils.study import settings

SHAPE = (70, 90)
LESION = square(10, 30)


def save(path, grey: np.ndarray, mode: str):
    Image.fromarray(grey).convert(mode).save(path)
    return path


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_an_image_of_any_mode_is_read_as_rgb(tmp_path, mode):
    path = save(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"), noise(1), mode)
    image = read_image(path)
    assert image.dtype == np.uint8 and image.shape == (*SHAPE, 3)
    assert all(np.array_equal(image[..., channel], noise(1)) for channel in range(3))


def test_colours_keep_their_order(tmp_path):
    pixels = np.dstack([noise(1), noise(2), noise(3)])
    assert np.array_equal(read_image(write_image(tmp_path / "a.png", pixels)), pixels)


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_16_bit_levels_are_scaled_to_8_bit_not_clipped(tmp_path, order):
    path = write_image(tmp_path / "a.tif", np.array([[0, 10000, 20000, 40000]], dtype=order))
    assert read_image(path)[0, :, 0].tolist() == [0, 39, 78, 156]  # 255 * level / 65535


def test_a_portable_greymap_is_read_as_it_is(tmp_path):
    assert np.array_equal(read_image(write_image(tmp_path / "a.pgm", noise(1)))[..., 2], noise(1))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_a_mask_of_any_mode_is_the_white_part(tmp_path, mode):
    mask = read_mask([save(tmp_path / "mask.png", LESION, mode)], SHAPE)
    assert mask.dtype == bool
    assert np.array_equal(mask, LESION == 255)


def test_a_masks_transparency_is_ignored(tmp_path):
    pixels = np.dstack([LESION, LESION, LESION, noise(1)])
    assert np.array_equal(read_mask([write_image(tmp_path / "mask.png", pixels)], SHAPE), LESION == 255)


@pytest.mark.parametrize("channel", [0, 1, 2], ids=["red", "green", "blue"])
def test_a_mask_in_a_full_colour_is_a_mask(tmp_path, channel):
    pixels = np.zeros((*SHAPE, 3), np.uint8)
    pixels[..., channel] = LESION
    assert np.array_equal(read_mask([write_image(tmp_path / "mask.png", pixels)], SHAPE), LESION == 255)


def test_several_masks_are_united(tmp_path):
    paths = [
        write_image(tmp_path / f"{row}.png", square(row, column))
        for row, column in [(0, 0), (40, 60), (10, 10)]
    ]
    expected = np.zeros(SHAPE, bool)
    expected[0:20, 0:20] = expected[40:60, 60:80] = expected[10:30, 10:30] = True
    assert np.array_equal(read_mask(paths, SHAPE), expected)


def test_no_mask_is_an_empty_mask():
    mask = read_mask([], (3, 4))
    assert mask.shape == (3, 4) and not mask.any()


def test_a_mask_of_another_size_is_fitted_to_the_image(tmp_path):
    path = write_image(tmp_path / "mask.png", np.array([[255, 0, 0], [0, 0, 255]], np.uint8))
    expected = np.array([[1, 1, 0, 0, 0, 0]] * 4 + [[0, 0, 0, 0, 1, 1]] * 4, bool)
    assert np.array_equal(read_mask([path], (8, 6)), expected)


@pytest.mark.parametrize(
    ("grey", "inside", "outside"),  # 0.6 x grey + 0.4 x 255, and 0.6 x grey
    [(0, 102, 0), (1, 103, 1), (100, 162, 60), (255, 255, 153)],
)
def test_an_overlay_lightens_the_lesion_and_darkens_the_rest(grey, inside, outside):
    picture = network_input(np.full((1, 2, 3), grey, np.uint8), np.array([[True, False]]), "overlay")
    assert picture.dtype == np.uint8
    assert picture.tolist() == [[[inside] * 3, [outside] * 3]]


def test_a_mask_input_is_white_on_black_and_an_image_input_is_the_image():
    image, mask = np.dstack([noise(1)] * 3), LESION > 0
    assert network_input(image, mask, "image") is image
    white = network_input(image, mask, "mask")
    assert white.dtype == np.uint8 and white.shape == image.shape
    assert np.array_equal(white, np.dstack([LESION] * 3))


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),  # of a pixel (10, 100, 200)
    [
        ("channel", [10, 100, 255], [10, 100, 0]),
        ("painted", [255, 255, 255], [10, 100, 200]),
        ("product", [10, 100, 200], [0, 0, 0]),
        ("overlay-0.2", [59, 131, 211], [8, 80, 160]),  # 0.8 x pixel + 0.2 x 255, and 0.8 x pixel
        ("overlay-0.7", [182, 208, 238], [3, 30, 60]),  # 181.5, 208.5 and 238.5 go to the even neighbour
    ],
)
def test_what_a_network_is_shown_inside_and_outside_a_lesion(kind, inside, outside):
    image = np.tile(np.array([10, 100, 200], np.uint8), (1, 2, 1))
    given = image.copy()
    picture = network_input(image, np.array([[True, False]]), kind)
    assert picture.dtype == np.uint8 and picture[0].tolist() == [inside, outside]
    assert np.array_equal(image, given), "the image itself stays as it is"


def test_a_crop_is_the_lesions_box_with_a_tenth_around_it_and_ends_with_the_image():
    rows, columns = np.mgrid[:70, :90].astype(np.uint8)
    image = np.dstack([rows, columns, rows])
    mask = np.zeros(SHAPE, bool)
    mask[10:30, 60:90] = True  # 20 high: 2 above and below; 30 wide: 3 left, and right is the border
    picture = network_input(image, mask, "crop")
    assert (picture[..., 0].min(), picture[..., 0].max()) == (8, 31)
    assert (picture[..., 1].min(), picture[..., 1].max()) == (57, 89)
    assert network_input(image, np.zeros(SHAPE, bool), "crop") is image


def test_an_outline_is_green_and_only_outside_contours_are_drawn():
    image = np.full((*SHAPE, 3), 100, np.uint8)
    mask = LESION > 0
    mask[18:22, 38:42] = False  # a hole
    picture = network_input(image, mask, "outline")
    changed = (picture != image).any(axis=2)
    assert (picture[changed] == (0, 255, 0)).all()
    # around the square's outermost pixels, rows 10 and 29: OpenCV's thickness 3 reaches two pixels to each side
    assert np.flatnonzero(changed[:, 40]).tolist() == [8, 9, 10, 11, 12, 27, 28, 29, 30, 31]
    assert np.flatnonzero(changed[20]).tolist() == [28, 29, 30, 31, 32, 47, 48, 49, 50, 51]
    assert np.array_equal(network_input(image, np.zeros(SHAPE, bool), "outline"), image)


def test_every_input_that_a_study_may_name_is_drawn():
    assert tuple(INPUTS) == settings.INPUTS


@pytest.mark.parametrize("shape", [(70, 90), (90, 70), (20, 20), (20, 90), (32, 32)])
def test_resizing_gives_a_square_of_bytes(shape):
    resized = resize(np.dstack([noise(1, shape=shape)] * 3), 32)
    assert resized.dtype == np.uint8 and resized.shape == (32, 32, 3)


def test_shrinking_averages_blocks():
    image = np.zeros((4, 8, 3), np.uint8)
    image[:2, :4], image[:2, 4:] = 40, 80
    image[2:, 0:2] = 100
    assert resize(image, 2)[..., 0].tolist() == [[40, 80], [50, 0]]


@given(st.integers(0, 255), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_an_even_picture_stays_even_at_any_size(grey, height, width, size):
    assert (resize(np.full((height, width, 3), grey, np.uint8), size) == grey).all()


@given(arrays(np.uint8, (3, 4, 3)), arrays(bool, (3, 4)))
def test_an_overlay_never_inverts_the_image(image, mask):
    picture = network_input(image, mask, "overlay").astype(int)
    assert (picture[mask] >= image[mask]).all() and (picture[~mask] <= image[~mask]).all()


@pytest.mark.parametrize(
    ("cell", "names"),
    [("", []), ("a.png", ["a.png"]), ("x/a.png|b.png", ["x/a.png", "b.png"]), (float("nan"), [])],
)
def test_a_manifests_masks_cell_names_files(tmp_path, cell, names):
    assert mask_paths(tmp_path, cell) == [tmp_path / name for name in names]
