"""Augmentation changes an image by what seed, epoch and row say, and by nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from builders import noise
from hypothesis import given, settings
from hypothesis import strategies as st

from bcd_utils.images.augmentation import augment
from bcd_utils.study.settings import Augmentation

NOTHING = Augmentation(rotation_degrees=0.0, horizontal_flip=False, zoom=0.0)
ONLY_FLIP = Augmentation(rotation_degrees=0.0, horizontal_flip=True, zoom=0.0)
ONLY_ZOOM = Augmentation(rotation_degrees=0.0, horizontal_flip=False, zoom=0.9)
ONLY_TURN = Augmentation(rotation_degrees=180.0, horizontal_flip=False, zoom=0.0)

IMAGES = np.stack(
    [np.dstack([noise(row, channel, shape=(24, 24)) for channel in range(3)]) for row in range(8)]
)
ROWS = np.arange(8)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(0, 100))
def test_amounts_of_zero_change_nothing(seed, epoch):
    assert np.array_equal(augment(IMAGES, NOTHING, seed, epoch, ROWS), IMAGES)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(0, 100), st.lists(st.sampled_from(range(8)), min_size=1))
def test_an_image_changes_in_the_same_way_in_any_batch(seed, epoch, batch):
    whole = augment(IMAGES, Augmentation(), seed, epoch, ROWS)
    assert np.array_equal(augment(IMAGES[batch], Augmentation(), seed, epoch, np.array(batch)), whole[batch])


@pytest.mark.parametrize(("seed", "epoch", "row"), [(2, 0, 0), (1, 1, 0), (1, 0, 1)])
def test_another_seed_epoch_or_row_changes_it_in_another_way(seed, epoch, row):
    image = IMAGES[:1]
    reference = augment(image, Augmentation(), 1, 0, np.array([0]))
    assert not np.array_equal(augment(image, Augmentation(), seed, epoch, np.array([row])), reference)


def test_a_flip_mirrors_left_and_right_in_about_half_of_the_epochs():
    image, mirrored = IMAGES[0], IMAGES[0][:, ::-1]
    drawn = [augment(image[None], ONLY_FLIP, 42, epoch, np.array([0]))[0] for epoch in range(200)]
    flipped = [np.array_equal(picture, mirrored) for picture in drawn]
    assert all(flip or np.array_equal(picture, image) for flip, picture in zip(flipped, drawn, strict=True))
    assert 70 < sum(flipped) < 130


def test_a_zoom_keeps_the_centre_and_both_enlarges_and_shrinks():
    image = np.zeros((1, 25, 25, 3), np.uint8)
    image[:, 8:17, 8:17] = 255  # 81 pixels
    areas = []
    for epoch in range(20):
        bright = augment(image, ONLY_ZOOM, 42, epoch, np.array([0]))[0, ..., 0] > 127
        rows, columns = np.nonzero(bright)
        assert abs(rows.mean() - 12) < 0.5 and abs(columns.mean() - 12) < 0.5
        areas.append(bright.sum())
    assert min(areas) < 60 and max(areas) > 110


def test_a_rotation_turns_about_the_centre():
    image = np.zeros((1, 41, 41, 3), np.uint8)
    image[:, 3:8, 18:23] = 255  # a spot 15 pixels above the centre
    angles = []
    for epoch in range(20):
        rows, columns = np.nonzero(augment(image, ONLY_TURN, 42, epoch, np.array([0]))[0, ..., 0] > 127)
        row, column = rows.mean() - 20, columns.mean() - 20
        assert abs(np.hypot(row, column) - 15) < 0.7
        angles.append(np.arctan2(row, column))
    assert np.ptp(angles) > np.pi


@settings(max_examples=20)
@given(st.integers(0, 255), st.integers(0, 1000))
def test_no_dark_corner_tells_an_augmented_image(grey, epoch):
    even = np.full((1, 24, 24, 3), grey, np.uint8)
    strong = Augmentation(rotation_degrees=90.0, horizontal_flip=True, zoom=0.9)
    assert (augment(even, strong, 42, epoch, np.array([0])) == grey).all()


def test_the_originals_stay_as_they_are():
    before = IMAGES.copy()
    changed = augment(IMAGES, Augmentation(), 42, 0, ROWS)
    assert np.array_equal(IMAGES, before)
    assert changed.dtype == np.uint8 and changed.shape == IMAGES.shape and not np.array_equal(changed, IMAGES)


def lit(**amounts):
    """One grey image, changed in its levels alone, in 200 epochs: float (200, 16, 16)."""
    image = np.full((1, 16, 16, 3), 100, np.uint8)
    image[:, :, 8:] = 140
    settings = Augmentation(0.0, False, 0.0, **amounts)
    return np.stack([augment(image, settings, 1, epoch, np.zeros(1, int))[0] for epoch in range(200)]).astype(
        float
    )


def test_brightness_moves_all_levels_alike_and_by_no_more_than_is_said():
    changed = lit(brightness=0.1)
    moved = changed.mean(axis=(1, 2, 3)) - 120
    assert np.abs(moved).max() <= 26 and moved.min() < -20 and moved.max() > 20
    assert np.abs(np.ptp(changed, axis=(1, 2, 3)) - 40).max() <= 1


def test_contrast_changes_the_distance_from_the_mean_alone():
    changed = lit(contrast=0.5)
    assert np.abs(changed.mean(axis=(1, 2, 3)) - 120).max() <= 1
    ranges = np.ptp(changed, axis=(1, 2, 3))
    assert ranges.min() < 24 and ranges.max() > 56 and (ranges <= 61).all() and (ranges >= 19).all()


def test_speckle_multiplies_each_pixel_and_keeps_grey_grey():
    changed = lit(speckle=0.1)
    assert (changed == changed[..., :1]).all()
    dark, light = changed[:, :, :8, 0], changed[:, :, 8:, 0]
    assert dark.std() == pytest.approx(10, rel=0.1) and light.std() == pytest.approx(14, rel=0.1)


def test_a_shift_moves_an_image_by_no_more_than_is_said():
    image = np.zeros((1, 40, 40, 3), np.uint8)
    image[:, 18:22, 18:22] = 255
    settings = Augmentation(0.0, False, 0.0, shift=0.2)
    places = []
    for epoch in range(100):
        changed = augment(image, settings, 1, epoch, np.zeros(1, int))[0, ..., 0].astype(float)
        rows, columns = np.indices(changed.shape)
        places.append([(axis * changed).sum() / changed.sum() - 19.5 for axis in (rows, columns)])
    assert np.abs(places).max() <= 8.1 and np.abs(places).max(axis=0).min() > 6
