"""Random projections tell how far features have moved."""

from __future__ import annotations

import numpy as np
import pytest

from bcd_utils.models.projections import DIRECTIONS, projections, save_averages


def test_they_measure_a_change_of_features_as_a_share_of_their_length():
    generator = np.random.default_rng(3)
    features = generator.gamma(0.3, 1.0, (200, 7, 7, 32)).astype(np.float32)
    moved = features * (1 + 1e-3 * generator.standard_normal(features.shape)).astype(np.float32)
    flat, other = (each.reshape(200, -1).astype(float) for each in (features, moved))
    true = np.linalg.norm(other - flat, axis=1) / np.linalg.norm(flat, axis=1)
    a, b = (projections(each, range(200)).drop(columns="id").to_numpy() for each in (features, moved))
    estimated = np.linalg.norm(b - a, axis=1) / np.linalg.norm(a, axis=1)
    assert np.median(estimated / true) == pytest.approx(1, abs=0.15)
    assert (estimated / true).max() < 3 and (estimated / true).min() > 1 / 3


def test_they_do_not_depend_on_how_many_images_there_are():
    features = np.random.default_rng(1).random((130, 40)).astype(np.float32)
    ids = [f"i{number}" for number in range(130)]
    all_of_them, first = projections(features, ids), projections(features[:64], ids[:64])
    assert list(all_of_them) == ["id", *(f"projection_{n}" for n in range(1, DIRECTIONS + 1))]
    assert all_of_them.head(64).equals(first)


def test_any_single_value_counts():
    features = np.zeros((1, 3, 5), np.float32)
    for place in np.ndindex(3, 5):
        changed = features.copy()
        changed[0][place] = 2
        assert (projections(changed, ["a"]).drop(columns="id").abs() == 2).all(axis=None)


def test_averages_are_of_all_places(tmp_path):
    save_averages(np.arange(24.0).reshape(2, 2, 2, 3), tmp_path / "averages.npy")
    kept = np.load(tmp_path / "averages.npy")
    # places of a feature are 3 apart: the mean of 0, 3, 6, 9 is 4.5
    assert kept.dtype == np.float32 and kept.tolist() == [[4.5, 5.5, 6.5], [16.5, 17.5, 18.5]]
