"""Whether a cross-validated difference is told from 0, by folds that share most of their training images."""

from __future__ import annotations

import numpy as np

from bcd_utils.evaluation.fold_intervals import corrected_error
from bcd_utils.evaluation.format import HAIR


def corrected_t_test(difference: float, by_fold: np.ndarray, tested_share: float) -> float | None:
    """Two-sided p-value of the corrected resampled t-test (Nadeau and Bengio 2003, Machine Learning 52:239-281).

    Parameters
    ----------
    difference : float
        Of all images, each predicted out of fold.
    by_fold, tested_share
        As in `fold_intervals.corrected_error`.

    Returns
    -------
    float or None
        None with fewer than two folds, and where folds do not differ.

    Examples
    --------
    >>> round(corrected_t_test(0.05, np.array([0.02, 0.08, 0.05, 0.01, 0.09]), 0.25), 4)
    0.1027
    """
    if len(by_fold) < 2 or (error := corrected_error(by_fold, tested_share)) < HAIR:
        return None
    from scipy.stats import t

    return float(2 * t.sf(abs(difference) / error, len(by_fold) - 1))
