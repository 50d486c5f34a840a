"""A row among splits: its p-value errs as often as it says, whatever the scores are like, and finds what differs."""

from __future__ import annotations

import numpy as np
import pytest

from bcd_utils.experiments.paper_forensics.consistency import place_among


def experiment(rng, rows: int) -> np.ndarray:
    """Scores as splits have them: they hang together, are rounded, end at 1, and one hardly ever changes."""
    hits = rng.binomial(117, np.clip(rng.normal(0.93, 0.04, rows), 0, 1))
    accuracy = hits / 117
    f1 = np.clip(accuracy - rng.exponential(0.01, rows), 0, 1)
    columns = [accuracy, f1, 2 * f1 - 1, rng.binomial(20, 0.99, rows) / 20, rng.poisson(0.1, rows)]
    return np.column_stack(columns).round(4)


@pytest.mark.parametrize("splits", [20, 50])
def test_a_row_of_the_same_experiment_is_rejected_in_one_case_of_twenty(splits):
    rng = np.random.default_rng(0)
    pools = (experiment(rng, splits + 1) for _ in range(1000))
    p = np.array([place_among(pool[:-1], pool[-1]).p for pool in pools])
    # 50 of 1000 are expected, with a standard deviation of 7; 14% were rejected when the row was not pooled
    assert (p <= 0.05).mean() == pytest.approx(np.floor(0.05 * (splits + 1)) / (splits + 1), abs=0.021)
    assert (p <= 0.5).mean() == pytest.approx(0.5, abs=0.05)


def test_a_row_far_from_all_splits_has_the_smallest_p_and_its_column_is_named():
    splits = experiment(np.random.default_rng(1), 39)
    row = splits.mean(axis=0)
    assert place_among(splits, row).p > 0.5
    row[3] = 0.5
    assert place_among(splits, row) == (1 / 40, 3)


def test_what_no_split_has_is_found_though_all_else_is_common():
    rng = np.random.default_rng(2)
    splits = np.column_stack([rng.normal(size=(39, 6)), np.zeros(39)])
    assert place_among(splits, np.zeros(7)).p > 0.9
    assert place_among(splits, np.array([0, 0, 0, 0, 0, 0, 1])) == (1 / 40, 6)


def test_distances_by_hand():
    # pool 0, 0, 1, 5: mean 1.5, so that 5 is farthest, and 0 twice farther than 1
    assert place_among(np.array([[0.0], [0.0], [1.0]]), np.array([5.0])).p == 1 / 4
    assert place_among(np.array([[0.0], [1.0], [5.0]]), np.array([0.0])).p == 3 / 4
    assert place_among(np.array([[0.0], [0.0], [5.0]]), np.array([1.0])).p == 1


def test_a_row_like_every_split_is_as_common_as_can_be():
    assert place_among(np.ones((30, 4)), np.ones(4)) == (1.0, -1)
    assert place_among(np.ones((30, 2)), np.array([1.0, 0.9])) == (1 / 31, 1)


@pytest.mark.parametrize(
    ("splits", "row"),
    [
        ([[0.8], [np.nan]], [0.8]),
        ([[0.8], [0.9]], [np.inf]),
        ([[0.8, 0.9]], [0.8]),
        (np.empty((0, 1)), [0.8]),
    ],
)
def test_missing_numbers_are_refused(splits, row):
    with pytest.raises(ValueError, match="must be"):
        place_among(np.array(splits), np.array(row))
