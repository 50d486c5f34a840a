"""Hand-crafted features of pictures whose gradients, patterns and grey levels are known."""

from __future__ import annotations

import numpy as np
import pytest
from builders import noise
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from bcd_utils.models.handcrafted import PARTS, handcrafted_features

quick = settings(max_examples=20, deadline=None, database=None)
PROPERTIES = ["contrast", "dissimilarity", "homogeneity", "energy", "correlation", "ASM"]
ROW, COLUMN = np.indices((128, 128))


def grey_image(pixels):
    return np.repeat(np.asarray(pixels, np.uint8)[..., None], 3, axis=2)


def part(pixels, name):
    return handcrafted_features(grey_image(pixels))[PARTS[name]]


def orientations(pixels):
    """Histograms (7, 7, 2, 2, 8): block row and column, cell in the block, direction."""
    return part(pixels, "hog").reshape(7, 7, 2, 2, 8)


def co_occurrence(pixels):
    """Mean and range over directions, each property -> three distances."""
    means, ranges = part(pixels, "glcm").reshape(2, 6, 3).astype(float)
    return dict(zip(PROPERTIES, means, strict=True)), dict(zip(PROPERTIES, ranges, strict=True))


@st.composite
def pictures(draw):
    side, kind = draw(st.integers(32, 80)), draw(st.sampled_from(["noise", "two", "one", "bright", "dark"]))
    random = noise(draw(st.integers(0, 10**6)), shape=(side, side, 3))
    if kind == "noise":
        return random
    if kind == "two":
        return (random > 127).astype(np.uint8) * 255
    if kind == "one":
        dot = np.zeros((side, side, 3), np.uint8)
        dot[tuple(draw(st.tuples(*[st.integers(0, side - 1)] * 2)))] = 255
        return dot
    return np.full((side, side, 3), {"bright": 255, "dark": 0}[kind], np.uint8)


def test_parts_follow_each_other_and_fill_the_vector():
    places = [(where.start, where.stop) for where in PARTS.values()]
    # 7 x 7 blocks of 2 x 2 cells of 8 directions; 8 r + 2 patterns of radius r; 2 x 6 x 3; 5 + 5 + 16 + 6
    assert [stop - start for start, stop in places] == [49 * 4 * 8, 10 + 18 + 26, 36, 32]
    assert [start for start, _ in places] == [0, *(stop for _, stop in places[:-1])]
    features = handcrafted_features(noise(1, shape=(40, 40, 3)))
    assert features.shape == (places[-1][1],) and features.dtype == np.float32


