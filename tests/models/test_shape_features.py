"""Shapes whose outline is known: worked out by hand, and unchanged where a lesion is moved or mirrored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.draw import polygon

from bcd_utils.models.shape_features import NAMES, outline_shape

quick = settings(max_examples=40, deadline=None, database=None)
FRAME = (100, 140)
PLACE = ("row", "column")
#: Length of a chain of steps to eight neighbours, relative to the curve it follows, over all directions.
CHAIN = 8 * (2**0.5 - 1) / np.pi


def shape_of(mask):
    return dict(zip(NAMES, outline_shape(mask).astype(float).tolist(), strict=True))


def rectangle(height, width, row=10, column=20, frame=FRAME):
    mask = np.zeros(frame, bool)
    mask[row : row + height, column : column + width] = True
    return mask


def disc(radius, row, column, side=200):
    rows, columns = np.indices((side, side))
    return np.hypot(rows - row, columns - column) <= radius


def star(radius=90, inner=0.382, side=200):
    angles = np.arange(10) * np.pi / 5
    lengths = np.where(np.arange(10) % 2, inner, 1) * radius
    mask = np.zeros((side, side), bool)
    mask[polygon(100 - lengths * np.cos(angles), 100 + lengths * np.sin(angles), mask.shape)] = True
    return mask


def lesions(seed):
    """A smooth random lesion of one piece, in a frame that leaves room to move it."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(30, 36)), rng.uniform(1, 4))
    pieces, _ = ndimage.label(field > np.quantile(field, 0.7), np.ones((3, 3)))
    largest = 1 + np.bincount(pieces.ravel())[1:].argmax()
    return np.pad(pieces == largest, ((4, 8), (6, 2)))


def test_an_empty_mask_has_no_shape():
    values = outline_shape(np.zeros((20, 30), bool))
    assert values.shape == (15,) == (len(NAMES),) and values.dtype == np.float32
    assert np.isnan(values).all()


def test_a_square_by_hand():
    found = shape_of(rectangle(41, 41))
    # its outline passes through the middle of the outermost pixels: 40 steps a side
    lengths = np.hypot(20, np.arange(-20, 20))
    around = np.concatenate([lengths[-2:], lengths, lengths[:2]])  # the next side begins as this one does
    along = np.convolve(around, np.ones(5) / 5, "valid")  # smoothed over 2 (160 // 80) + 1 pixels
    along = along / along.max()
    counts = np.bincount(np.minimum((along * 20).astype(int), 19))
    shares = counts[counts > 0] / 40
    expected = {
        "area": 41 * 41 / (100 * 140),
        "diameter": (4 * 41 * 41 / np.pi) ** 0.5 / np.hypot(100, 140),
        "height_by_width": 1,
        "circularity": np.pi / 4,
        "solidity": 1,
        "extent": 1,
        "eccentricity": 0,
        "convexity": 1,
        "radius_deviation": along.std(),
        "radius_entropy": -(shares * np.log2(shares)).sum(),
        "radius_crossings": 8 / 160,  # into and out of each corner
        "row": 30.5 / 100,
        "column": 40.5 / 140,
        "pieces": 1,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=0.01, abs=1e-4)


def test_a_disc_is_round_smooth_and_does_not_vary_in_radius():
    found = shape_of(disc(70, 90, 110))
    expected = {
        "area": np.pi * 70**2 / 200**2,
        "diameter": 140 / np.hypot(200, 200),
        "height_by_width": 1,
        "circularity": 1 / CHAIN**2,
        "solidity": 1,
        "extent": np.pi / 4,
        "eccentricity": 0,
        "convexity": 1 / CHAIN,
        "radius_deviation": 0,
        "radius_entropy": 0,
        "row": 0.45,
        "column": 0.55,
        "pieces": 1,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=0.02, abs=0.01)


