"""Predictions per set, their scores, and the paper's numbers beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bcd_utils.evaluation import evaluate, labels_and_probabilities

CLASSES = ("benign", "malignant", "normal")


@pytest.fixture
def predictions():
    """Two images of each class and set; the test set's two malignant ones are called benign."""
    rows = []
    for name in ("test", "train", "validation"):
        for label in reversed(CLASSES):
            said = "benign" if (name, label) == ("test", "malignant") else label
            chances = {f"p_{other}": 0.8 if other == said else 0.1 for other in CLASSES}
            rows += [{"split": name, "label": label, **chances}] * 2
    return pd.DataFrame(rows)[["p_normal", "label", "p_benign", "split", "p_malignant"]]


def test_labels_and_probabilities_follow_the_order_of_classes(predictions):
    labels, probabilities = labels_and_probabilities(predictions, CLASSES, "test")
    assert labels.tolist() == [2, 2, 1, 1, 0, 0]
    expected = [[0.1, 0.1, 0.8]] * 2 + [[0.8, 0.1, 0.1]] * 4
    assert np.array_equal(probabilities, expected)
    labels, _ = labels_and_probabilities(predictions, ("normal", "benign", "malignant"), "test")
    assert labels.tolist() == [0, 0, 2, 2, 1, 1]


def test_each_set_is_scored_by_itself(predictions):
    metrics = evaluate(predictions, CLASSES)
    assert list(metrics) == ["train", "validation", "test"]
    assert metrics["train"]["accuracy"] == metrics["validation"]["accuracy"] == 1
    test = metrics["test"]
    assert test["accuracy"] == pytest.approx(4 / 6)
    assert test["f1_macro"] == pytest.approx((2 / 3 + 0 + 1) / 3)  # benign: 2 right of 4 called so
    assert test["kappa"] == pytest.approx((4 / 6 - 1 / 3) / (1 - 1 / 3))
    assert test["loss"] == pytest.approx(-(4 * np.log(0.8) + 2 * np.log(0.1)) / 6, rel=1e-6)
