"""The forest plot: every count is there, and what rests on few images is grey and hollow."""

from __future__ import annotations

import numpy as np
import pandas as pd
from figures import drawn

from bcd_utils.evaluation.subgroups import Subgroups
from bcd_utils.reporting.plots.subgroups import FEW, forest
from bcd_utils.study.legibility import COLUMN


def row(column, subgroup, found, positives, spared, others):
    shares = {"sensitivity": (found, positives), "specificity": (spared, others)}
    line = {"column": column, "subgroup": subgroup, "found": found, "positives": positives, "spared": spared}
    line |= {"others": others}
    for name, (right, of) in shares.items():
        value = right / of if of else np.nan
        line |= {name: value, f"{name}_low": value - 0.1, f"{name}_high": value + 0.1}
    return line


TABLE = pd.DataFrame(
    [
        row("", "all images", 50, 100, 160, 200),
        row("lesion area", "up to 5%", 45, 90, 160, 200),
        row("lesion area", "above 5%", 5, 10, 0, 0),
    ]
)


def test_every_subgroup_stands_under_its_column_with_its_counts_and_few_are_hollow():
    figure = drawn(forest(Subgroups("malignant", TABLE, {}, {}), "A network"))
    [panel] = figure.axes
    names = [label.get_text().replace("\n", " ") for label in panel.get_yticklabels()]
    assert names == ["all images", "lesion area", "up to 5%", "above 5%"]
    counts = [text.get_text() for text in panel.texts]
    assert counts == ["50 of 100", "160 of 200", "45 of 90", "160 of 200", "5 of 10"]
    hollow = [line for line in panel.get_lines() if line.get_fillstyle() == "none"]
    assert len(hollow) == 1 and hollow[0].get_color() == FEW and hollow[0].get_xdata() == 0.5
    assert figure.get_size_inches()[0] == COLUMN and panel.get_title() == "A network"
    assert "fewer than 20" in [text.get_text() for text in figure.legends[0].get_texts()]
