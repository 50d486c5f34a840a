"""Figures of published results: what stands in them, with arms and without."""

from __future__ import annotations

import pandas as pd
import pytest
from figures import drawn, strings

from bcd_utils.experiments.published_results.rows import KINDS
from bcd_utils.reporting.plots.published import KIND_LOOKS, published_scores

TABLE = pd.DataFrame(
    {
        "name": ["One", "Two", "Three", "None"], "kind": [KINDS[6], KINDS[0], KINDS[2], KINDS[3]],
        "accuracy": [0.99, 0.8, 0.85, None], "accuracy_low": [0.95, None, 0.8, None],
        "accuracy_high": [1.0, None, 0.9, None], "implied": [False, True, False, False],
        "auc": [0.9, None, None, None], "auc_low": [0.8, None, None, None], "auc_high": [0.95, None, None, None],
        "stated": [True, True, False, False],
    },
    index=["A", "B", "C", "D"],
)  # fmt: skip
ARMS = {"arms": {"image": {"title": "plain", "kind": KINDS[2], "accuracy": [0.7, 0.8], "auc": [0.9, None]}}}


@pytest.mark.parametrize("measured", [ARMS, {"arms": {}}], ids=["arms", "no arms"])
def test_rows_stand_kind_after_kind_under_the_arms(measured):
    figure = drawn(published_scores(TABLE, measured, "accuracy"))
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == [*(arm["title"] for arm in measured["arms"].values()), "B  Two", "C  Three", "A  One"]
    assert {KINDS[0], KINDS[2], KINDS[6]} <= set(strings(figure)) and KINDS[3] not in strings(figure)
    faces = [line.get_markerfacecolor() for line in figure.axes[0].lines if line.get_marker() in "o^s"]
    assert faces == ["white", "white", KIND_LOOKS[KINDS[6]][0]], "implied, of unknown size, printed"
    assert figure.get_label().startswith("3 published results, 0.800 to 0.990")


def test_areas_of_two_classes():
    figure = drawn(published_scores(TABLE, ARMS, "auc"))
    assert "A  One" in strings(figure) and "B  Two" not in strings(figure)
    assert figure.get_label() == "1 published result, 0.900 to 0.900; medians of our arms: plain 0.900."


def test_any_two_kinds_differ_without_colour():
    assert len({marker for _, marker in KIND_LOOKS.values()}) == len(KINDS)
