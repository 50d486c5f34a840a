"""Figures of data sets side by side: that they draw without a warning, and show what they were given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figures import drawn
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from bcd_utils.images.statistics import MEASURES
from bcd_utils.reporting.plots import modalities, style

pytestmark = pytest.mark.filterwarnings("error")


def measured(seed: int, images: int = 30, scale: float = 1) -> pd.DataFrame:
    values = np.random.default_rng(seed).lognormal(1, 0.5, (images, len(MEASURES))) * scale
    return pd.DataFrame(values, columns=list(MEASURES))


GROUPS = [
    ("BUSI", "benign", measured(0)),
    ("BUSI", "normal", measured(1)),
    ("CBIS-DDSM, mammograms with abnormalities", "malignant", measured(2, scale=500)),
]


def test_every_measure_has_a_panel_and_every_class_its_colour():
    figure = drawn(modalities.character(GROUPS, MEASURES))
    assert len(figure.axes) == len(MEASURES)
    looks = style.class_colours(["benign", "malignant", "normal"])
    for panel in figure.axes:
        shapes = [to_hex(shape.get_facecolor()[0]).upper() for shape in panel.collections]
        assert shapes == [looks["benign"], looks["normal"], looks["malignant"]]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["benign", "normal", "malignant"]


def test_data_sets_are_named_once_from_above():
    figure = drawn(modalities.character(GROUPS, {"noise": "noise"}))
    labels = [" ".join(label.get_text().split()) for label in figure.axes[0].get_yticklabels()]
    assert labels == list(dict.fromkeys(title for title, _, _ in GROUPS))
    assert figure.axes[0].get_ylim()[0] > figure.axes[0].get_ylim()[1]


@pytest.mark.parametrize("scale", [1, 1000])
def test_ticks_of_a_logarithmic_panel_do_not_overlap(scale):
    groups = [("A", "benign", measured(0)), ("B", "benign", measured(1, scale=scale))]
    figure = drawn(modalities.character(groups, MEASURES))
    panel = figure.axes[list(MEASURES).index("sharpness")]
    low, high = panel.get_xlim()
    places = zip(panel.get_xticks(), panel.get_xticklabels(), strict=True)
    boxes = [label.get_window_extent() for tick, label in places if low <= tick <= high and label.get_text()]
    assert len(boxes) > 1
    assert all(one.x1 < other.x0 for one, other in zip(boxes, boxes[1:], strict=False))


def test_a_measure_of_zero_does_not_break_a_logarithmic_panel():
    drawn(modalities.character([("A", "benign", measured(0).assign(noise=0.0))], MEASURES))


def test_scores_are_where_the_table_says():
    index = pd.MultiIndex.from_product([["a", "b"], ["probe", "majority"]])
    table = pd.DataFrame({"accuracy": [0.7, 0.5, 0.9, 0.6]}, index=index)
    table["accuracy_low"], table["accuracy_high"] = table["accuracy"] - 0.1, table["accuracy"] + 0.1
    table.loc[("b", "majority"), ["accuracy_low", "accuracy_high"]] = np.nan
    titles, who = {"a": "BUSI", "b": "BreakHis"}, {"probe": "o", "majority": "D"}
    figure = drawn(modalities.scores(table, titles, {"accuracy": "accuracy"}, who))
    lines = figure.axes[0].get_lines()
    assert [line.get_xdata()[0] for line in lines if line.get_marker() in who.values()] == [
        0.7,
        0.5,
        0.9,
        0.6,
    ]
    ends = [tuple(line.get_xdata()) for line in lines if line.get_marker() == "|"]
    assert ends == [pytest.approx(pair) for pair in ((0.6, 0.8), (0.4, 0.6), (0.8, 1.0))]


def test_each_pair_has_its_cell_and_the_same_data_set_a_frame():
    rows = [("a", "a", 0.9), ("a", "b", 0.5), ("b", "a", np.nan), ("b", "b", 0.05)]
    table = pd.DataFrame(rows, columns=["trained_on", "tested_on", "auc"])
    table["auc_low"], table["auc_high"] = table["auc"] - 0.05, table["auc"] + 0.05
    figure = drawn(modalities.transfer(table, {"a": "BUSI", "b": "CBIS-DDSM, abnormalities"}, ("cyst", "DC")))
    assert figure.axes[1].get_ylabel() == "AUC, DC against cyst"
    panel = figure.axes[0]
    texts = {tuple(int(place) for place in text.get_position()): text.get_text() for text in panel.texts}
    assert texts == {
        (0, 0): "0.900\n[0.850, 0.950]", (1, 0): "0.500\n[0.450, 0.550]",
        (0, 1): "–", (1, 1): "0.050\n[0.000, 0.100]",
    }  # fmt: skip
    frames = [patch for patch in panel.patches if isinstance(patch, Rectangle)]
    assert [(round(frame.get_x()), round(frame.get_y())) for frame in frames] == [(0, 0), (1, 1)]
