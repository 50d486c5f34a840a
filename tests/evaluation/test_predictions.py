"""Predictions per set, their scores, and the paper's numbers beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bcd_utils.datasets.readers import breakhis
from bcd_utils.evaluation.cross_validation import shown_metrics
from bcd_utils.evaluation.decision_curves import decision_curve, decision_curves
from bcd_utils.evaluation.predictions import evaluate, labels_and_probabilities
from bcd_utils.evaluation.thresholds import (
    at_fixed_rates,
    at_threshold,
    rates_in_words,
    threshold_for_specificity,
)
from bcd_utils.utils.paths import NOTEBOOKS

CLASSES = ("benign", "malignant", "normal")
SUBTYPES = list(breakhis.SUBTYPES.values())


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


@pytest.mark.parametrize("positive", [SUBTYPES[0], SUBTYPES[4]])
def test_any_of_eight_classes_can_be_the_positive_one(positive):
    place = SUBTYPES.index(positive)
    rng = np.random.default_rng(0)
    labels = np.arange(160) % 8
    by_set = {name: (labels, rng.dirichlet(np.ones(8), 160)) for name in ("validation", "test")}
    points = at_fixed_rates(by_set, SUBTYPES, positive)
    expected = at_threshold(
        labels == place,
        by_set["test"][1][:, place],
        threshold_for_specificity(labels == place, by_set["validation"][1][:, place], 0.9),
    )
    assert points["specificity 0.90"]["test"] == expected
    assert rates_in_words(points, positive).startswith(f"**{positive}** against the rest, on 160 test images")
    curves = decision_curves(labels, {"raw": by_set["test"][1]}, SUBTYPES, positive, samples=10)
    assert curves["raw"].equals(decision_curve(labels == place, by_set["test"][1][:, place], samples=10))
    assert list(shown_metrics(positive))[-1] == f"specificity_{positive}"


def test_no_notebook_chooses_a_positive_class_of_its_own():
    code = "".join(path.read_text(encoding="utf-8") for path in NOTEBOOKS.glob("*.ipynb"))
    assert "classes[-1]" not in code and "in classes else" not in code
