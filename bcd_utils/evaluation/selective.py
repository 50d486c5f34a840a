"""What is left of the errors when the images are left out of which a model is least sure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def risk_coverage(labels: ArrayLike, probabilities: ArrayLike) -> pd.DataFrame:
    """Share of errors among the images of which the model is surest, for each number of them.

    The risk-coverage curve of El-Yaniv and Wiener (2010, JMLR 11:1605-1641), sorted by the probability of the
    predicted class.

    Parameters
    ----------
    labels : array_like of int, shape (n,), n >= 1
    probabilities : array_like of float, shape (n, k)

    Returns
    -------
    pandas.DataFrame
        From the surest on; images of equal probability come together. Columns ``probability`` (the least among
        them), ``images`` and ``errors`` (int), ``coverage`` and ``risk`` (0..1).

    Examples
    --------
    >>> curve = risk_coverage([0, 1, 0], [[0.9, 0.1], [0.7, 0.3], [0.6, 0.4]])
    >>> curve[["images", "errors"]].values.tolist()
    [[1, 0], [2, 1], [3, 1]]
    """
    labels, probabilities = np.asarray(labels, dtype=int), np.asarray(probabilities, dtype=float)
    wrong, sure = probabilities.argmax(axis=1) != labels, probabilities.max(axis=1)
    by_probability = (
        pd.DataFrame({"images": 1, "errors": wrong.astype(int)}).groupby(sure).sum()[::-1].cumsum()
    )
    curve = by_probability.rename_axis("probability").reset_index()
    return curve.assign(coverage=curve["images"] / len(labels), risk=curve["errors"] / curve["images"])


def area_under(curve: pd.DataFrame) -> float:
    """Mean risk over all numbers of images (AURC; Geifman, Uziel and El-Yaniv 2019), 0..1; lower is better.

    Examples
    --------
    >>> area_under(risk_coverage([0, 1], [[0.9, 0.1], [0.7, 0.3]]))
    0.25
    """
    return float(np.average(curve["risk"], weights=np.diff(curve["images"], prepend=0)))
