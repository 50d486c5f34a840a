"""The corrected resampled t-test, against scipy's plain one and numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import ttest_1samp

from bcd_utils.evaluation.fold_tests import corrected_t_test

FOLDS = np.array([0.02, 0.08, 0.05, 0.01, 0.09])


def test_of_folds_that_share_nothing_it_is_the_plain_t_test():
    assert corrected_t_test(FOLDS.mean(), FOLDS, 0.0) == pytest.approx(ttest_1samp(FOLDS, 0).pvalue)


def test_shared_training_images_make_it_larger_by_the_known_factor():
    # mean 0.05, squared deviations 9 + 9 + 0 + 16 + 16 = 50 e-4, variance 12.5 e-4; 1/5 + 1/4 = 0.45
    t = 0.05 / np.sqrt(0.45 * 12.5e-4)
    tail, _ = quad(
        lambda x: 3 / 8 * (1 + x**2 / 4) ** -2.5, t, np.inf
    )  # density of Student's t, 4 degrees of freedom
    assert corrected_t_test(0.05, FOLDS, 0.25) == pytest.approx(2 * tail)


@pytest.mark.parametrize("folds", [[0.1], [0.1, 0.1, 0.1]])
def test_it_is_unknown_where_folds_do_not_differ(folds):
    assert corrected_t_test(0.1, np.array(folds), 0.5) is None
