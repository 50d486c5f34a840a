"""Sets of classes that hold the true one as often as was asked for, without any assumption on the model.

Split conformal prediction (Papadopoulos et al. 2002, ECML 345-356) with the score 1 - p of Sadinle, Lei and Wasserman
(2019, JASA 114:223-234). What it promises, it promises for images like those of the tuning set, on average over such
sets and over all classes together.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

COVERAGE = 0.90  # that is wanted


def least_probability(
    labels: ArrayLike, probabilities: ArrayLike, coverage: float = COVERAGE
) -> float | None:
    """The probability from which on a class belongs to an image's set.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes, 0..k-1, of the tuning images; of training images it would promise too much.
    probabilities : array_like of float, shape (n, k)
    coverage : float
        Share of images, above 0 and below 1, whose set shall hold the true class.

    Returns
    -------
    float or None
        The ceil((n + 1) coverage)-th highest probability of a true class; None where there are fewer images than
        that (9 for 0.90): then every class belongs to every set.

    Examples
    --------
    >>> least_probability([0] * 4, [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]], coverage=0.6)
    0.7
    """
    if not 0 < coverage < 1:
        raise ValueError(f"the wanted coverage must lie between 0 and 1, not {coverage}")
    labels, probabilities = np.asarray(labels, dtype=int), np.asarray(probabilities, dtype=float)
    rank = math.ceil(round((len(labels) + 1) * coverage, 9))
    if rank > len(labels):
        return None
    return float(np.sort(probabilities[np.arange(len(labels)), labels])[::-1][rank - 1])


def prediction_sets(probabilities: ArrayLike, least: float | None) -> np.ndarray:
    """Which classes belong to each image's set: bool (n, k).

    A set of two or more says which classes the model cannot tell apart; an empty one, that the image is like none.

    Examples
    --------
    >>> prediction_sets([[0.9, 0.1], [0.5, 0.5]], 0.7).tolist()
    [[True, False], [False, False]]
    """
    probabilities = np.asarray(probabilities, dtype=float)
    return np.ones(probabilities.shape, bool) if least is None else probabilities >= least
