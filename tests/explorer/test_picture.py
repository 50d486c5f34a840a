"""The picture of a case: outline, heat, and what stands below it."""

from __future__ import annotations

import io

import numpy as np
from builders import square
from PIL import Image

from bcd_utils.explorer.case import Case
from bcd_utils.explorer.picture import as_png, drawn, sheet
from bcd_utils.reporting.plots.heat_maps import blended

YELLOW = (0xFF, 0xE1, 0x4D)
GREY = np.full((70, 90, 3), 100, np.uint8)
CASE = Case("a", GREY, square(20, 30, side=20) > 0, {}, ())


def test_the_outline_is_yellow_on_the_lesions_edge_and_nowhere_else():
    picture = drawn(CASE)
    assert tuple(picture[20, 40]) == YELLOW and tuple(picture[39, 30]) == YELLOW
    assert (picture[30, 40] == 100).all() and (picture[5, 5] == 100).all()
    assert (CASE.image == 100).all(), "the image itself stays"


def test_heat_is_laid_over_as_opaque_as_it_is_asked_for():
    cam = np.zeros((70, 90))
    cam[60, 80] = 1
    hot, _, cold = (drawn(CASE, cam, opacity)[60, 80].astype(int) for opacity in (1, 0.5, 0))
    assert (cold == 100).all()
    assert np.allclose(hot, [252, 255, 164], atol=1), "the last colour of inferno, by its table"
    half = 255 * blended(GREY, cam, 0.5)[60, 80]
    assert np.allclose(half, (hot + 100) / 2, atol=1)


def test_lines_stand_below_in_the_frames_width_and_in_the_files_description():
    lines = ["one " * 60, "Not for clinical use."]
    whole = sheet(GREY, lines)
    assert whole.width == 480 and whole.height > 480 * 70 / 90 + 4 * 20
    below = np.asarray(whole)[round(480 * 70 / 90) + 1 :]
    assert (below < 128).any() and (below[:, :7] == 255).all() and (below[:, -7:] == 255).all()
    with Image.open(io.BytesIO(as_png(whole, "Not for <b>clinical</b> use, été."))) as saved:
        assert saved.format == "PNG" and saved.text["Description"] == "Not for <b>clinical</b> use, été."