def test_a_constant_image_has_no_gradient_and_one_grey_level():
    pixels = np.full((64, 64), 100)
    assert not part(pixels, "hog").any()
    means, ranges = co_occurrence(pixels)
    assert {name: values.tolist() for name, values in means.items()} == {
        name: [float(name not in ("contrast", "dissimilarity"))] * 3 for name in PROPERTIES
    }
    assert not np.any(list(ranges.values()))
    levels = part(pixels, "intensity")
    histogram = np.eye(16)[100 // 16]
    expected = [100, 0, 0, 0, 0, *[100] * 5, *histogram, 100, 100, 100, 0, 0, 0]
    np.testing.assert_allclose(levels, expected, atol=1e-6)


def test_local_patterns_of_a_constant_image_are_flat_but_for_the_frame():
    # Inside, no neighbour is darker: all 8 r bits are set. Beyond the frame all is 0: of 8 neighbours at one
    # pixel, 3 are outside along an edge and 5 in a corner.
    side = 20
    shares = part(np.full((side, side), 77), "lbp") * side**2
    expected = np.zeros(10)
    expected[[8, 5, 3]] = (side - 2) ** 2, 4 * (side - 2), 4
    np.testing.assert_allclose(shares[:10], expected, atol=1e-3)
    assert shares[10 + 16] == pytest.approx((side - 4) ** 2)
    assert shares[28 + 24] == pytest.approx((side - 6) ** 2)


def test_local_patterns_of_noise_are_those_of_eight_interpolated_neighbours():
    pixels = noise(3, shape=(60, 60)).astype(float)
    at = [(-np.sin(angle), np.cos(angle)) for angle in np.arange(8) * np.pi / 4]
    rows, columns = np.indices(pixels.shape)
    bits = np.stack(
        [
            ndimage.map_coordinates(pixels, [rows + up, columns + right], order=1, mode="grid-constant")
            >= pixels
            for up, right in at
        ]
    )
    changes = (bits != np.roll(bits, 1, axis=0)).sum(axis=0)
    codes = np.where(changes <= 2, bits.sum(axis=0), 9)
    expected = np.bincount(codes.ravel(), minlength=10) / codes.size
    np.testing.assert_allclose(part(pixels, "lbp")[:10], expected, atol=2 / codes.size)


@pytest.mark.parametrize(
    ("pixels", "direction"),
    [(255 * (COLUMN // 8 % 2), 0), (ROW + COLUMN, 2), (255 * (ROW // 8 % 2), 4), (127 + ROW - COLUMN, 6)],
    ids=["vertical edges", "falling diagonal", "horizontal edges", "rising diagonal"],
)
def test_gradients_of_one_direction_fill_one_bin(pixels, direction):
    # the gradient stands across the edge; eight bins of 22.5 degrees begin at 0. Cells at the frame are left
    # out: there one of the two differences is missing.
    inner = orientations(pixels)[1:-1, 1:-1]
    assert not np.delete(inner, direction, axis=-1).any()
    # four equal cells: each has half of the block's length, also after clipping at 0.2
    np.testing.assert_allclose(inner[..., direction], 0.5, atol=1e-3)


def test_vertical_and_horizontal_edges_are_told_apart_at_any_size():
    shares = []
    for axis in (0, 1):
        index = np.indices((96, 96))[axis]
        whole = orientations(255 * (index // 12 % 2)).sum(axis=(0, 1, 2, 3))
        shares.append(whole / whole.sum())
    assert shares[0][4] > 0.9 and shares[1][0] > 0.9


def test_co_occurrence_of_a_checkerboard_by_hand():
    row, column = np.indices((64, 64))
    means, ranges = co_occurrence(255 * ((row + column) % 2))
    # Levels 0 and 31. At one pixel's distance, the two straight directions pair unequal fields and the two
    # diagonal ones equal fields; at two and at four (diagonally three steps) all fields are equal.
    assert means["contrast"].tolist() == [31**2 / 2, 0, 0]
    assert ranges["contrast"].tolist() == [31**2, 0, 0]
    assert means["dissimilarity"].tolist() == [31 / 2, 0, 0]
    assert ranges["dissimilarity"].tolist() == [31, 0, 0]
    np.testing.assert_allclose(means["homogeneity"], [(1 + 1 / (1 + 31**2)) / 2, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(means["correlation"], [0, 1, 1], atol=1e-6)
    np.testing.assert_allclose(ranges["correlation"], [2, 0, 0], atol=1e-6)
    np.testing.assert_allclose(means["ASM"], [1 / 2] * 3, rtol=1e-4)
    np.testing.assert_allclose(means["energy"], [0.5**0.5] * 3, rtol=1e-4)


def test_co_occurrence_of_noise_is_that_of_its_pairs():
    pixels = noise(8, shape=(40, 50))
    levels = pixels // 8  # 32 grey levels
    contrast, asm = np.zeros((3, 4)), np.zeros((3, 4))
    for place, distance in enumerate((1, 2, 4)):
        diagonal = round(distance * 0.5**0.5)  # pairs lie on whole pixels
        steps = [(0, distance), (diagonal, diagonal), (distance, 0), (diagonal, -diagonal)]
        for number, (down, right) in enumerate(steps):
            first = levels[: 40 - down, max(-right, 0) : 50 - max(right, 0)].astype(int)
            second = levels[down:, max(right, 0) : 50 + min(right, 0)].astype(int)
            contrast[place, number] = ((first - second) ** 2).mean()
            counts = np.zeros((32, 32))
            np.add.at(counts, (first, second), 1)
            asm[place, number] = (((counts + counts.T) / (2 * first.size)) ** 2).sum()
    means, ranges = co_occurrence(pixels)
    for name, expected in (("contrast", contrast), ("ASM", asm), ("energy", asm**0.5)):
        np.testing.assert_allclose(means[name], expected.mean(axis=1), rtol=1e-5)
        np.testing.assert_allclose(ranges[name], np.ptp(expected, axis=1), rtol=1e-4)


def test_intensities_are_scipys_moments_and_numpys_percentiles():
    pixels = (noise(5, shape=(50, 50)).astype(float) ** 2 / 255).astype(np.uint8)
    levels = pixels.ravel().astype(float)
    counts = np.unique(pixels, return_counts=True)[1]
    expected = [
        levels.mean(),
        levels.std(),
        stats.skew(levels),
        stats.kurtosis(levels, fisher=False),
        stats.entropy(counts, base=2),
        *np.percentile(levels, [5, 25, 50, 75, 95]),
        *(np.histogram(levels, bins=np.arange(0, 257, 16))[0] / levels.size),
        *[levels.mean()] * 3,
        *[levels.std()] * 3,
    ]
    np.testing.assert_allclose(part(pixels, "intensity"), expected, rtol=1e-5)


def test_channels_are_red_green_blue_and_grey_is_their_luma():
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:16] = [200, 100, 10]
    values = handcrafted_features(picture)[PARTS["intensity"]]
    np.testing.assert_allclose(values[-6:], [100, 50, 5, 100, 50, 5])
    # ITU-R BT.601: 0.299 red, 0.587 green, 0.114 blue; half of the picture is black
    assert values[0] == pytest.approx(round(0.299 * 200 + 0.587 * 100 + 0.114 * 10) / 2)


@quick
@given(pictures())
def test_all_features_are_finite_and_shares_sum_to_one(picture):
    features = handcrafted_features(picture)
    assert np.isfinite(features).all()
    assert features[PARTS["hog"]].min() >= 0 and features[PARTS["hog"]].max() <= 1
    patterns = np.split(features[PARTS["lbp"]], [10, 28])
    np.testing.assert_allclose([shares.sum() for shares in patterns], 1, rtol=1e-5)
    intensity = features[PARTS["intensity"]]
    assert intensity[10:26].sum() == pytest.approx(1)
    assert (np.diff(intensity[5:10]) >= 0).all()
    assert 0 <= intensity[4] <= 8


@quick
@given(pictures())
def test_a_quarter_turn_changes_gradients_alone(picture):
    here, turned = (handcrafted_features(np.ascontiguousarray(each)) for each in (picture, np.rot90(picture)))
    for name in ("glcm", "intensity"):
        np.testing.assert_allclose(turned[PARTS[name]], here[PARTS[name]], rtol=1e-4, atol=1e-5)
    # neighbours between pixels are interpolated: of two equal values, rounding may make one the larger
    np.testing.assert_allclose(turned[PARTS["lbp"]], here[PARTS["lbp"]], atol=0.01)
