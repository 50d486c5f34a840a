"""A mask is found in whatever levels it was drawn, and told from a picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from builders import noise, square
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from bcd_utils.images.masks import is_black_and_white, lesion_of, looks_like_mask, looks_like_picture
from bcd_utils.images.reading import read_mask

SHAPE = (96, 120)
ROWS, COLUMNS = np.mgrid[: SHAPE[0], : SHAPE[1]]
ROUND = ((ROWS - 40) / 20) ** 2 + ((COLUMNS - 60) / 30) ** 2 < 1
OTHER = ((ROWS - 75) / 12) ** 2 + ((COLUMNS - 20) / 12) ** 2 < 1


def read(path, pixels, mode=None, **options) -> np.ndarray:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels, mode)
    image.save(path, **options)
    return read_mask([path], SHAPE)


@pytest.mark.parametrize("number", [1, 2, 50, 127, 128, 255])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_mask_of_one_number_is_lesion_where_it_is(tmp_path, number, depth):
    assert np.array_equal(read(tmp_path / "m.png", (ROUND * number).astype(depth)), ROUND)


@pytest.mark.parametrize("top", [300, 4095, 65535])
def test_a_mask_of_16_bit_is_lesion_where_it_is(tmp_path, top):
    assert np.array_equal(read(tmp_path / "m.png", (ROUND * top).astype(np.uint16)), ROUND)


@pytest.mark.parametrize("pair", [(1, 2), (3, 120), (85, 170), (100, 255), (1, 255), (1, 300)])
def test_every_class_number_is_lesion(tmp_path, pair):
    levels = (ROUND * pair[0] + OTHER * pair[1]).astype(np.uint16 if max(pair) > 255 else np.uint8)
    assert np.array_equal(read(tmp_path / "m.png", levels), ROUND | OTHER)


def test_class_numbers_from_one_on_have_their_lowest_for_a_ground(tmp_path):
    assert np.array_equal(read(tmp_path / "m.png", (ROUND * 1 + 1).astype(np.uint8)), ROUND)


def test_a_palette_of_class_colours_is_lesion_where_it_is_not_black(tmp_path):
    image = Image.fromarray((ROUND * 1 + OTHER * 8).astype(np.uint8), "P")
    palette = np.zeros((256, 3), np.uint8)
    palette[1], palette[8] = (128, 0, 0), (64, 0, 0)  # as Pascal VOC has them
    image.putpalette(palette.ravel().tolist())
    assert np.array_equal(read(tmp_path / "m.png", image), ROUND | OTHER)


def test_a_palette_of_one_colour_leaves_its_numbers(tmp_path):
    image = Image.fromarray((ROUND * 3).astype(np.uint8), "P")
    image.putpalette([9] * 768)
    assert np.array_equal(read(tmp_path / "m.png", image), ROUND)


@pytest.mark.parametrize("colour", [0, 90, 255])
@pytest.mark.parametrize("opaque", ["lesion", "ground"])
def test_a_mask_may_be_in_the_opacity(tmp_path, colour, opaque):
    alpha = (ROUND if opaque == "lesion" else ~ROUND).astype(np.uint8) * 255
    pixels = np.dstack([np.full((*SHAPE, 3), colour, np.uint8), alpha])
    assert np.array_equal(read(tmp_path / "m.png", pixels), ROUND)
    grey = np.dstack([np.full(SHAPE, colour, np.uint8), alpha])
    assert np.array_equal(read(tmp_path / "n.png", grey, "LA"), ROUND)


@pytest.mark.parametrize("lesion, ground", [((255, 0, 0), (255, 255, 255)), ((0, 0, 200), (0, 200, 0))])
def test_a_mask_may_differ_from_its_ground_in_colour_alone(tmp_path, lesion, ground):
    pixels = np.where(ROUND[..., None], np.array(lesion, np.uint8), np.array(ground, np.uint8))
    assert np.array_equal(read(tmp_path / "m.png", pixels), ROUND)


@pytest.mark.parametrize("low, top", [(0, 255), (0, 1), (1, 2), (50, 200)])
def test_a_dark_lesion_on_a_bright_ground_is_the_lesion(tmp_path, low, top):
    assert np.array_equal(read(tmp_path / "m.png", np.where(ROUND, low, top).astype(np.uint8)), ROUND)


def test_a_dark_lesion_at_the_border_of_a_bright_ground_is_the_lesion(tmp_path):
    lesion = square(0, 30, SHAPE, side=40) > 0  # 40 of 428 border pixels
    assert np.array_equal(read(tmp_path / "m.png", np.where(lesion, 0, 255).astype(np.uint8)), lesion)


def test_a_lesion_along_half_of_the_border_is_no_ground(tmp_path):
    lesion = ROWS > 40
    assert np.array_equal(read(tmp_path / "m.png", (lesion * 255).astype(np.uint8)), lesion)


def test_a_mask_of_one_level_is_nothing_or_everything():
    assert not lesion_of(np.zeros(SHAPE, np.uint8)).any()
    for level in (1, 100, 255):
        assert lesion_of(np.full(SHAPE, level, np.uint8)).all()


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("quality", [30, 75, 95])
def test_what_jpeg_adds_to_a_mask_is_no_lesion(tmp_path, quality, inverted):
    pixels = ((ROUND ^ inverted) * 255).astype(np.uint8)
    lesion = read(tmp_path / "m.jpg", pixels, quality=quality)
    assert (lesion ^ ROUND).mean() < 0.005
    with Image.open(tmp_path / "m.jpg") as image:  # the same in a format without loss
        assert np.array_equal(read(tmp_path / "m.png", np.asarray(image)), lesion)


@pytest.mark.parametrize("smooth", [2, 4, 8])
def test_a_smooth_edge_is_cut_in_the_middle(smooth):
    small = ROUND.astype(np.uint8) * 255
    levels = cv2.resize(small, None, fx=smooth, fy=smooth, interpolation=cv2.INTER_LINEAR)
    assert np.array_equal(lesion_of(levels), levels > 127)
    assert np.array_equal(lesion_of(255 - levels), 255 - levels < 128)
    shrunk = cv2.resize(small, None, fx=1 / smooth, fy=1 / smooth, interpolation=cv2.INTER_AREA)
    assert np.array_equal(lesion_of(shrunk), shrunk > 127)


@given(arrays(np.uint8, (12, 15), elements=st.sampled_from([0, 255])), st.integers(1, 255))
def test_two_levels_mean_the_same_at_any_height(mask, top):
    if mask.any():
        assert np.array_equal(lesion_of(mask // 255 * np.uint8(top)), lesion_of(mask))


# -- what looks like a mask -------------------------------------------------------------------------


def jpeg(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "a.jpg", quality=80)
    with Image.open(tmp_path / "a.jpg") as image:
        return np.asarray(image)


def test_masks_look_like_masks_and_not_like_pictures(tmp_path):
    white = (ROUND * 255).astype(np.uint8)
    numbers = (ROUND * 1 + OTHER * 2).astype(np.uint8)
    large = np.kron(white, np.ones((8, 8), np.uint8))  # JPEG rings on a few pixels only
    for pixels in (white, 255 - white, numbers, white.astype(np.uint16) * 257, jpeg(tmp_path, large)):
        assert looks_like_mask(pixels) and not looks_like_picture(pixels)
        assert looks_like_mask(np.dstack([pixels] * 3))


def test_pictures_look_like_pictures_and_not_like_masks(tmp_path):
    speckle = (np.where(ROUND, 60, 130) * np.random.default_rng(0).gamma(8, 1 / 8, SHAPE)).clip(0, 255)
    ramp = np.tile(np.arange(120, dtype=np.uint8) * 2, (96, 1))
    for pixels in (noise(1), speckle.astype(np.uint8), ramp, jpeg(tmp_path, speckle.astype(np.uint8))):
        assert looks_like_picture(pixels) and not looks_like_mask(pixels)


def test_a_black_picture_and_dark_film_are_no_masks():
    assert not looks_like_mask(np.zeros(SHAPE, np.uint8))
    film = np.minimum(noise(1, shape=SHAPE) // 16, 12)  # 13 dark levels, in every pixel another
    film[5:9, 5:20] = 255  # and a marker of lead
    assert not looks_like_mask(film)
    assert not is_black_and_white(np.where(film == 255, 255, noise(2, shape=SHAPE) // 8))


def test_smooth_masks_are_no_pictures():
    blurred = cv2.GaussianBlur((ROUND * 255).astype(np.uint8), (0, 0), 2)
    assert not looks_like_picture(blurred)
