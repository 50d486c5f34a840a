"""Whether predicted probabilities mean what they say, and how to mend them with one number.

Throughout, ``labels`` is int (n,) with values 0..k-1 and ``probabilities`` is float (n, k) with rows that
sum to 1; exact zeros are allowed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from bcd_utils.evaluation.counts import EPSILON, cross_entropy
from bcd_utils.evaluation.means import wilson_interval
from bcd_utils.evaluation.metrics import checked_predictions

if TYPE_CHECKING:
    import pandas as pd

BINS = 5  # few, so that a hundred test images leave enough in each
TEMPERATURES = (0.1, 10.0)  # a fit that ends at one of these found no minimum


def reliability_tables(
    labels: ArrayLike,
    probabilities: ArrayLike,
    classes: Sequence[str],
    bins: int = BINS,
    confidence: float = 0.95,
    positive: str | None = None,
) -> dict[str, pd.DataFrame]:
    """How often what was predicted with a probability was true, in bins of that probability.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes, 0..k-1.
    probabilities : array_like of float, shape (n, k)
        Class probabilities in [0, 1]; rows sum to 1.
    classes : sequence of str, length k
    bins : int, default 5
        Number of bins of equal width, >= 1; each holds its upper edge, the first also 0.
    confidence : float, default 0.95
        Nominal coverage of the Wilson intervals.
    positive : str, optional
        Of two classes only this one has a table: the other's is the same, mirrored.

    Returns
    -------
    dict of str to pandas.DataFrame
        ``"predicted class"``: the highest probability, and whether that class is the true one (Guo et al.
        2017). Then each class against the rest. Columns ``from`` and ``to`` (edges of the bin), ``images``
        (int), ``probability`` (mean), ``share`` (in which it was true), ``low``, ``high`` (interval of the
        share); a bin without images has no row.

    Raises
    ------
    ValueError
        If an input is not as described.

    Examples
    --------
    >>> probabilities = [[0.92, 0.08], [0.96, 0.04], [0.4, 0.6]]
    >>> table = reliability_tables([0, 1, 1], probabilities, ["benign", "malignant"])["predicted class"]
    >>> table[["images", "probability", "share"]].values.tolist()
    [[1.0, 0.6, 1.0], [2.0, 0.94, 0.5]]
    """
    import pandas as pd

    labels, probabilities = _checked(labels, probabilities)
    if len(classes) != probabilities.shape[1]:
        raise ValueError(f"there are {probabilities.shape[1]} columns but {len(classes)} classes")
    tables, shown = {}, [positive] if len(classes) == 2 and positive else classes
    for name, (event, probability) in _events(labels, probabilities, classes).items():
        if name in classes and name not in shown:
            continue
        edges = _edges(probability, bins)
        numbers = _bin_numbers(probability, edges)
        rows = []
        for number in np.unique(numbers):
            inside = numbers == number
            low, high = wilson_interval(int(event[inside].sum()), int(inside.sum()), confidence)
            row = {"from": edges[number], "to": edges[number + 1], "images": int(inside.sum())}
            row |= {"probability": probability[inside].mean(), "share": event[inside].mean()}
            rows.append(row | {"low": low, "high": high})
        tables[name] = pd.DataFrame(rows)
    return tables


def calibration_scores(
    labels: ArrayLike, probabilities: ArrayLike, bins: int = BINS, samples: int = 2000, seed: int = 0
) -> dict[str, float]:
    """How far probabilities are from what came true, in single numbers; lower is better.

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes, 0..k-1.
    probabilities : array_like of float, shape (n, k)
        Class probabilities in [0, 1]; rows sum to 1.
    bins : int, default 5
        Number of bins of the calibration errors, >= 1.
    samples : int, default 2000
        Number of simulations behind ``ece_by_chance``, >= 1.
    seed : int, default 0

    Returns
    -------
    dict of str to float
        ``ece``: expected calibration error of the predicted class's probability in bins of equal width
        (Guo et al. 2017, section 2; 0..1). ``ece_by_chance``: the mean ``ece`` that these very
        probabilities would give with this many images if they were right (the resampling of Bröcker and
        Smith 2007); an ``ece`` near it is no sign of miscalibration. ``ece_by_chance_high``: its 95th
        percentile. ``ece_equal_mass``: the error in bins with equally many images. ``brier``: the
        multi-class score of Brier (1950), 0..2. ``loss``: cross-entropy, 0..16.1.

    Raises
    ------
    ValueError
        If an input is not as described.

    Examples
    --------
    >>> scores = calibration_scores([0, 1, 1], [[0.92, 0.08], [0.96, 0.04], [0.4, 0.6]])
    >>> round(scores["ece"], 4), round(scores["brier"], 4)
    (0.4267, 0.7253)
    """
    labels, probabilities = _checked(labels, probabilities)
    right, probability = probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)
    generator = np.random.default_rng(seed)
    simulated = generator.random((samples, len(labels))) < probability
    by_chance = _calibration_errors(simulated, probability, bins)
    return {
        "ece": float(_calibration_errors(right, probability, bins)),
        "ece_by_chance": float(by_chance.mean()),
        "ece_by_chance_high": float(np.quantile(by_chance, 0.95)),
        "ece_equal_mass": float(_calibration_errors(right, probability, bins, equal_mass=True)),
        "brier": float(squared_errors(labels, probabilities).mean()),
        "loss": float(cross_entropy(labels, probabilities).mean()),
    }


def squared_errors(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Squared errors of each image, summed over classes: float (n,), 0..2.

    Their mean is the multi-class score of Brier (1950); for two classes it is twice the binary one.

    Examples
    --------
    >>> squared_errors(np.array([0, 1]), np.array([[1.0, 0.0], [0.5, 0.5]])).tolist()
    [0.0, 0.5]
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return np.square(probabilities - truth).sum(axis=1)


def fit_temperature(labels: ArrayLike, probabilities: ArrayLike) -> float:
    """The temperature at which the cross-entropy is lowest (Guo et al. 2017, section 4.2).

    Parameters
    ----------
    labels : array_like of int, shape (n,)
        True classes, 0..k-1, of the validation images.
    probabilities : array_like of float, shape (n, k)
        Class probabilities in [0, 1]; rows sum to 1.

    Returns
    -------
    float
        From 0.1 to 10. Above 1 if the probabilities are too extreme, below 1 if they are too timid; 1 if no
        other is better. An end of the range if the images set no limit, as when none of them is an error.

    Raises
    ------
    ValueError
        If an input is not as described.

    Notes
    -----
    Softmax knows logits only up to a constant of each image, so the logarithms of the probabilities do
    in their place.

    Examples
    --------
    Of four images predicted with probability 0.9, three are right; 0.75 would have been honest.

    >>> temperature = fit_temperature([0, 0, 0, 1], [[0.9, 0.1]] * 4)
    >>> apply_temperature([[0.9, 0.1]], temperature).round(3).tolist()
    [[0.75, 0.25]]
    """
    from scipy.optimize import minimize_scalar

    labels, probabilities = _checked(labels, probabilities)

    def loss(temperature: float) -> float:
        return cross_entropy(labels, apply_temperature(probabilities, temperature)).mean()

    search = {"bounds": np.log(TEMPERATURES), "method": "bounded", "options": {"xatol": 1e-6}}
    lowest = minimize_scalar(lambda logarithm: loss(np.exp(logarithm)), **search)
    # 1 where no temperature is better; the search approaches an end of the range without reaching it
    return float(min([1.0, np.exp(lowest.x), *TEMPERATURES], key=loss))


def apply_temperature(probabilities: ArrayLike, temperature: float) -> np.ndarray:
    """Soften (temperature above 1) or sharpen (below 1) probabilities; the predicted class stays.

    Parameters
    ----------
    probabilities : array_like of float, shape (n, k)
        Class probabilities in [0, 1]; rows sum to 1. Below 1e-7 they count as 1e-7, as in the loss.
    temperature : float
        Above 0; 1 changes nothing.

    Returns
    -------
    ndarray of float, shape (n, k)
        Softmax of log(probabilities) / temperature; rows sum to 1.

    Raises
    ------
    ValueError
        If ``temperature`` is not above 0.

    Examples
    --------
    >>> apply_temperature([[0.8, 0.2], [1.0, 0.0]], 2.0).round(3).tolist()
    [[0.667, 0.333], [1.0, 0.0]]
    """
    from scipy.special import softmax

    if not temperature > 0:
        raise ValueError(f"a temperature must be above 0, not {temperature}")
    return softmax(np.log(np.clip(probabilities, EPSILON, None)) / temperature, axis=1)


def _events(
    labels: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What is predicted: whether it is true, bool (n,), and with which probability, float (n,)."""
    top = {"predicted class": (probabilities.argmax(axis=1) == labels, probabilities.max(axis=1))}
    return top | {name: (labels == index, probabilities[:, index]) for index, name in enumerate(classes)}


def _calibration_errors(
    events: np.ndarray, probability: np.ndarray, bins: int, equal_mass: bool = False
) -> np.ndarray:
    """Expected calibration error of events (..., n) that all have the probabilities (n,); shape (...)."""
    numbers = _bin_numbers(probability, _edges(probability, bins, equal_mass))
    # images in bin / n * |share - mean probability| is the sum of (event - probability) in the bin, over n
    return abs((events - probability) @ np.eye(bins)[numbers]).sum(axis=-1) / len(probability)


def _edges(probability: np.ndarray, bins: int, equal_mass: bool = False) -> np.ndarray:
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    even = np.linspace(0, 1, bins + 1)
    return np.quantile(probability, even) if equal_mass else even


def _bin_numbers(probability: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Bin 0.. of each probability; a bin holds its upper edge."""
    return np.searchsorted(edges[1:-1], probability, side="left")


def _checked(labels: ArrayLike, probabilities: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    return checked_predictions(labels, probabilities, range(np.shape(probabilities)[-1]))