def test_a_star_is_spiky():
    found, inner = shape_of(star()), 0.382
    # against the regular pentagon around it, with unit radius: 5 r sin 36 of 5/2 sin 72
    assert found["solidity"] == pytest.approx(inner / np.cos(np.pi / 5), abs=0.02)
    side = (1 + inner**2 - 2 * inner * np.cos(np.pi / 5)) ** 0.5
    assert found["convexity"] == pytest.approx(np.sin(np.pi / 5) / side / CHAIN, rel=0.05)
    assert found["area"] == pytest.approx(5 * inner * np.sin(np.pi / 5) * 90**2 / 200**2, rel=0.03)
    # the centre is as far from an edge's points as they lie along it, between the two radii
    along = np.linspace(0, 1, 1001)
    edge = np.hypot(1 - along * (1 - inner * np.cos(np.pi / 5)), along * inner * np.sin(np.pi / 5))
    assert found["radius_deviation"] == pytest.approx(edge.std(), rel=0.05)
    outline = star() & ~ndimage.binary_erosion(star())
    assert found["radius_crossings"] * outline.sum() == pytest.approx(10, rel=0.1)  # twice at each point
    assert found["eccentricity"] == pytest.approx(0, abs=0.15)


def test_a_star_is_less_round_and_less_convex_than_a_square_and_that_than_a_disc():
    shapes = [shape_of(mask) for mask in (star(), rectangle(41, 41), disc(70, 100, 100))]
    for name in ("circularity", "solidity"):
        values = [shape[name] for shape in shapes]
        assert values[0] < min(values[1:]), name
    assert shapes[0]["circularity"] < shapes[1]["circularity"] < shapes[2]["circularity"]
    assert shapes[0]["radius_deviation"] > shapes[1]["radius_deviation"] > shapes[2]["radius_deviation"]


@pytest.mark.parametrize(
    ("height", "width", "upright"), [(60, 20, 1), (20, 60, 0)], ids=["taller than wide", "wider than tall"]
)
def test_a_lesion_that_stands_is_told_from_one_that_lies(height, width, upright):
    found = shape_of(rectangle(height, width))
    assert found["height_by_width"] == pytest.approx(height / width)
    assert found["uprightness"] == pytest.approx(upright, abs=1e-6)
    # the ellipse with the same second moments has axes as long as the sides are
    assert found["eccentricity"] == pytest.approx((1 - (20 / 60) ** 2) ** 0.5, abs=0.005)
    assert found["circularity"] == pytest.approx(4 * np.pi * 59 * 19 / (2 * (59 + 19)) ** 2, rel=1e-4)


@pytest.mark.parametrize("degrees", [20, 60, 130])
def test_uprightness_is_how_upright_the_longer_axis_of_an_ellipse_is(degrees):
    rows, columns = np.indices((200, 200)) - 100
    angle = np.radians(degrees)
    along = rows * np.cos(angle) + columns * np.sin(angle)
    across = -rows * np.sin(angle) + columns * np.cos(angle)
    found = shape_of((along / 80) ** 2 + (across / 30) ** 2 <= 1)
    assert found["uprightness"] == pytest.approx(abs(np.cos(angle)), abs=0.01)
    assert found["eccentricity"] == pytest.approx((1 - (30 / 80) ** 2) ** 0.5, abs=0.01)
    assert found["solidity"] == pytest.approx(1, abs=0.03)


def test_of_two_pieces_the_larger_is_measured():
    alone, small = rectangle(41, 31), rectangle(6, 9, row=80, column=110)
    both, one = shape_of(alone | small), shape_of(alone)
    assert (both["pieces"], one["pieces"]) == (2, 1)
    rest = set(NAMES) - {"pieces", "area"}
    assert {name: both[name] for name in rest} == {name: one[name] for name in rest}


def test_pixels_that_touch_at_a_corner_are_one_piece():
    assert shape_of(rectangle(5, 5, 10, 10) | rectangle(5, 5, 15, 15))["pieces"] == 1
    assert shape_of(rectangle(5, 5, 10, 10) | rectangle(5, 5, 16, 16))["pieces"] == 2


def test_a_line_of_single_pixels_is_there_and_back():
    found = shape_of(rectangle(10, 1))
    assert np.isfinite(list(found.values())).all()
    expected = {
        "height_by_width": 10, "circularity": 0, "convexity": 1, "extent": 1,
        "solidity": 1, "eccentricity": 1, "uprightness": 1, "row": 15 / 100, "column": 20.5 / 140,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-4)


def test_one_pixel_is_small_and_round():
    found = shape_of(rectangle(1, 1))
    expected = {
        "area": 1 / 14000, "diameter": (4 / np.pi) ** 0.5 / np.hypot(100, 140), "height_by_width": 1,
        "circularity": 1, "solidity": 1, "extent": 1, "convexity": 1, "radius_deviation": 0,
        "row": 10.5 / 100, "column": 20.5 / 140, "pieces": 1,
    }  # fmt: skip
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-4)


