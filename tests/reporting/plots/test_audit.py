"""Figures of the audit: that they draw without a warning, cut nothing off, and show what they were given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figures import drawn, strings

from bcd_utils.reporting.plots import audit

pytestmark = pytest.mark.filterwarnings("error")

ROW = {
    "id_a": "benign (433)", "id_b": "malignant (145)", "kind": "same file", "correlation": 1.0, "detail": 0.987,
    "contradictory": True, "same": "yes", "verdict": "",
}  # fmt: skip


def texts(figure):
    """All texts of a figure, each of which can be read."""
    return strings(drawn(figure))


def picture(height, width, level=100):
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize("count", [1, 2, 5, 12, 20])
def test_a_sheet_shows_a_dozen_pairs_at_most_with_their_ids(count):
    row = pd.Series(ROW)
    pairs = [(picture(40, 50 + n), picture(60, 30), row) for n in range(count)]
    captions = texts(audit.pair_sheet(pairs=pairs))
    assert len([text for text in captions if "benign (433)" in text]) == min(count, 12)
    assert all(
        "malignant (145)" in text and "detail 0.99" in text and "labels differ" in text
        for text in captions
        if text
    )


def test_a_caption_names_who_decided():
    assert "same: yes" in audit.caption(pd.Series(ROW), 4)
    assert "a person says no" in audit.caption(pd.Series(ROW | {"verdict": "no", "same": "no"}), 4)
    assert "labels differ" not in audit.caption(pd.Series(ROW | {"contradictory": False}), 4)
    assert "features" not in audit.caption(pd.Series(ROW | {"cosine": np.nan}), 4)
    assert "correlation 1.00, features 0.71" in audit.caption(pd.Series(ROW | {"cosine": 0.7107}), 4)


def test_long_names_are_wrapped():
    row = pd.Series(
        ROW
        | {"id_a": "SOB_M_DC-14-22549AB-40-001_and_more_of_it", "id_b": "SOB_B_A-14-22549CD-100-017_and_more"}
    )
    assert texts(audit.pair_sheet(pairs=[(picture(40, 50), picture(40, 50), row)] * 3))


def test_two_images_stand_side_by_side_at_one_height():
    board = audit.side_by_side(picture(120, 60, 10), picture(480, 480, 200))
    assert board.shape == (240, 120 + 8 + 240, 3)
    assert (board[:, :120] == 10).all() and (board[:, 120:128] == 255).all() and (board[:, 128:] == 200).all()


def test_the_histograms_count_the_images_with_a_copy():
    best = pd.DataFrame({"label": ["benign", "benign", "normal"], "detail": [0.7, 0.2, -0.15]})
    found = texts(audit.best_matches(best=best, threshold=0.6, classes=["benign", "normal"]))
    assert "benign: 1 of 2 images have a copy" in found and "normal: 0 of 1 images have a copy" in found


@pytest.mark.parametrize("shares", [(0.0, 0.1, 0.4), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_the_leaks_are_labelled_with_their_counts(shares):
    table = pd.DataFrame(
        {"test_images": [round(10 * share) for share in shares], "share": shares},
        index=["exact", "correlation >= 0.95", "same group"],
    )
    found = texts(audit.leaks(table=table))
    assert {"exact", "correlation ≥ 0.95", "same group"} <= set(found)
    assert {f"{round(10 * share)}  ({share:.0%})" for share in shares} <= set(found)


def test_leaks_of_a_run_without_test_images_are_drawn():
    table = pd.DataFrame({"test_images": [0], "share": [np.nan]}, index=["exact"])
    assert "0" in texts(audit.leaks(table=table))
