"""Split, seed and sampling are found again in accuracies that were drawn with known shares of each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.formula.api import ols

from bcd_utils.experiments.repeated_splits.variance import (
    accuracy_by_seed,
    said_of_spread,
    spread_by_source,
    variance_record,
)


def crossed(splits: int, seeds: int, of_split: float, of_seed: float, rest: float) -> pd.DataFrame:
    random = np.random.default_rng(4)
    values = 0.8 + random.normal(0, of_split, (splits, 1)) + random.normal(0, of_seed, (1, seeds))
    values = values + random.normal(0, rest, (splits, seeds))
    table = (
        pd.DataFrame(values)
        .rename_axis("split")
        .melt(ignore_index=False, var_name="seed", value_name="accuracy")
    )
    return table.reset_index().assign(test_images=100)


def test_the_mean_squares_are_those_of_statsmodels():
    table = crossed(6, 4, 0.03, 0.01, 0.02)
    anova = sm.stats.anova_lm(ols("accuracy ~ C(split) + C(seed)", table).fit())
    squares = anova["sum_sq"] / anova["df"]
    found = spread_by_source(table)["sd"] ** 2
    assert found["split"] == pytest.approx((squares["C(split)"] - squares["Residual"]) / 4)
    within = (anova.loc["C(seed)", "sum_sq"] + anova.loc["Residual", "sum_sq"]) / (6 * 3)
    assert found["seed"] == pytest.approx(within)
    assert found["split and seed"] == pytest.approx(found["split"] + found["seed"])


def test_known_shares_are_found_again():
    found = spread_by_source(crossed(400, 40, 0.03, 0.0, 0.02))["sd"]
    assert found[["split", "seed"]].tolist() == pytest.approx([0.03, 0.02], rel=0.1)
    assert spread_by_source(crossed(50, 5, 0.0, 0.0, 0.02)).loc["split", "sd"] < 0.005


def test_the_accuracy_of_each_split_and_seed_and_what_is_said_of_it():
    splits = {(split, seed): pd.Series(["test", "test", "train"]) for split in (0, 1) for seed in (0, 1)}
    right = np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]])
    results = {name: {"probabilities": right if name[0] else right[[0, 0, 2]]} for name in splits}
    images = pd.DataFrame({"label": ["a", "b", "b"]})
    table = accuracy_by_seed(splits, results, images, ["a", "b"])
    assert table["accuracy"].tolist() == [0.5, 0.5, 1, 1] and table["right"].tolist() == [1, 1, 2, 2]
    record = variance_record(table)
    assert (record["splits"], record["seeds"], record["test_images"]) == (2, 2, 2)
    said = said_of_spread(record)
    assert "SD of 0.354: 0.354 between splits and 0.000 between seeds" in said  # of 0.5 and 1
    assert "testing 2 images makes 0.306 by itself" in said  # sqrt(0.75 * 0.25 / 2)
