"""Classes and scores with their intervals, and what notebook 04 shows of thresholds and decision curves."""

from __future__ import annotations

import numpy as np
import pytest

from bcd_utils.evaluation.decision_curves import decision_curves, decision_table
from bcd_utils.evaluation.intervals import score_intervals
from bcd_utils.evaluation.tables import class_table, interval_table
from bcd_utils.evaluation.thresholds import at_fixed_rates, rates_in_words, rates_table

CLASSES, POSITIVE = ["benign", "malignant", "normal"], "malignant"
LABELS = np.array([0, 0, 0, 0, 1, 1])
MALIGNANT = np.array([0.1, 0.2, 0.3, 0.9, 0.4, 0.8])
PROBABILITIES = np.stack([1 - MALIGNANT, MALIGNANT, np.zeros(6)], axis=1)
ENDS = {"value": 0.5, "low": 0.25, "high": 0.75}


def test_each_class_with_its_intervals():
    intervals = score_intervals(LABELS, PROBABILITIES, CLASSES, samples=20) | {"f1_malignant": ENDS}
    table = class_table(LABELS, CLASSES, intervals)
    assert table.index.tolist() == CLASSES and table["images"].tolist() == [4, 2, 0]
    # of 4 benign images 3 are called so: Wilson's interval by hand, (3 + 1.92) / 7.84 -+ 1.96 / 7.84 * sqrt(.75 + .96)
    assert table.loc["benign", "sensitivity"] == "0.750 [0.301, 0.954]"
    assert table.loc["malignant", "F1"] == "0.500 [0.250, 0.750]"
    assert table.loc["malignant", "ROC AUC"].startswith("0.750 [")  # of 8 pairs 0.9 wins over 0.4 and 0.8
    assert table.loc["normal", "sensitivity"] == "–"


def test_every_score_with_its_method():
    intervals = score_intervals(LABELS, PROBABILITIES, CLASSES, samples=20)
    table = interval_table(intervals, CLASSES)
    assert table.index.tolist() == list(intervals) and set(table["method"]) == {
        "Wilson",
        "DeLong",
        "BCa bootstrap",
    }
    assert table.loc["sensitivity_benign", ["value", "low", "high"]].tolist() == [0.75, 0.3006, 0.9544]
    assert table.loc["sensitivity_benign", "method"] == "Wilson"
    assert table.loc[["kappa", "roc_auc_benign"], "method"].tolist() == ["BCa bootstrap", "DeLong"]
    assert table.loc["roc_auc_normal", ["value", "low", "high"]].isna().all()


def test_rates_are_fixed_on_validation_and_judged_on_test():
    flipped = PROBABILITIES[:, [1, 0, 2]]
    points = at_fixed_rates(
        {"validation": (LABELS, PROBABILITIES), "test": (1 - LABELS, flipped)}, CLASSES, POSITIVE
    )
    # all four others must be left alone, so the threshold lies just above 0.9; both malignant need 0.4
    assert points["specificity 0.90"]["threshold"] == np.nextafter(0.9, 1)
    assert points["sensitivity 0.95"]["threshold"] == 0.4
    assert points["sensitivity 0.95"]["validation"]["sensitivity"]["right"] == 2
    table = rates_table(points)
    assert len(table) == 2 * 2 * 2 and table.index.names == ["wanted", "set", "measure"]
    row = table.loc[("sensitivity 0.95", "validation", "specificity")]
    assert (row["right"], row["images"], row["value"], row["threshold"]) == (3, 4, 0.75, 0.4)
    # on test the four malignant have 0.9, 0.8, 0.7 and 0.1; the two others 0.6 and 0.2
    assert rates_in_words(points, POSITIVE).splitlines()[-1] == (
        "- threshold for sensitivity 0.95 (0.400): finds 3 of 4, leaves 1 of 2 others alone"
    )


def test_without_such_images_on_validation_there_is_no_threshold():
    none = {"validation": (np.zeros(4, int), PROBABILITIES[:4]), "test": (LABELS, PROBABILITIES)}
    points = at_fixed_rates(none, CLASSES, POSITIVE)
    assert points["sensitivity 0.95"]["threshold"] is None
    assert "none, the tuning images lack such a class" in rates_in_words(points, POSITIVE)
    assert rates_table(points).loc["sensitivity 0.95", ["threshold", "value"]].isna().all(axis=None)


def test_decision_curves_are_shown_at_a_few_thresholds():
    states = {"raw": PROBABILITIES, "flat": np.full((6, 3), 1 / 3)}
    curves = decision_curves(LABELS, states, CLASSES, POSITIVE, samples=5)
    table = decision_table(curves)
    assert table.index.tolist() == [(name, t) for name in ("raw", "flat") for t in (0.05, 0.1, 0.2, 0.3, 0.5)]
    # from 0.5 on: one of two malignant found, one of four others with it
    assert table.loc[("raw", 0.5), "model"] == pytest.approx(1 / 6 - 1 / 6)
