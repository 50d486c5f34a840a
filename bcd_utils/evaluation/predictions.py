"""A run's predictions: their labels, probabilities and scores per set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bcd_utils.datasets.splits import SETS
from bcd_utils.evaluation.metrics import score


def class_numbers(labels: pd.Series, classes: Sequence[str]) -> np.ndarray:
    """Labels as places in ``classes``, int (n,).

    Examples
    --------
    >>> class_numbers(pd.Series(["malignant", "benign"]), ["benign", "malignant"]).tolist()
    [1, 0]
    """
    numbers: np.ndarray = labels.map({label: index for index, label in enumerate(classes)}).to_numpy(
        dtype=int
    )
    return numbers


def with_predictions(rows: pd.DataFrame, probabilities: np.ndarray, classes: Sequence[str]) -> pd.DataFrame:
    """Rows of images with what a model says of them.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row an image; its columns stay.
    probabilities : ndarray of float, shape (n, k)
    classes : sequence of str, length k

    Returns
    -------
    pandas.DataFrame
        Further columns ``predicted``, ``probability`` (of that), and ``p_<class>`` each.
    """
    table = rows.copy()
    table["predicted"] = np.asarray(classes)[probabilities.argmax(axis=1)]
    table["probability"] = probabilities.max(axis=1, initial=0)
    for index, name in enumerate(classes):
        table[f"p_{name}"] = probabilities[:, index]
    return table


def labels_and_probabilities(
    predictions: pd.DataFrame, classes: Sequence[str], name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) and probabilities (n, k) of one set of a predictions table."""
    rows = predictions[predictions["split"] == name]
    return class_numbers(rows["label"], classes), rows[[f"p_{label}" for label in classes]].to_numpy()


def of_each_set(
    predictions: pd.DataFrame, classes: Sequence[str]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """`labels_and_probabilities` of train, validation and test."""
    return {name: labels_and_probabilities(predictions, classes, name) for name in SETS}


def evaluate(predictions: pd.DataFrame, classes: Sequence[str]) -> dict[str, dict[str, float | None]]:
    """Scores of each set; see `metrics.score`."""
    return {name: score(*given, classes) for name, given in of_each_set(predictions, classes).items()}
