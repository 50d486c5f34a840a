"""Every interval that is printed covers: the simulation of docs/intervals.md, smaller, from other draws."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from scipy.stats import binom

ROOT = Path(__file__).resolve().parents[2]
REPEATS = 100


@pytest.fixture(scope="module")
def simulation():
    """``benchmarks/coverage.py``, which is no module of the package."""
    specification = importlib.util.spec_from_file_location(
        "coverage_of_intervals", ROOT / "benchmarks" / "coverage.py"
    )
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize(("images", "accuracy"), [(36, 0.98), (117, 0.81)])
def test_intervals_of_a_test_set_cover(simulation, images, accuracy):
    names = ("accuracy", "f1_macro", "kappa", "roc_auc_malignant", "roc_auc")
    found = simulation.coverage_on_a_test_set(
        images, accuracy, REPEATS, samples=300, names=names, seed=images
    )
    printed = found["covered"] * found["printed"] * REPEATS  # of as many as were printed
    least = [binom.ppf(0.001, round(share * REPEATS), 0.92) for share in found["printed"]]
    assert (printed >= least).all(), found
    assert (found.loc[["accuracy", "roc_auc_malignant", "roc_auc"], "printed"] == 1).all()
    assert (found["width"] > 0).all()


@pytest.mark.slow
def test_intervals_over_folds_cover(simulation):
    found = simulation.coverage_of_cross_validation(300, 25, 1)
    assert (found["covered"] * 25 >= binom.ppf(0.001, 25, 0.92)).all(), found
