"""The phantoms: reproducible, in BUSI's layout, and with the physics and the BI-RADS signs they claim."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image

from bcd_utils.datasets.phantom_files import write_phantoms
from bcd_utils.datasets.phantoms.generator import CLASSES, draw_phantom
from bcd_utils.datasets.phantoms.scanner import (
    compounded_envelope,
    draw_scatterers,
    log_compress,
    speckle_envelope,
)
from bcd_utils.utils.errors import StudyError

LESIONS = ("benign", "malignant")


@cache
def sample(label: str) -> list[tuple[np.ndarray, np.ndarray]]:
    return [draw_phantom(label, [3, CLASSES.index(label), number]) for number in range(1, 25)]


def height_over_width(mask: np.ndarray) -> float:
    return np.ptp(np.flatnonzero(mask.any(1))) / np.ptp(np.flatnonzero(mask.any(0)))


def posterior_contrast(image: np.ndarray, mask: np.ndarray) -> float:
    """Mean grey behind the lesion minus that of the columns beside it at the same depth."""
    columns = np.flatnonzero(mask.any(0))
    left, right = columns[[0, -1]]
    quarter = (right - left) // 4
    bottom = np.flatnonzero(mask.any(1))[-1]
    behind = image[bottom + 5 : bottom + 45].astype(float)
    beside = np.hstack([behind[:, max(0, left - 60) : max(0, left - 10)], behind[:, right + 10 : right + 60]])
    return behind[:, left + quarter : right - quarter].mean() - beside.mean()


@pytest.mark.parametrize("label", CLASSES)
def test_same_seed_same_pixels_other_seed_other_pixels(label):
    image, mask = draw_phantom(label, [5, 1])
    again, mask_again = draw_phantom(label, [5, 1])
    other, _ = draw_phantom(label, [5, 2])
    assert np.array_equal(image, again) and np.array_equal(mask, mask_again)
    assert not np.array_equal(image, other)


@pytest.mark.parametrize(
    ("label", "scanner", "shape", "mean", "lesion"),
    [
        ("benign", "a", (324, 385), 114.2917, 13064),
        ("malignant", "a", (358, 400), 87.8737, 17816),
        ("normal", "a", (324, 540), 108.2310, 0),
        ("malignant", "b", (400, 560), 88.6964, 44708),
    ],
)
def test_a_seed_draws_what_it_drew_when_the_generator_was_one_file(label, scanner, shape, mean, lesion):
    """Recorded then; one draw more, less or in another order changes every number."""
    image, mask = draw_phantom(label, [11, CLASSES.index(label), 0], scanner)
    assert image.shape == shape and int(mask.sum()) == lesion
    assert image.mean() == pytest.approx(mean, abs=0.01)


@pytest.mark.parametrize("label", CLASSES)
def test_shape_type_and_use_of_the_grey_scale(label):
    for image, mask in sample(label)[:6]:
        assert image.dtype == np.uint8 and mask.dtype == bool and image.shape == mask.shape
        assert 300 <= image.shape[0] <= 480 and 360 <= image.shape[1] <= 560
        assert 50 < image.mean() < 130 and image.std() > 25
        assert (image == 255).mean() < 0.03
    assert len({image.shape for image, _ in sample(label)}) > 10


@pytest.mark.parametrize("label", CLASSES)
def test_the_other_scanner_has_one_frame_and_more_gain(label):
    images = [draw_phantom(label, [3, CLASSES.index(label), number], "b")[0] for number in range(1, 7)]
    assert {image.shape for image in images} == {(400, 560)}
    assert (
        np.mean([image.mean() for image in images])
        > np.mean([image.mean() for image, _ in sample(label)]) + 8
    )


def test_a_wider_point_spread_makes_longer_speckle_of_the_same_kind():
    def correlation(envelope: np.ndarray, lag: int) -> float:
        return np.corrcoef(envelope[:, :-lag].ravel(), envelope[:, lag:].ravel())[0, 1]

    scatterers = draw_scatterers(np.random.default_rng(0), np.zeros((256, 256)))
    narrow, wide = (speckle_envelope(scatterers, widening=widening) for widening in (1, 1.4))
    for envelope in (narrow, wide):
        assert abs(envelope.mean() / envelope.std() - 1.91) < 0.1
    assert correlation(wide, 4) > correlation(narrow, 4) + 0.1


def test_the_usual_scanner_is_the_default():
    assert np.array_equal(draw_phantom("benign", 7)[0], draw_phantom("benign", 7, "a")[0])


def test_an_unknown_scanner_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(StudyError, match="no scanner 'c'"):
        write_phantoms(tmp_path / "phantoms", {"benign": 1}, 0, "c")
    assert not (tmp_path / "phantoms").exists()


def test_normal_has_no_lesion():
    assert not any(mask.any() for _, mask in sample("normal"))


@pytest.mark.parametrize("label", LESIONS)
def test_lesion_is_one_region_of_sane_size_inside_the_image(label):
    for _, mask in sample(label):
        assert cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] == 2
        assert 0.005 < mask.mean() < 0.3
        assert not (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())


def test_benign_is_parallel_and_malignant_relatively_taller():
    benign, malignant = ([height_over_width(mask) for _, mask in sample(label)] for label in LESIONS)
    assert np.mean(benign) < 0.85
    assert np.mean(malignant) > np.mean(benign) + 0.2
    assert np.mean(np.array(malignant) > 1) > 0.25


def test_malignant_outline_is_less_regular():
    def solidity(mask):
        contour = max(cv2.findContours(mask.astype(np.uint8), 0, 1)[0], key=cv2.contourArea)
        return cv2.contourArea(contour) / cv2.contourArea(cv2.convexHull(contour))

    benign, malignant = (np.median([solidity(mask) for _, mask in sample(label)]) for label in LESIONS)
    assert benign > 0.96 and malignant < benign - 0.03


@pytest.mark.parametrize("label", LESIONS)
def test_lesion_is_hypoechoic(label):
    for image, mask in sample(label):
        around = cv2.dilate(mask.astype(np.uint8), np.ones((41, 41))).astype(bool) & ~mask
        assert image[mask].mean() < image[around].mean() - 15


def test_malignant_shadows_and_benign_enhances():
    benign, malignant = ([posterior_contrast(*pair) for pair in sample(label)] for label in LESIONS)
    assert np.mean(benign) > 8
    assert np.mean(malignant) < -20


def test_classes_overlap():
    """A study on phantoms must not score 1.00 by the posterior sign alone."""
    benign, malignant = ([posterior_contrast(*pair) for pair in sample(label)] for label in LESIONS)
    assert min(benign) < max(malignant)


def test_homogeneous_speckle_is_rayleigh_at_every_depth():
    echogenicity = np.full((512, 512), 20.0)
    envelope = speckle_envelope(draw_scatterers(np.random.default_rng(0), echogenicity))
    assert envelope.min() >= 0
    for band in np.array_split(envelope, 4):
        assert band.mean() / band.std() == pytest.approx(1.913, abs=0.08)
        assert np.sqrt(np.square(band).mean()) == pytest.approx(10, rel=0.05)
    assert np.median(envelope) == pytest.approx(10 * np.sqrt(np.log(2)), rel=0.03)


def test_resolution_cell_is_wider_than_long_and_widens_with_depth():
    envelope = speckle_envelope(draw_scatterers(np.random.default_rng(1), np.zeros((600, 400))))

    def neighbour_correlation(part, axis):
        first, second = (np.take(part, range(start, part.shape[axis] - 3 + start), axis) for start in (0, 3))
        return np.corrcoef(first.ravel(), second.ravel())[0, 1]

    near, far = envelope[:150], envelope[-150:]
    assert neighbour_correlation(far, 1) > neighbour_correlation(near, 1) + 0.2
    assert neighbour_correlation(far, 1) > neighbour_correlation(far, 0) + 0.2


def test_compounding_smooths_speckle():
    scatterers = draw_scatterers(np.random.default_rng(2), np.zeros((200, 200)))
    one, many = speckle_envelope(scatterers), compounded_envelope(scatterers)
    assert many.mean() / many.std() > 1.3 * one.mean() / one.std()


def test_log_compression_is_linear_in_decibels_and_clips():
    envelope = 10 ** (np.array([[-200, -30, -20, -10, 0, 100]], np.float32) / 20)
    levels = log_compress(envelope, 60, 0)[0].astype(int)
    assert levels[0] == 0 and levels[-1] == 255
    assert np.ptp(np.diff(levels[1:5])) <= 1 and levels[2] - levels[1] == pytest.approx(255 / 6, abs=1)


def test_files_are_in_the_layout_of_busi_and_larger_counts_extend_the_set(tmp_path):
    write_phantoms(tmp_path / "small", {"benign": 1, "normal": 1}, seed=9)
    write_phantoms(tmp_path / "large", {"normal": 2, "malignant": 1, "benign": 2}, seed=9)
    names = {str(path.relative_to(tmp_path / "small")) for path in (tmp_path / "small").rglob("*.png")}
    assert names == {f"{c}/{c} (1){end}.png" for c in ("benign", "normal") for end in ("", "_mask")}
    for name in names:
        assert (tmp_path / "small" / name).read_bytes() == (tmp_path / "large" / name).read_bytes()

    image, mask = draw_phantom("benign", [9, 0, 2])
    with Image.open(tmp_path / "large/benign/benign (2).png") as file:
        assert file.mode == "RGB" and np.array_equal(np.asarray(file), np.dstack([image] * 3))
    with Image.open(tmp_path / "large/benign/benign (2)_mask.png") as file:
        assert file.mode == "L" and np.array_equal(np.asarray(file), mask * 255)


def test_other_seed_writes_other_images(tmp_path):
    def written(seed):
        write_phantoms(tmp_path / str(seed), {"normal": 1}, seed=seed)
        return (tmp_path / str(seed) / "normal/normal (1).png").read_bytes()

    assert written(0) != written(1)


def test_unknown_label_is_named_and_leaves_nothing_behind(tmp_path):
    with pytest.raises(StudyError, match="cystic.*benign, malignant, normal"):
        draw_phantom("cystic", 0)
    with pytest.raises(StudyError, match="cystic"):
        write_phantoms(tmp_path / "set", {"normal": 1, "cystic": 1}, seed=0)
    assert not list(tmp_path.iterdir())
