"""What many splits say together, on tables small enough to work out by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, roc_auc_score
from statsmodels.stats.proportion import proportion_confint

from bcd_utils.experiments.repeated_splits.scores import (
    distributions,
    headline,
    scores_by_split,
    sizes_table,
    splits_record,
)
from bcd_utils.study.loading import make_study

CLASSES = ("benign", "malignant")
PAPER = {"accuracy": 0.75, "f1_macro": 0.9, "kappa": 0.5, "roc_auc": 0.9}


def result(malignant: list[float]) -> dict[str, np.ndarray]:
    probability = np.array(malignant)
    return {"probabilities": np.column_stack([1 - probability, probability]), "epochs": np.array(7)}


@pytest.fixture
def images():
    """b0 and b1 are copies, so are m0 and m1."""
    ids = ["b0", "b1", "b2", "b3", "m0", "m1", "m2", "m3"]
    labels = ["benign"] * 4 + ["malignant"] * 4
    groups = ["B", "B", "b2", "b3", "M", "M", "m2", "m3"]
    return pd.DataFrame({"id": ids, "label": labels, "group": groups, "status": "ok"})


def sets(text: str) -> pd.Series:
    return pd.Series(list(text)).map({"r": "train", "v": "validation", "e": "test", "-": ""})


def test_sizes_are_means_over_the_splits_of_a_scheme():
    splits = {
        ("plain", 0): sets("rrrrve--"),
        ("grouped", 0): sets("rrvveeee"),
        ("folds", 0): sets("rrrrrvee"),
    }
    splits["plain", 1] = sets("rrrrrrve")
    table = sizes_table(splits)
    assert table.index.tolist() == ["plain", "grouped", "folds"]
    assert table.to_numpy().tolist() == [[2, 5, 1, 1], [1, 2, 2, 4], [1, 5, 1, 2]]
    assert table.columns.tolist() == ["trainings", "train", "validation", "test"]


def test_a_split_is_scored_on_its_test_images_and_copies_are_counted(images):
    # tested: b0 (its copy b1 is trained on), b2, m0 (its copy is in validation), m3; right: b0, m0, m3
    splits = {("plain", 0): sets("ererevre")}
    results = {("plain", 0): result([0.1, 0.1, 0.8, 0.1, 0.7, 0.9, 0.9, 0.6])}
    (row,) = scores_by_split(splits, results, images, CLASSES).to_dict("records")
    truth, predicted, probability = [0, 0, 1, 1], [0, 1, 1, 1], [0.1, 0.8, 0.7, 0.6]
    assert row["accuracy"] == accuracy_score(truth, predicted) == 0.75
    assert row["f1_macro"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert row["kappa"] == pytest.approx(cohen_kappa_score(truth, predicted))
    assert row["roc_auc_malignant"] == pytest.approx(roc_auc_score(truth, probability))
    assert (row["test_images"], row["copied"], row["epochs"]) == (4, 2, 7)
    whole = scores_by_split({("plain", 0): sets("eerveerv")}, results, images, CLASSES)
    assert whole["copied"].tolist() == [0]


def spread_table():
    rows = []
    for scheme, values in (("plain", [0.5, 0.75, 0.75, 1.0]), ("grouped", [0.5, 0.6, 0.7, 0.74])):
        for number, value in enumerate(values):
            rows.append(
                {"scheme": scheme, "number": number, "test_images": 10, "copied": number, "epochs": 5}
            )
            rows[-1] |= dict.fromkeys(PAPER, value)
    return pd.DataFrame(rows)


def test_the_papers_percentile_counts_ties_one_half():
    table = distributions(spread_table(), PAPER)
    assert table.loc[("plain", "accuracy"), "percentile"] == 50.0  # one below, two ties, one above
    assert table.loc[("grouped", "accuracy"), "percentile"] == 100.0
    assert table.loc[("plain", "kappa"), "percentile"] == 12.5  # one tie of four
    row = table.loc[("plain", "accuracy")]
    assert (row["mean"], row["lowest"], row["highest"]) == (0.75, 0.5, 1.0)
    assert row["sd"] == pytest.approx(np.sqrt(0.125 / 3))


@pytest.fixture
def repeated(images):
    """Two repeats of two folds; all right in the first repeat, b3 and m3 wrong in the second."""
    study = make_study({"name": "a", "repeated_splits": {"folds": 2, "repeats": 2}, "bootstrap_samples": 400})
    folds = ["eevreevr", "rreerree"] * 2
    splits = {("folds", number): sets(text) for number, text in enumerate(folds)}
    right, wrong = [0.1] * 4 + [0.9] * 4, [0.1, 0.1, 0.1, 0.8, 0.9, 0.9, 0.9, 0.2]
    scores = [right, right, wrong, wrong]
    return splits, {("folds", number): result(values) for number, values in enumerate(scores)}, study


def test_the_headline_is_the_mean_over_repeats_of_scores_over_all_images(images, repeated):
    splits, results, study = repeated
    found = headline(splits, results, images, CLASSES, study)
    assert found["accuracy"]["value"] == (1 + 6 / 8) / 2
    assert found["kappa"]["value"] == (1 + 0.5) / 2
    assert found["accuracy"]["low"] < found["accuracy"]["value"] <= found["accuracy"]["high"] <= 1


def test_the_headlines_interval_is_that_of_its_folds(images, repeated):
    splits, results, study = repeated
    found = headline(splits, results, images, CLASSES, study)
    # each fold tests four images and learns from four; both wrong ones are in the second repeat's second fold
    right = np.array([1, 1, 1, 2 / 4])
    variance = (1 / 4 + 1) * right.var(ddof=1)
    trials = 7 / 8 * 1 / 8 / variance * (norm.ppf(0.975) / t.ppf(0.975, 3)) ** 2
    low, high = proportion_confint(7 / 8 * trials, trials, method="wilson")
    assert found["accuracy"] == pytest.approx({"value": 7 / 8, "low": low, "high": high})


def test_the_record_is_plain_json_even_without_copies(images, repeated):
    splits, results, study = repeated
    table = spread_table()
    worth = pd.DataFrame([{"joined": "look", "images": "alone", "difference": 0.0, "difference_low": np.nan}])
    by_seed = pd.DataFrame({"split": [0, 0, 1, 1], "seed": [0, 1, 0, 1], "accuracy": 0.75, "test_images": 10})
    scores = headline(splits, results, images, CLASSES, study)
    record = splits_record(table, distributions(table, PAPER), scores, worth, by_seed, study)
    record = json.loads(json.dumps(record, allow_nan=False))
    assert record["copies"][0]["difference_low"] is None and record["variance"]["split and seed"] == 0
    assert record["plain"]["accuracy"]["percentile"] == 50.0
    assert record["headline"]["accuracy"]["value"] == 0.875
