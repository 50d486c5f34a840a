"""Marks that are drawn are found; speckle without marks has none."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest
from builders import write_image

from bcd_utils.audit.annotations import (
    caliper_crosses,
    coloured_share,
    drawn_strokes,
    estimate_marks,
    letters_in_line,
    marks_per_class,
)
from bcd_utils.datasets.phantoms.generator import draw_phantom

SEEDS = range(6)


def speckle(seed):
    return draw_phantom(("benign", "malignant", "normal")[seed % 3], seed)[0]


def darker(grey):
    """Machines draw over tissue that is seldom as bright as the mark; where it is, the mark is missed."""
    return (grey * 0.7).astype(np.uint8)


def with_caption(grey, text="LEFT BREAST", at=(40, 290)):
    """Letters 16 pixels apart, as machines write them; OpenCV's own spacing lets them touch."""
    drawn = grey.copy()
    for index, letter in enumerate(text):
        cv2.putText(drawn, letter, (at[0] + 16 * index, at[1]), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 230, 2)
    return drawn


def with_crosses(grey, places, size=13, thickness=1):
    drawn = grey.copy()
    for place in places:
        cv2.drawMarker(drawn, place, 230, cv2.MARKER_CROSS, size, thickness)
    return drawn


def letters(grey):
    return letters_in_line(drawn_strokes(grey)[1])


@pytest.mark.parametrize("seed", SEEDS)
def test_speckle_has_no_marks(seed):
    assert len(letters(speckle(seed))) == 0
    assert len(caliper_crosses(drawn_strokes(speckle(seed))[0])) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_caption_is_found_where_it_is(seed):
    found = letters(with_caption(darker(speckle(seed))))
    assert 8 <= len(found) <= 10
    assert found["left"].min() >= 38 and found["top"].between(270, 292).all()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("thickness", [1, 3])
def test_crosses_are_counted_where_they_are(seed, thickness):
    places = [(100, 120), (200, 120), (150, 90), (150, 160)]
    found = caliper_crosses(
        drawn_strokes(with_crosses(darker(speckle(seed)), places, thickness=thickness))[0]
    )
    distances = [min(np.hypot(*(np.array(place) - one)) for place in places) for one in found]
    assert len(found) == 4 and max(distances) <= 2


@pytest.mark.parametrize("text", ["LTHEF", "RT UOQ", "XKAVW"])
def test_capital_letters_are_no_crosses(text):
    marks, _ = drawn_strokes(with_caption(np.full((300, 400), 40, np.uint8), text))
    assert len(caliper_crosses(marks)) == 0


def test_a_single_letter_is_no_text_and_a_filled_square_no_letter():
    empty = np.full((300, 400), 40, np.uint8)
    assert len(letters(with_caption(empty, "T"))) == 0
    squares = empty.copy()
    squares[100:109, 50:58] = squares[100:109, 64:72] = 230
    assert len(letters(squares)) == 0
    assert len(letters(with_caption(empty, "TT"))) == 2


def test_a_soft_bright_line_is_no_mark():
    sharp = np.full((300, 400), 40, np.uint8)
    sharp[150:154, 50:350] = 230
    soft = cv2.GaussianBlur(sharp, (0, 0), 4)
    soft = np.rint(soft * (230 / soft.max())).astype(np.uint8)
    assert drawn_strokes(sharp)[0].sum() == 4 * 300
    assert soft.max() == 230 and drawn_strokes(soft)[0].sum() == 0


def test_grey_pixels_have_no_colour():
    grey = np.repeat(speckle(0)[..., None], 3, axis=2)
    assert coloured_share(grey) == 0
    grey[:10, :10] = (255, 200, 0)
    assert coloured_share(grey) == pytest.approx(100 / grey[..., 0].size)


def test_estimates_of_a_folder_and_their_shares(tmp_path):
    dark = np.full((300, 400), 40, np.uint8)
    measured = with_crosses(dark, [(100, 120), (200, 120)])
    coloured = np.repeat(dark[..., None], 3, axis=2)
    coloured[:30, :40] = (200, 30, 30)
    images = {"a": with_caption(dark, "RT"), "b": measured, "c": coloured, "d": with_crosses(dark, [(9, 9)])}
    for name, pixels in images.items():
        write_image(tmp_path / f"{name}.png", pixels)
    manifest = pd.DataFrame({"id": list("abcd"), "label": ["benign", "benign", "normal", "normal"]})
    manifest["path"] = manifest["id"] + ".png"
    marks = estimate_marks(tmp_path, manifest)
    assert marks["letters"].tolist() == [2, 0, 0, 0] and marks["calipers"].tolist() == [0, 2, 0, 1]
    assert marks["coloured_share"].tolist() == [0, 0, 0.01, 0]
    assert 0 < marks["text_share"][0] < 0.01 and (marks["text_share"][1:] == 0).all()
    table = marks_per_class(marks)
    assert table.loc["benign"].tolist() == [2, 0, 0.5, 0.5]
    assert table.loc["normal"].tolist() == [2, 0.5, 0, 0]
    assert table.loc["all"].tolist() == [4, 0.25, 0.25, 0.25]