def test_every_value_of_one_pixel_is_finite():
    assert np.isfinite(outline_shape(rectangle(1, 1))).all()


@pytest.mark.parametrize("edge", ["top", "bottom", "left", "right"])
def test_a_lesion_at_the_frame_has_the_shape_it_has_inside(edge):
    mask = star(14)[60:140, 50:150]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    moves = {"top": -rows[0], "bottom": 79 - rows[-1], "left": -columns[0], "right": 99 - columns[-1]}
    moved = np.roll(mask, moves[edge], axis=int(edge in ("left", "right")))
    side = {"top": moved[0], "bottom": moved[-1], "left": moved[:, 0], "right": moved[:, -1]}[edge]
    assert side.any() and moved.sum() == mask.sum()
    here, there = shape_of(mask), shape_of(moved)
    rest = set(NAMES) - set(PLACE)
    assert {name: here[name] for name in rest} == pytest.approx({name: there[name] for name in rest})


def test_a_lesion_that_fills_the_frame_is_its_rectangle():
    found = shape_of(np.ones((50, 100), bool))
    expected = {"area": 1, "height_by_width": 0.5, "extent": 1, "solidity": 1, "row": 0.5, "column": 0.5}
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@quick
@given(st.integers(0, 10**6), st.integers(-4, 8), st.integers(-6, 2))
def test_moving_a_lesion_changes_its_place_alone(seed, down, right):
    mask = lesions(seed)
    here, there = shape_of(mask), shape_of(np.roll(mask, (down, right), axis=(0, 1)))
    height, width = mask.shape
    assert there["row"] - here["row"] == pytest.approx(down / height, abs=1e-5)
    assert there["column"] - here["column"] == pytest.approx(right / width, abs=1e-5)
    rest = set(NAMES) - set(PLACE)
    assert {name: here[name] for name in rest} == pytest.approx({name: there[name] for name in rest})


@quick
@given(st.integers(0, 10**6))
def test_mirroring_a_lesion_changes_its_column_alone(seed):
    mask = lesions(seed)
    here, there = shape_of(mask), shape_of(mask[:, ::-1])
    assert here["column"] + there["column"] == pytest.approx(1, abs=1e-5)
    rest = set(NAMES) - {"column", "radius_crossings"}
    assert {name: here[name] for name in rest} == pytest.approx(
        {name: there[name] for name in rest}, rel=1e-4, abs=1e-5
    )


def test_mirroring_a_lesion_leaves_its_crossings():
    mask = rectangle(2, 10, row=11, column=10) | rectangle(1, 1, row=10, column=11)
    here, there = shape_of(mask), shape_of(mask[:, ::-1])
    assert here["radius_crossings"] == pytest.approx(there["radius_crossings"])


def test_a_line_crosses_its_mean_radius_four_times():
    # 13 pixels: lengths 6, 5, ... 0, ... 5, 6 of 6 along one side, with a mean of exactly 1/2
    assert shape_of(rectangle(1, 13))["radius_crossings"] * 24 == pytest.approx(4, abs=0.5)


@quick
@given(st.integers(0, 10**6))
def test_every_value_is_finite_and_ratios_stay_in_range(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((16, 20)) < rng.uniform(0.1, 0.9)
    mask[7:9, 9] = True  # the largest piece has two pixels or more
    found = shape_of(mask)
    assert np.isfinite(list(found.values())).all()
    assert found["area"] == pytest.approx(mask.mean())
    for name in ("circularity", "solidity", "extent", "eccentricity", "convexity", "uprightness", *PLACE):
        assert 0 <= found[name] <= 1 + 1e-6, name
    assert 0 <= found["radius_crossings"] <= 1 and found["radius_deviation"] <= 0.5
    assert found["pieces"] == ndimage.label(mask, np.ones((3, 3)))[1]


@quick
@given(st.integers(0, 10**6), st.integers(2, 3))
def test_a_larger_picture_of_the_same_lesion_covers_the_same_share(seed, times):
    mask = lesions(seed)
    here, there = shape_of(mask), shape_of(np.kron(mask, np.ones((times, times), bool)))
    for name in ("area", "diameter", "height_by_width", "extent", "pieces"):
        assert there[name] == pytest.approx(here[name], rel=1e-5), name
