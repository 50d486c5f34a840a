"""Stains come out as in the reference whatever colour they had; white stays white, and a second pass changes little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcd_utils.images.stain import (
    AMOUNTS,
    LAB_DEVIATIONS,
    LAB_MEANS,
    STAINS,
    TO_CONES,
    TO_LAB,
    normalise_stain,
    optical_density,
    stain_matrix,
)

METHODS = ["reinhard", "macenko"]
WHITE = np.full(3, 255)
#: Haematoxylin and eosin after Ruifrok and Johnston 2001, of another colour than the reference.
OTHER = np.array([[0.65, 0.07], [0.70, 0.99], [0.29, 0.11]])
OTHER = OTHER / np.linalg.norm(OTHER, axis=0)


def amounts(seed: int = 0, side: int = 80) -> np.ndarray:
    """How much of each stain each pixel has: pure, mixed, and a white stripe; float (2, side * side)."""
    generator = np.random.default_rng(seed)
    both = generator.gamma(2.0, 0.3, (2, side * side))
    part = generator.random(side * side)
    both[1, part < 0.25] = 0
    both[0, part > 0.75] = 0
    both[:, : side * 10] = 0
    return both


def even_amounts(seed: int = 0, side: int = 80) -> np.ndarray:
    """As `amounts`, of tissue that is stained alike all over, with mixed pixels only and a white stripe."""
    both = np.random.default_rng(seed).gamma(8.0, 0.08, (2, side * side))
    both[:, : side * 10] = 0
    return both


def picture(stains: np.ndarray, both: np.ndarray, side: int = 80) -> np.ndarray:
    """What a camera sees (Beer and Lambert), uint8 (side, side, 3)."""
    return (
        np.clip(np.rint(256 * np.exp(-stains @ both) - 1), 0, 255).astype(np.uint8).T.reshape(side, side, 3)
    )


@pytest.mark.parametrize("stains", [OTHER, STAINS / np.linalg.norm(STAINS, axis=0)])
def test_the_colours_of_the_stains_are_recovered(stains):
    densities = optical_density(picture(stains, amounts()).reshape(-1, 3), WHITE)
    found = stain_matrix(densities[(densities > 0.15).all(axis=1)])
    assert np.allclose(np.linalg.norm(found, axis=0), 1)
    cosines = (found * stains).sum(axis=0)
    assert (cosines > 0.99).all(), cosines


def test_macenko_gives_the_picture_that_the_reference_stains_would_have_given():
    both = amounts()
    normalised = normalise_stain(picture(OTHER, both), "macenko")
    tissue = (OTHER @ both > 0.15).all(axis=0)
    highest = np.percentile(both[:, tissue], 99, axis=1)
    expected = picture(STAINS, both * (AMOUNTS / highest)[:, None])
    assert np.abs(normalised.astype(int) - expected).mean() < 4


@pytest.mark.parametrize("light", [(215, 228, 222), (255, 240, 200)])
def test_the_colour_of_the_light_does_not_matter_to_macenko(light):
    white = picture(OTHER, amounts())
    lit = np.rint((white + 1.0) * (np.array(light) + 1) / 256 - 1).astype(np.uint8)
    one, other = (normalise_stain(image, "macenko").astype(int) for image in (white, lit))
    assert (other[:10] == 255).all() and np.abs(one - other).mean() < 3


def test_two_laboratories_look_alike_afterwards():
    for method, both in (("reinhard", even_amounts()), ("macenko", amounts())):
        mine, theirs = picture(STAINS, both), picture(OTHER, both * np.array([[0.6], [0.8]]))
        before = np.abs(mine.astype(int) - theirs).mean()
        after = np.abs(normalise_stain(mine, method).astype(int) - normalise_stain(theirs, method)).mean()
        assert after < before / 2, method


def test_reinhard_gives_tissue_the_reference_statistics():
    # A slide that is narrower in colour than the reference, and darker and greener.
    lab = np.random.default_rng(0).normal(LAB_MEANS, LAB_DEVIATIONS / 2, (6400, 3))
    levels = np.exp(lab @ np.linalg.inv(TO_LAB).T) @ np.linalg.inv(TO_CONES).T * (0.6, 0.7, 0.6)
    image = np.clip(np.rint(levels), 0, 255).astype(np.uint8).reshape(80, 80, 3)
    shown = normalise_stain(image, "reinhard").reshape(-1, 3)
    found = np.log(np.maximum(shown @ TO_CONES.T, 1)) @ TO_LAB.T
    # Medians and quantiles, for the reference itself leaves the range of a camera where tissue is bright.
    assert np.median(found, axis=0) == pytest.approx(LAB_MEANS, abs=0.03)
    below = np.median(found, axis=0) - np.quantile(found, 0.1587, axis=0)
    assert below[0] == pytest.approx(LAB_DEVIATIONS[0], rel=0.1)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), method=st.sampled_from(METHODS))
def test_white_stays_white_and_a_second_pass_changes_little(seed, method):
    image = picture(OTHER, {"reinhard": even_amounts, "macenko": amounts}[method](seed))
    once = normalise_stain(image, method)
    assert once.dtype == np.uint8 and once.shape == image.shape
    assert (once[:10] == 255).all()
    twice = normalise_stain(once, method)
    assert np.abs(once.astype(int) - twice).mean() < np.abs(image.astype(int) - once).mean() / 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "image",
    [
        np.full((40, 40, 3), 255, np.uint8),
        np.full((40, 40, 3), 250, np.uint8),
        np.zeros((0, 40, 3), np.uint8),
        np.vstack([np.full((39, 40, 3), 255, np.uint8), np.zeros((1, 40, 3), np.uint8)]),
    ],
)
def test_without_tissue_an_image_stays_as_it_is(method, image):
    assert np.array_equal(normalise_stain(image, method), image)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0, 90])
def test_an_even_or_grey_image_breaks_nothing(method, level):
    even = np.full((40, 40, 3), level, np.uint8)
    assert normalise_stain(even, method).shape == even.shape
    grey = np.repeat(np.random.default_rng(0).integers(0, 200, (40, 40, 1), dtype=np.uint8), 3, axis=2)
    assert normalise_stain(grey, method).dtype == np.uint8


def test_none_is_the_image_itself():
    image = picture(OTHER, amounts())
    assert normalise_stain(image, "none") is image
