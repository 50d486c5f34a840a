"""The figure of fewer labels: every way in its panel, with both spreads."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figures import drawn, strings

from bcd_utils.reporting.plots.fewer_labels import curves

TITLES = {f"way{number}": f"a way with quite a long name, number {number}" for number in range(6)}
PANELS = {"Do unlabelled images help?": list(TITLES)[:3], "What to label next?": list(TITLES)[3:]}


def table(points) -> pd.DataFrame:
    rows = [
        {
            "way": way, "point": point, "lesions": 3 * point, "auc": 0.7 + 0.01 * place, "auc_low": 0.6,
            "auc_high": 0.8, "draws_sd": 0.02,
        }
        for way in TITLES
        for place, point in enumerate(points)
    ]  # fmt: skip
    full = {"way": "full", "lesions": 500, "auc": 0.85, "auc_low": 0.8, "auc_high": 0.9}
    return pd.DataFrame([*rows, full])


@pytest.mark.parametrize("points", [(5, 10, 20, 50, 100), (2, 3)])
def test_all_ways_are_drawn_over_their_numbers_of_labels(points):
    figure = drawn(curves(table(points), PANELS, TITLES, 0.95))
    assert set(TITLES.values()) <= {text.replace("\n", " ") for text in strings(figure)}
    for panel in figure.axes:
        assert panel.get_xscale() == "log"
        shown = [text.get_text() for text in panel.get_xticklabels()]
        assert shown == [*(str(3 * point) for point in points), "all"]
        levels = {round(float(np.ravel(line.get_ydata())[0]), 4) for line in panel.lines}
        assert {0.85, round(0.95 * 0.85, 4)} <= levels
    assert "0.700 at" in figure.get_label() and "0.850 at all 500" in figure.get_label()


def test_what_is_not_known_is_left_out():
    unknown = table((5, 10))
    unknown.loc[unknown["way"] == "way0", ["auc_low", "auc_high"]] = np.nan
    drawn(curves(unknown, PANELS, TITLES, 0.95))
