"""Figures of the recipe: every step with its name, score, gain and cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from figures import drawn, strings

from bcd_utils.experiments.recipe.arms import ARMS, STAIRS
from bcd_utils.reporting.plots.recipe import histories, staircase

TITLES = {arm.name: arm.title for arm in ARMS}
METRICS = {"accuracy": "accuracy", "pair_area": "AUC, malignant against benign and adenosis"}


def table(names) -> pd.DataFrame:
    rows = {}
    for place, name in enumerate(names):
        rows[name] = {"minutes": 0.5 + 30 * place}
        for metric in METRICS:
            value = 0.7 + 0.02 * place
            rows[name] |= {metric: value, f"{metric}_low": value - 0.05, f"{metric}_high": value + 0.05}
            gain = np.nan if place == 0 else 0.02
            rows[name] |= {
                f"{metric}_gain{end}": gain + far for end, far in (("", 0), ("_low", -0.03), ("_high", 0.03))
            }
    return pd.DataFrame.from_dict(rows, orient="index")


@pytest.mark.parametrize("names", [STAIRS, STAIRS[:2]])
def test_every_step_has_its_name_and_its_cost(names):
    figure = drawn(staircase(table(names), TITLES, ["tuned", "flips", "ensemble"], METRICS))
    texts = [" ".join(text.split()) for text in strings(figure)]
    for place, name in enumerate(names):
        assert f"{TITLES[name]} {0.5 + 30 * place:.1f} min" in texts
    assert f"accuracy from 0.700 to {0.7 + 0.02 * (len(names) - 1):.3f}" in figure.get_label()


@pytest.mark.parametrize("arms", [["tuned"], ["tuned", "tuned_stretch"]])
def test_each_tuned_network_has_a_panel(arms):
    rows = [
        {"arm": arm, "fold": fold, "epoch": epoch, "loss": 1 / epoch, "tuning_loss": 1.2 / epoch}
        for arm in arms
        for fold in (1, 2, 3)
        for epoch in range(1, 6)
    ]
    figure = drawn(histories(pd.DataFrame(rows), TITLES))
    assert len(figure.axes) == len(arms)
    assert f"{TITLES['tuned']} 0.240" in figure.get_label()
