"""Brightness, contrast, entropy, sharpness and noise, against images of which they are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import write_image

from bcd_utils.images.statistics import MEASURES, grey_levels, image_character, measure_images, noise_level


def coloured(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)


def gaussian(sigma: float, shape=(256, 256), level: float = 128) -> np.ndarray:
    return np.rint(np.random.default_rng(3).normal(level, sigma, shape)).clip(0, 255)


def test_a_uniform_image_has_brightness_and_nothing_else():
    assert image_character(np.full((70, 90, 3), 60, np.uint8)) == {
        "brightness": 60, "contrast": 0, "robust_contrast": 0, "entropy": 0, "sharpness": 0, "noise": 0,
    }  # fmt: skip


def test_a_chessboard_of_two_levels():
    board = (np.indices((64, 64)).sum(axis=0) % 2) * 200
    found = image_character(coloured(board))
    assert found["brightness"] == found["contrast"] == pytest.approx(100)
    assert found["robust_contrast"] == 200
    assert found["entropy"] == pytest.approx(1)
    # Each pixel's four neighbours have the other level, so the Laplacian is 800 or -800.
    assert found["sharpness"] == pytest.approx(800**2)


def test_grey_levels_of_one_image():
    image = np.zeros((2, 2, 3), np.uint8)
    image[0] = 200
    mean, deviation, shares = grey_levels(image)
    assert (mean, deviation) == (100, 100)
    assert {level: share for level, share in enumerate(shares) if share} == {0: 0.5, 200: 0.5}


def test_256_levels_equally_often_are_8_bits():
    assert image_character(coloured(np.arange(256).reshape(16, 16)))["entropy"] == pytest.approx(8)


def test_grey_is_the_mean_of_the_channels():
    image = np.zeros((64, 64, 3), np.uint8) + np.array([0, 90, 210], np.uint8)
    assert image_character(image)["brightness"] == pytest.approx(100)


def test_robust_contrast_is_not_moved_by_a_frame_that_contrast_follows():
    plain = gaussian(10)
    framed = plain.copy()
    framed[:5] = 0  # 2% of the pixels
    before, after = (image_character(coloured(grey)) for grey in (plain, framed))
    assert after["robust_contrast"] == pytest.approx(before["robust_contrast"], rel=0.12)
    assert after["contrast"] > 1.5 * before["contrast"]


@pytest.mark.parametrize("sigma", [3.0, 8.0, 20.0])
def test_the_noise_is_that_which_was_added(sigma):
    assert noise_level(gaussian(sigma)) == pytest.approx(sigma, rel=0.04)


def test_edges_and_slow_shading_are_no_noise():
    rows, columns = np.indices((256, 256))
    scene = 60 + 0.2 * rows + 60 * (columns // 37 % 2)
    assert noise_level(scene) < 0.5
    assert noise_level(scene + np.random.default_rng(0).normal(0, 6, scene.shape)) == pytest.approx(
        6, rel=0.1
    )


def test_a_black_surrounding_does_not_lower_the_noise():
    grey = gaussian(8)
    grey[:, 100:] = 0
    assert noise_level(grey) == pytest.approx(8, rel=0.1)


@pytest.fixture
def images(tmp_path) -> pd.DataFrame:
    """70 images of 64 x 80 pixels, one level each, but for the right half of the first."""
    rows = []
    for number in range(70):
        grey = np.full((64, 80), 100 + number)
        if number == 0:
            grey[:, 40:] = 10
        write_image(tmp_path / "data" / f"{number}.png", coloured(grey))
        rows.append({"path": f"{number}.png", "box": "", "sha256": str(number)})
    return pd.DataFrame(rows, index=range(200, 270))


def test_images_are_measured_in_their_order_and_only_once(images, tmp_path, cache):
    found = measure_images(tmp_path / "data", images)
    assert list(found) == list(MEASURES) and found.index.tolist() == images.index.tolist()
    assert found["brightness"].tolist() == [55, *range(101, 170)]
    for path in (tmp_path / "data").glob("*.png"):
        path.unlink()
    pd.testing.assert_frame_equal(measure_images(tmp_path / "data", images), found)


def test_only_the_part_in_the_box_counts(images, tmp_path, cache):
    images = images.head(2).assign(box=["0,0,40,64", ""], sha256=["a", "b"])
    found = measure_images(tmp_path / "data", images)
    assert found["brightness"].tolist() == [100, 101] and found["contrast"].tolist() == [0, 0]
