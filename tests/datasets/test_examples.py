"""Statistics by hand arithmetic, and the same evenly spaced images every time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import noise, square, write_image
from hypothesis import given
from hypothesis import strategies as st

from bcd_utils.datasets.examples import histopathology_samples, pick_examples, typical
from bcd_utils.images.reading import read_with_mask
from bcd_utils.images.statistics import image_statistics
from bcd_utils.utils.errors import StudyError


def half_and_half(dark: int, bright: int) -> np.ndarray:
    return np.hstack([np.full((70, 45), dark, np.uint8), np.full((70, 45), bright, np.uint8)])


@pytest.fixture
def manifest(tmp_path):
    """Two benign images and a normal one, of two grey levels each, and one set aside."""
    write_image(tmp_path / "a.png", half_and_half(10, 30))
    write_image(tmp_path / "a_mask.png", square(0, 0, side=30))
    write_image(tmp_path / "b.png", half_and_half(30, 50))
    write_image(tmp_path / "n.png", half_and_half(0, 255))
    (tmp_path / "x.png").touch()
    return pd.DataFrame(
        [
            ("a", "a.png", "benign", "a_mask.png", "ok"),
            ("x", "x.png", "benign", "", "empty file"),
            ("b", "b.png", "benign", "", "ok"),
            ("n", "n.png", "normal", "", "ok"),
        ],
        columns=["id", "path", "label", "masks", "status"],
    )


def test_a_row_is_read_with_its_mask(tmp_path, manifest):
    image, mask = read_with_mask(tmp_path, manifest.iloc[0])
    assert image.shape == (70, 90, 3) and image[0, 0, 0] == 10 and image[0, 89, 0] == 30
    assert mask.shape == (70, 90) and mask.sum() == 30 * 30


def test_statistics_of_usable_images(tmp_path, manifest):
    calls = []
    table, _ = image_statistics(tmp_path, manifest, lambda *call: calls.append(call))
    assert table["id"].tolist() == ["a", "b", "n"] and table["label"].tolist() == [
        "benign",
        "benign",
        "normal",
    ]
    assert table["area_fraction"].tolist() == [900 / 6300, 0, 0]
    assert table["mean_grey"].tolist() == [20, 40, 127.5]
    assert table["sd_grey"].tolist() == [10, 10, 127.5]
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_histograms_are_means_over_the_images_of_a_class(tmp_path, manifest):
    _, histograms = image_statistics(tmp_path, manifest)
    assert {label: values.shape for label, values in histograms.items()} == {
        "benign": (256,),
        "normal": (256,),
    }
    assert {level: histograms["benign"][level] for level in np.flatnonzero(histograms["benign"])} == {
        10: 0.25,
        30: 0.5,
        50: 0.25,
    }
    assert histograms["normal"][[0, 255]].tolist() == [0.5, 0.5]


def test_typical_images_are_evenly_spaced_and_usable():
    rows = pd.DataFrame({"id": range(12), "label": "benign", "status": ["ok"] * 11 + ["empty file"]})
    chosen = typical(rows, ("benign",))
    assert chosen["benign"]["id"].tolist() == [0, 2, 5, 7, 10]
    assert typical(rows.head(2), ("benign",))["benign"]["id"].tolist() == [0, 1]


@given(st.integers(1, 60), st.integers(1, 10))
def test_no_typical_image_is_shown_twice(images, each):
    rows = pd.DataFrame({"id": range(images), "label": "benign", "status": "ok"})
    chosen = typical(rows, ("benign",), each)["benign"]["id"]
    assert len(chosen) == min(images, each) and chosen.is_unique and chosen.is_monotonic_increasing


def test_one_histopathology_image_per_class_and_magnification(tmp_path):
    names = [
        "benign/SOB/adenosis/SOB_B_A_14-22549AB/40X/SOB_B_A-14-22549AB-40-001.png",
        "benign/SOB/adenosis/SOB_B_A_14-22549AB/40X/SOB_B_A-14-22549AB-40-002.png",
        "malignant/SOB/ductal/SOB_M_DC_14-2523/400X/SOB_M_DC-14-2523-400-010.png",
        "malignant/SOB/ductal/SOB_M_DC_14-2523/100X/SOB_M_DC-14-2523-100-009.png",
        "malignant/SOB_M_DC-14-2523-50-001.png",
        "malignant/other.png",
    ]
    for number, name in enumerate(names):
        write_image(tmp_path / name, noise(number))
    samples = histopathology_samples(tmp_path)
    assert [caption for caption, _ in samples] == ["benign, 40x", "malignant, 100x", "malignant, 400x"]
    assert np.array_equal(samples[0][1], np.dstack([noise(0)] * 3))


def test_a_folder_without_histopathology_images_is_named(tmp_path):
    with pytest.raises(StudyError, match="histopathology_dir = .* holds no BreakHis images"):
        histopathology_samples(tmp_path)


def test_examples_are_the_most_confident_right_and_wrong_of_each_class():
    predictions = pd.DataFrame(
        [("a", "b", 0.9), ("a", "a", 0.6), ("a", "a", 0.8), ("a", "b", 0.95), ("b", "b", 0.7)],
        columns=["label", "predicted", "probability"],
    )
    assert pick_examples(predictions, ("a", "b")).index.tolist() == [2, 3, 4]
