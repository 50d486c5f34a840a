"""Figures of the comparison: that they draw without a warning, cut nothing off, and show what they were given."""

from __future__ import annotations

import figures
import numpy as np
import pandas as pd
import pytest
from figures import strings
from matplotlib.colors import to_hex

from bcd_utils.reporting.plots import comparison

pytestmark = pytest.mark.filterwarnings("error")

NAMES = ["paper", "svm", "plain_cnn", "mine"]
TITLES = {
    "paper": "ResNet50 (pixels / 255), the paper's head", "svm": "SVM (RBF)", "plain_cnn": "Plain CNN, from scratch",
    "mine": "A candidate of one's own, with a long name",
}  # fmt: skip
FAMILIES = {"paper": "paper", "svm": "classical", "plain_cnn": "plain_cnn", "mine": "my family"}


def scores(**changes):
    table = pd.DataFrame({"accuracy": [0.7, 0.6, 0.65, 0.5]}, index=NAMES)
    table["accuracy_low"], table["accuracy_high"] = table["accuracy"] - 0.05, table["accuracy"] + 0.04
    return table.assign(roc_auc=[0.9, 0.8, 0.85, np.nan], roc_auc_low=np.nan, roc_auc_high=np.nan, **changes)


def drawn(figure):
    """All texts of a figure, each of which can be read."""
    return strings(figures.drawn(figure))


def test_every_candidate_has_its_row_in_order_and_every_family_its_key():
    figure = comparison.scores(
        scores(), {"accuracy": "accuracy", "roc_auc": "ROC AUC"}, TITLES, FAMILIES, "paper"
    )
    found = drawn(figure)
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert [row.replace("\n", " ") for row in rows] == list(TITLES.values())
    assert figure.axes[0].get_ylim()[0] > figure.axes[0].get_ylim()[1]  # the first is on top
    assert {"The paper's protocol", "Classical learning", "Plain CNN from scratch", "my family"} <= set(found)


def test_intervals_reach_from_low_to_high_and_the_line_goes_through_the_reference():
    figure = comparison.scores(scores(), {"accuracy": "accuracy"}, TITLES, FAMILIES, "svm")
    lines = figure.axes[0].get_lines()
    assert lines[0].get_xdata()[0] == 0.6
    ends = [
        tuple(line.get_xdata()) for line in lines if len(line.get_xdata()) == 2 and line.get_marker() == "|"
    ]
    assert ends == [pytest.approx((value - 0.05, value + 0.04)) for value in (0.7, 0.6, 0.65, 0.5)]


@pytest.mark.parametrize(
    ("cost", "score", "front"),
    [
        ([1, 2, 3], [0.5, 0.6, 0.7], [0, 1, 2]),
        ([1, 2, 3], [0.7, 0.6, 0.5], [0]),
        ([2, 1, 2], [0.6, 0.5, 0.7], [1, 2]),  # of two that cost the same, the better
        ([3, 1], [0.5, 0.5], [1]),  # no better for more
        ([], [], []),
    ],
)
def test_only_what_nothing_beats_is_on_the_front(cost, score, front):
    assert comparison.pareto_front(cost, score) == front


def test_the_front_is_named_and_who_has_no_cost_is_left_out():
    table = scores(
        training_seconds=[10.0, 20.0, 5.0, np.nan], images_per_second=[100.0, 10.0, np.nan, np.nan]
    )
    figure = comparison.pareto(table, TITLES, FAMILIES)
    drawn(figure)
    numbers = [[text.get_text() for text in panel.texts] for panel in figure.axes[:2]]
    assert numbers == [["1", "2"], ["1"]]
    [first], [second] = (
        [text.get_text().replace("\n", " ") for text in panel.texts] for panel in figure.axes[2:]
    )
    assert first == f"1  {TITLES['plain_cnn']} 2  {TITLES['paper']}" and second == f"1  {TITLES['paper']}"
    costs = [line.get_xdata()[0] for line in figure.axes[1].get_lines() if line.get_linestyle() == "None"]
    assert costs == [10.0, 100.0]  # milliseconds an image


def test_a_learning_curve_has_a_point_for_each_number_of_images():
    rows = [
        {"name": name, "contender": TITLES[name], "fraction": fraction, "images": 500 * fraction, "accuracy": level,
         "accuracy_low": level - 0.1, "accuracy_high": level + 0.1}
        for name in ("paper", "svm")
        for fraction, level in ((0.1, 0.5), (0.5, 0.6), (1.0, 0.7))
    ]  # fmt: skip
    figure = comparison.learning_curves(pd.DataFrame(rows), {"accuracy": "accuracy"}, FAMILIES)
    found = drawn(figure)
    assert {"50", "250", "500", TITLES["paper"], TITLES["svm"]} <= set(found)
    curve = figure.axes[0].containers[0].lines[0]
    assert curve.get_xdata().tolist() == [50, 250, 500] and curve.get_ydata().tolist() == [0.5, 0.6, 0.7]


def test_wrong_predictions_are_red_and_each_candidate_has_its_map():
    peak = np.zeros((40, 40))
    peak[10, 30] = 1
    example = {
        "image": np.full((40, 40, 3), 90, np.uint8), "mask": np.eye(40, dtype=bool), "label": "benign",
        "cams": {"paper": peak, "svm": np.zeros((40, 40))}, "predicted": {"paper": "benign", "svm": "malignant"},
    }  # fmt: skip
    columns = {"paper": TITLES["paper"], "svm": TITLES["svm"]}
    figure = comparison.side_by_side([example, example], columns)
    assert len(figure.axes) == 2 * 3
    found = drawn(figure)
    assert found.count("true: benign") == 2 and found.count("malignant") == 2
    colours = [to_hex(panel.xaxis.label.get_color()) for panel in figure.axes[1:3]]
    assert colours[1] == "#b00020" and colours[0] != colours[1]
    crosses = figure.artists
    assert len(crosses) == 2, "one an image: a map of zeros points nowhere"
    assert (crosses[0].get_xdata()[0], crosses[0].get_ydata()[0]) == (30, 10)
    assert crosses[0].get_transform() == figure.axes[1].transData


def test_neighbouring_families_look_different():
    looks = [comparison.look_of(family) for family in [*comparison.LOOKS, "my family"]]
    assert len({tuple(look.items()) for look in looks}) == len(looks)
