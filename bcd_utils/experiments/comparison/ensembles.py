"""Two candidates joined: their probabilities averaged, or weighed by what the validation rows say (stacking)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bcd_utils.evaluation.counts import EPSILON
from bcd_utils.evaluation.metrics import mean_auc
from bcd_utils.utils.parallel import Result

WAYS = {"average": "averaged", "stacking": "stacked"}


def join_named(
    members: Sequence[Sequence[Result]], sets: Sequence[np.ndarray], labels: np.ndarray
) -> dict[str, list[Result]]:
    """Fold by fold, the members' ensemble in each of `WAYS`.

    Parameters
    ----------
    members : sequence of sequence of result
        Of each member, its result in each fold.
    sets : sequence of ndarray of str, shape (n,)
        Of each fold, the set of each image.
    labels : ndarray of int, shape (n,)

    Returns
    -------
    dict of way to list of result
        With ``probabilities`` and ``choices``.
    """
    folds = [
        ([member[fold]["probabilities"] for member in members], names == "validation")
        for fold, names in enumerate(sets)
    ]
    return {way: [join(*fold, labels, way) for fold in folds] for way in WAYS}


def join_best(
    candidates: Mapping[str, Sequence[Result]],
    representations: Mapping[str, str],
    sets: Sequence[np.ndarray],
    labels: np.ndarray,
) -> tuple[dict[str, list[Result]], list[tuple[str, str]]]:
    """As `join_named`, with the two candidates that have the highest `mean_auc` on the fold's validation rows.

    Parameters
    ----------
    candidates : mapping of name to sequence of result
        That predict every image.
    representations : mapping of name to str
        The two must read different ones, or they would agree too much; there are at least two.

    Returns
    -------
    ensembles : dict of way to list of result
    chosen : list of (name, name)
        Of each fold.
    """
    joined: dict[str, list[Result]] = {way: [] for way in WAYS}
    chosen = []
    for fold, names in enumerate(sets):
        rows = names == "validation"
        probabilities = {name: results[fold]["probabilities"] for name, results in candidates.items()}
        areas = {name: mean_auc(labels[rows], given[rows]) for name, given in probabilities.items()}
        ranked = sorted(areas, key=areas.__getitem__, reverse=True)
        second = next(name for name in ranked if representations[name] != representations[ranked[0]])
        chosen.append((ranked[0], second))
        members = [probabilities[name] for name in chosen[-1]]
        for way in WAYS:
            result = join(members, rows, labels, way)
            result["choices"] = np.array(f"{' + '.join(chosen[-1])}; {result['choices']}".strip("; "))
            joined[way].append(result)
    return joined, chosen


def join(members: Sequence[np.ndarray], validation: np.ndarray, labels: np.ndarray, way: str) -> Result:
    """Probabilities of an ensemble.

    "average" gives each member the same weight. "stacking" fits a logistic regression on the members'
    log-probabilities (Wolpert 1992, Neural Networks 5:241-259) to the validation rows, and to no others.

    Parameters
    ----------
    members : sequence of ndarray of float, shape (n, k)
    validation : ndarray of bool, shape (n,)
    labels : ndarray of int, shape (n,)
    way : {"average", "stacking"}

    Returns
    -------
    dict
        ``probabilities`` float32 (n, k), NaN where a member has none, and ``choices``.

    Examples
    --------
    >>> members = [np.array([[0.8, 0.2]]), np.array([[0.4, 0.6]])]
    >>> join(members, np.array([False]), np.array([0]), "average")["probabilities"].round(2).tolist()
    [[0.6000000238418579, 0.4000000059604645]]
    """
    if way == "average":
        return {"probabilities": np.mean(members, axis=0).astype(np.float32), "choices": np.array("")}
    known = np.isfinite(np.hstack(members)).all(axis=1)
    predict = stack([member[validation & known] for member in members], labels[validation & known])
    probabilities = np.full(members[0].shape, np.nan, np.float32)
    probabilities[known] = predict([member[known] for member in members])
    return {"probabilities": probabilities, "choices": np.array("C=1")}


def stack(members: Sequence[np.ndarray], labels: np.ndarray) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """Fit what joins the members' probabilities; of one member alone, that calibrates it.

    Parameters
    ----------
    members : sequence of ndarray of float, shape (n, k)
        Of rows that no member has learned from.
    labels : ndarray of int, shape (n,)

    Returns
    -------
    callable
        The members' probabilities of other rows, (m, k) each, to joint ones, float (m, k); 0 for a class that is not
        among the labels.
    """
    from sklearn.linear_model import LogisticRegression

    def logs(given: Sequence[np.ndarray]) -> np.ndarray:
        return np.hstack([np.log(np.clip(member, EPSILON, 1)) for member in given])

    model = LogisticRegression(C=1.0, max_iter=5000).fit(logs(members), labels)

    def predict(given: Sequence[np.ndarray]) -> np.ndarray:
        probabilities = np.zeros(given[0].shape)
        probabilities[:, model.classes_] = model.predict_proba(logs(given))
        return probabilities

    return predict
