"""What metrics are computed from: confusion matrices and, where there are any, probabilities.

One set of images or a stack of resamples; every quotient of 0 and 0 is undefined, hence NaN.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

EPSILON = 1e-7  # keras.config.epsilon()


class Counts:
    """Confusion matrices, and the counts and shares that several metrics are made of.

    Parameters
    ----------
    matrix : array_like, shape (..., k, k)
        Counts (or weights) >= 0; rows are the true classes.

    Attributes
    ----------
    hits, actual, predicted : ndarray of float, shape (..., k)
        Of each class: images called right, images that there are, images that are called so.
    total : ndarray of float, shape (...)
    recall, precision, specificity, f1 : ndarray of float, shape (..., k)
        From 0 to 1. NaN where undefined, except that the precision of a class that has images and is never predicted
        is 0 (scikit-learn's ``zero_division=0``); of a class without either, it is undefined.

    Raises
    ------
    ValueError
        If the last two dimensions are not square, or a count is negative or not finite.

    Examples
    --------
    >>> counts = Counts([[20, 5], [10, 15]])
    >>> counts.hits.tolist(), counts.recall.tolist()
    ([20.0, 15.0], [0.8, 0.6])
    """

    def __init__(self, matrix: ArrayLike) -> None:
        self.matrix = matrix = np.asarray(matrix, dtype=float)
        if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
            raise ValueError(f"a confusion matrix must have shape (..., k, k), not {matrix.shape}")
        if not (np.isfinite(matrix) & (matrix >= 0)).all():
            raise ValueError("a confusion matrix must hold finite counts >= 0")
        self.hits = np.diagonal(matrix, axis1=-2, axis2=-1)
        self.actual, self.predicted = matrix.sum(axis=-1), matrix.sum(axis=-2)
        self.total = self.actual.sum(axis=-1)

    @cached_property
    def recall(self) -> np.ndarray:
        return ratio(self.hits, self.actual)

    @cached_property
    def precision(self) -> np.ndarray:
        called = ratio(self.hits, self.predicted)
        return np.where((self.predicted == 0) & (self.actual > 0), 0.0, called)

    @cached_property
    def specificity(self) -> np.ndarray:
        others = self.total[..., None] - self.actual
        return ratio(others - (self.predicted - self.hits), others)

    @cached_property
    def f1(self) -> np.ndarray:
        return np.where(self.actual > 0, ratio(2 * self.hits, self.actual + self.predicted), np.nan)


class Predictions(Counts):
    """Predicted probabilities of one set of images, or of resamples of it.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    probabilities : ndarray of float, shape (n, k)
    weights : ndarray of float, shape (samples, n), optional
        How often each image is in each resample. Without, the images as they are.

    Attributes
    ----------
    loss : ndarray of float, shape (...)
        Mean of `cross_entropy`.
    areas : ndarray of float, shape (..., k)
        One-vs-rest area under the ROC curve of each class; NaN for a class without positives or negatives.
    """

    def __init__(
        self, labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None
    ) -> None:
        labels = np.asarray(labels, dtype=int)  # small types would overflow below
        self.labels, self.probabilities, self.weights = labels, probabilities, weights
        cells = cells_of(labels, probabilities)
        counted = cells.sum(axis=0) if weights is None else weights @ cells
        super().__init__(_square(counted))

    @cached_property
    def loss(self) -> np.ndarray:
        losses = cross_entropy(self.labels, self.probabilities)
        if self.weights is None:
            return losses.mean()
        return ratio(self.weights @ losses, self.weights.sum(axis=1))

    @cached_property
    def areas(self) -> np.ndarray:
        columns = [(self.labels == index, scores) for index, scores in enumerate(self.probabilities.T)]
        if self.weights is None:
            return np.array([_area(*column) for column in columns])
        return np.stack([weighted_auc(*column, self.weights) for column in columns], axis=-1)


class Summed(Counts):
    """Confusion matrices and losses of sets of images, from sums over them.

    Parameters
    ----------
    sums : ndarray of float, shape (..., k * k + 1)
        Of `summands_of`, over the images of each set.

    Examples
    --------
    >>> labels, probabilities = np.array([0, 1]), np.array([[0.5, 0.5], [0.8, 0.2]])
    >>> both = Summed(summands_of(labels, probabilities).sum(axis=0))
    >>> both.matrix.tolist(), bool(np.isclose(both.loss, Predictions(labels, probabilities).loss))
    ([[1.0, 0.0], [1.0, 0.0]], True)
    """

    def __init__(self, sums: np.ndarray) -> None:
        super().__init__(_square(sums[..., :-1]))
        self.loss = ratio(sums[..., -1], self.total)


def summands_of(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """What each image adds to the confusion matrix and to the sum of losses, float (n, k * k + 1)."""
    return np.column_stack([cells_of(labels, probabilities), cross_entropy(labels, probabilities)])


def cells_of(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """1 in the cell of the confusion matrix that each image counts in, float (n, k * k), row after row."""
    size = probabilities.shape[1]
    return np.eye(size * size)[labels * size + probabilities.argmax(axis=1)]


def _square(cells: np.ndarray) -> np.ndarray:
    size = round(cells.shape[-1] ** 0.5)
    return cells.reshape(*cells.shape[:-1], size, size)


def cross_entropy(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Categorical cross-entropy of each image, as Keras computes it.

    Rows are divided by their sum, then clipped to [1e-7, 1 - 1e-7].

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
    probabilities : ndarray of float, shape (n, k)

    Returns
    -------
    ndarray of float, shape (n,)
        From 1e-7 (certain and right) to 16.1 (certain and wrong).

    Examples
    --------
    >>> cross_entropy(np.array([0, 0]), np.array([[0.5, 0.5], [0.0, 1.0]])).round(3).tolist()
    [0.693, 16.118]
    """
    normalised = probabilities / probabilities.sum(axis=1, keepdims=True)
    of_true_class = normalised[np.arange(len(labels)), labels]
    return -np.log(of_true_class.clip(EPSILON, 1 - EPSILON))


def weighted_auc(positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve for each row of weights, as the Mann-Whitney statistic.

    The chance that a positive scores above a negative, a tie counting one half (Hanley and McNeil 1982).
    One sort serves all rows: the negatives below a score are a cumulative sum of weights.

    Parameters
    ----------
    positive : ndarray of bool, shape (n,)
    scores : ndarray of float, shape (n,)
    weights : ndarray of float, shape (B, n)
        Weights >= 0.

    Returns
    -------
    ndarray of float, shape (B,)
        From 0 to 1; NaN where the positives or the negatives have no weight.

    Examples
    --------
    >>> positive, scores = np.array([True, True, False]), np.array([0.9, 0.2, 0.5])
    >>> weighted_auc(positive, scores, np.array([[1.0, 1.0, 1.0], [3.0, 1.0, 1.0]])).tolist()
    [0.5, 0.75]
    """
    order = np.argsort(scores)
    distinct = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    ordered = weights[:, order]
    positives = np.add.reduceat(ordered * positive[order], distinct, axis=1)
    negatives = np.add.reduceat(ordered * ~positive[order], distinct, axis=1)
    below = negatives.cumsum(axis=1) - negatives / 2
    return ratio((positives * below).sum(axis=1), positives.sum(axis=1) * negatives.sum(axis=1))


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Quotient in which 0 / 0 quietly is NaN; no other division by 0 can occur here."""
    with np.errstate(invalid="ignore"):
        return np.true_divide(numerator, denominator)


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over the last axis; an undefined value counts only if its weight is above 0."""
    return ratio(np.where(weights > 0, weights * values, 0).sum(axis=-1), weights.sum(axis=-1))


def _area(positive: np.ndarray, scores: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(positive, scores) if positive.any() and not positive.all() else np.nan
