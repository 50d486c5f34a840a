"""How images become squares, and how what is found in a square lies over the image."""

import numpy as np
import pytest

from bcd_utils.images.fitting import Fitting

WAYS = ("stretch", "letterbox", "crop")


def picture(height, width):
    """Grey, with a white spot left of the middle and above it."""
    image = np.full((height, width, 3), 60, np.uint8)
    image[height * 2 // 5 : height // 2, width * 2 // 5 : width // 2] = 250
    return image


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", [(80, 160), (160, 80), (100, 100), (30, 41)])
def test_what_is_found_in_the_square_lies_where_it_is_in_the_image(way, shape):
    image, fitting = picture(*shape), Fitting(way)
    square = fitting.squared(image, 64)
    assert square.shape == (64, 64, 3)
    framed = fitting.in_frame((square[..., 0] > 200).astype(float), shape)
    spot = image[..., 0] == 250
    found = framed > 0.5
    assert framed.shape == shape and (found & spot).sum() / (found | spot).sum() > 0.6


def test_a_letterbox_keeps_the_aspect_between_black_bars():
    square = Fitting("letterbox").squared(np.full((50, 100, 3), 7, np.uint8), 40)
    assert (square[10:30] == 7).all() and not square[:10].any() and not square[30:].any()


def test_a_crop_is_the_middle_square():
    image = np.zeros((50, 100, 3), np.uint8)
    image[:, 25:75] = 9
    fitting = Fitting("crop")
    assert (fitting.squared(image, 20) == 9).all()
    outside = fitting.in_frame(np.ones((7, 7)), (50, 100))
    assert outside[:, 25:75].all() and not outside[:, :25].any() and not outside[:, 75:].any()


def test_a_map_is_stretched_to_the_frame():
    cam = np.zeros((7, 7), np.float32)
    cam[0, 6] = 1
    framed = Fitting().in_frame(cam, (70, 140))
    assert framed.shape == (70, 140)
    assert np.unravel_index(framed.argmax(), framed.shape)[1] >= 120


@pytest.mark.parametrize("way", ["equalize", "clahe"])
def test_contrast_changes_the_luminance_alone(way):
    levels = np.random.default_rng(0).integers(90, 120, (64, 64)).astype(np.uint8)
    grey = np.dstack([levels] * 3)
    changed = Fitting(contrast=way).contrasted(grey)
    assert (changed == changed[..., :1]).all(), "grey stays grey"
    assert np.ptp(changed) > 2 * np.ptp(grey)
    assert (Fitting().contrasted(grey) == grey).all()


def test_equalising_follows_the_cumulative_histogram():
    levels = np.array([[10, 10, 20, 30]], np.uint8)
    changed = Fitting(contrast="equalize").contrasted(np.dstack([levels] * 3))[..., 0]
    # (cdf - cdf_min) / (n - cdf_min) * 255, as OpenCV documents it
    assert changed.tolist() == [[0, 0, 128, 255]]
