"""Shift measures agree with hand arithmetic and other libraries, and see a shift only where there is one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score

from bcd_utils.evaluation.domain_shift import (
    MEASURES,
    distance_auc,
    distance_to_nearest,
    domain_auc,
    measure_shift,
)


def test_the_distance_is_that_of_scipy_and_a_training_image_is_at_0():
    rng = np.random.default_rng(0)
    training, others = rng.normal(2, 3, (20, 6)), rng.normal(0, 5, (7, 6))
    expected = cdist(others, training, "seuclidean", V=training.var(axis=0)).min(axis=1) / np.sqrt(6)
    assert distance_to_nearest(others, training) == pytest.approx(expected)
    assert distance_to_nearest(training, training) == pytest.approx(0, abs=1e-6)


@settings(max_examples=20)
@given(st.floats(0.1, 100), st.floats(-50, 50))
def test_the_distance_does_not_depend_on_a_features_unit(scale, offset):
    rng = np.random.default_rng(1)
    training, others = rng.normal(size=(15, 4)), rng.normal(size=(5, 4))
    changed = distance_to_nearest(others * scale + offset, training * scale + offset)
    assert changed == pytest.approx(distance_to_nearest(others, training), rel=1e-6)


def test_sources_are_told_apart_only_where_they_differ():
    rng = np.random.default_rng(2)
    here, there = rng.normal(size=(60, 5)), rng.normal(size=(80, 5))
    groups = np.arange(60) // 2, np.arange(80) // 2
    same = domain_auc(here, there, *groups)
    assert same["low"] < 0.5 < same["high"]
    apart = domain_auc(here, there + 4, *groups)
    assert apart["value"] > 0.99 and apart["low"] > 0.93


def test_the_distances_auc_is_that_of_scikit_learn_and_whole_patients_vary():
    rng = np.random.default_rng(4)
    here, there = rng.normal(1, 0.3, 40), rng.normal(1.2, 0.3, 60)
    alone = distance_auc(here, there, np.arange(40), np.arange(60))
    expected = roc_auc_score(np.arange(100) >= 40, [*here, *there])
    assert alone["value"] == pytest.approx(expected) and alone["low"] < expected < alone["high"]
    twice = distance_auc(
        *(np.repeat(each, 2) for each in (here, there)), np.arange(80) // 2, np.arange(120) // 2
    )
    assert twice["value"] == pytest.approx(expected)
    assert twice["high"] - twice["low"] == pytest.approx(alone["high"] - alone["low"], rel=0.05)


def test_a_patient_is_not_recognised_instead_of_the_source():
    rng = np.random.default_rng(3)
    patients = rng.normal(scale=5, size=(24, 30))  # each patient is a place of its own
    features = np.repeat(patients, 10, axis=0) + rng.normal(scale=0.1, size=(240, 30))
    groups = np.repeat(np.arange(24), 10)
    found = domain_auc(features[:120], features[120:], groups[:120], groups[120:])
    assert found["value"] < 0.8


def test_one_group_is_too_few_to_tell_sources_apart():
    found = domain_auc(np.zeros((4, 2)), np.ones((4, 2)), list("aabb"), ["c"] * 4)
    assert found == {"value": None, "low": None, "high": None}


def test_the_table_has_the_means_of_each_source():
    rows = pd.DataFrame({"source": ["internal test"] * 2 + ["external"] * 2, "group": list("abcc")})
    for number, measure in enumerate(MEASURES):
        rows[measure] = [number, number + 2, 10, 20]
    table = measure_shift(rows)
    assert table["internal test", "value"].tolist() == [1, 2, 3, 4, 5]
    assert table["external", "value"].tolist() == [15] * 5
    reach = 12.7062  # Student's t of one degree of freedom, and an error of 1
    assert table["internal test", "high"].tolist() == pytest.approx(np.arange(1, 6) + reach, abs=1e-4)
    assert table["external", "low"].isna().all()
