"""Thresholds that a fold's own images have no say in."""

import numpy as np
import pytest

from bcd_utils.experiments.recipe.operating_points import out_of_fold_rates

POSITIVE = np.array([1, 1, 1, 0, 0, 0, 0, 0] * 2, dtype=bool)
SCORES = np.array([0.9, 0.8, 0.3, 0.7, 0.4, 0.2, 0.1, 0.05, 0.6, 0.5, 0.45, 0.42, 0.35, 0.25, 0.15, 0.02])
FIRST = np.arange(16) < 8


def test_each_fold_is_judged_at_the_threshold_of_the_other():
    table = out_of_fold_rates(POSITIVE, SCORES, [FIRST, ~FIRST], 0.95)
    # Sensitivity 0.95 takes the lowest positive of the other fold: 0.45 for the first fold, 0.3 for the second.
    # At 0.45 the first finds 2 of 3 and spares 4 of 5; at 0.3 the second finds 3 of 3 and spares 3 of 5.
    row = table.loc["sensitivity 0.95"]
    assert row["threshold"] == 0.3
    assert row["sensitivity"] == pytest.approx(5 / 6) and row["specificity"] == pytest.approx(7 / 10)
    # Specificity 0.90 of five others: none may lie above. 0.42 for the first fold, 0.7 for the second.
    row = table.loc["specificity 0.90"]
    assert row["threshold"] == pytest.approx(0.42, abs=1e-9)
    assert row["specificity"] == pytest.approx(9 / 10) and row["sensitivity"] == pytest.approx(2 / 6)
    assert (table["sensitivity_low"] < table["sensitivity"]).all()


def test_a_folds_own_labels_do_not_move_its_threshold():
    turned = np.where(FIRST, ~POSITIVE, POSITIVE)
    row = out_of_fold_rates(turned, SCORES, [FIRST, ~FIRST], 0.95).loc["sensitivity 0.95"]
    # The first fold stays at 0.45, where 3 of its 8 are called; of the five that are positive now, 1 is found.
    # The second is judged at the lowest of them, 0.05: it finds 3 of 3 and spares 1 of 5.
    assert row["sensitivity"] == pytest.approx(4 / 8) and row["specificity"] == pytest.approx(2 / 8)


def test_without_the_class_there_is_no_threshold():
    table = out_of_fold_rates(np.zeros(16, bool), SCORES, [FIRST, ~FIRST], 0.95)
    assert np.isnan(table.loc["sensitivity 0.95", "threshold"])
    assert np.isnan(table.loc["sensitivity 0.95", "sensitivity"])
    assert table.loc["specificity 0.90", "specificity"] <= 1
