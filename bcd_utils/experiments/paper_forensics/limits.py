"""What scores leave possible where not every confusion matrix can be tried: bounds by integer programming.

Many scores are ratios of sums of cells, so "this score lies between these ends" is a linear inequality. The fewest and
most images of a class that can be found, or falsely called so, under all such inequalities then follow without trying
matrices. The others (means of ratios whose denominators differ, such as macro F1, and the Matthews correlation) are
left out, so that the bounds are wider than need be, never too narrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bcd_utils.evaluation.counts import Counts
from bcd_utils.evaluation.format import Rounded
from bcd_utils.evaluation.printed_scores import ends, printed
from bcd_utils.experiments.paper_forensics.search import fits

SECONDS = 2.0  # for each bound; where they do not suffice, what is proved until then
SLACK = 1e-6  # of the solver


@dataclass(frozen=True)
class Limits:
    """What is still known.

    Attributes
    ----------
    possible : bool
        False: no matrix has these scores. True: the scores that were used exclude not all of them.
    table : DataFrame
        Index ``class``; columns ``images``, ``found_low``, ``found_high``, ``false_low``, ``false_high`` (int): images
        of the class called right, and others called so. The ends hold, but need not be reached.
    left_out : tuple of str
        Scores that were not used.
    example : ndarray of int, shape (k, k), optional
        A matrix that has all scores, where one was come upon.
    """

    possible: bool
    table: pd.DataFrame
    left_out: tuple[str, ...] = ()
    example: np.ndarray | None = None


def matrix_limits(
    counts: Mapping[str, int], reported: Mapping[str, str], rounding: str = "nearest"
) -> Limits:
    """Limits of one confusion matrix.

    Parameters
    ----------
    counts, reported, rounding
        As for `search.fitting_matrices`.

    Examples
    --------
    >>> found = matrix_limits({"ill": 5, "well": 7}, {"accuracy": "0.83", "kappa": "0.64"})
    >>> found.table.loc["ill"].tolist(), found.left_out
    ([5, 3, 3, 0, 0], ())
    """
    images, rows, left_out = np.array(list(counts.values())), [], []
    scores = printed(list(counts))
    for name, text in reported.items():
        score = scores[name]
        ratio = ratio_of_cells(score.metric.name, score.column, images)
        if ratio is None:
            left_out.append(name)
            continue
        low, high = Rounded.read(text).bounds(rounding)
        top, bottom = ratio
        rows += [(top - low * bottom, 0, np.inf), (top - high * bottom, -np.inf, 0)]
        if low > 0:  # a class that is never called has precision 0
            rows.append((bottom, 0.5, np.inf))
    size = len(images)
    rows += [(_row(size, index), count, count) for index, count in enumerate(images)]
    solved = _solve(rows, _found_and_false(np.eye(size * size).reshape(-1, size, size)), images.max())
    if solved is None:
        return Limits(False, _table(counts, None), tuple(left_out))
    matrices = np.rint(solved.points).astype(int).reshape(-1, size, size)
    fitting = matrices[fits(matrices, list(counts), reported, rounding)]
    example = fitting[0] if len(fitting) else None
    return Limits(True, _table(counts, solved.ends), tuple(left_out), example)


def fold_limits(
    folds: Sequence[Mapping[str, int]], reported: Mapping[str, str], rounding: str = "nearest"
) -> Limits:
    """Limits of all folds' predictions together, where the scores are means of the folds' scores.

    An integer program over the cells of all folds of equal class counts together uses the scores that are linear in
    them, those whose denominator the class counts fix (as mlscorecheck does). Of two classes a linear program uses all
    scores too: each matrix that a fold can have is a column of it, and how many folds have it the unknown, which need
    not be whole there.

    Parameters
    ----------
    folds : sequence of mapping of class to int
        Images of each class in each fold.
    reported, rounding
        As for `search.fitting_matrices`.

    Examples
    --------
    >>> folds = [{"ill": 2, "well": 4}, {"ill": 2, "well": 4}]
    >>> fold_limits(folds, {"sensitivity_ill": "0.75", "precision_ill": "1.00"}).table.loc["ill"].tolist()
    [4, 3, 3, 0, 0]
    """
    kinds, repeats = np.unique([list(fold.values()) for fold in folds], axis=0, return_counts=True)
    sums, scores = kinds * repeats[:, None], printed(list(folds[0]))
    counts = dict(zip(folds[0], sums.sum(axis=0).tolist(), strict=True))
    ends_of = {name: Rounded.read(text).bounds(rounding) for name, text in reported.items()}
    size = len(counts)
    cells = np.eye(size * size).reshape(-1, size, size)
    rows = [
        (np.kron(kind == np.arange(len(kinds)), cells[:, row].sum(axis=1)), images, images)
        for kind, folds_of_kind in enumerate(sums)
        for row, images in enumerate(folds_of_kind)
    ]
    left_out = []
    for name, (low, high) in ends_of.items():
        parts = [_linear(scores[name].metric.name, scores[name].column, kind) for kind in kinds]
        linear = [part for part in parts if part is not None]
        if len(linear) < len(parts):
            left_out.append(name)
        else:
            rows.append((np.concatenate(linear) / len(folds), low, high))
    solved = _solve(rows, np.tile(_found_and_false(cells), len(kinds)), sums.max())
    if solved is None or size > 2 or not left_out:
        return Limits(solved is not None, _table(counts, solved.ends if solved else None), tuple(left_out))

    columns = [_states(*kind) for kind in kinds]
    owner = np.repeat(np.arange(len(kinds)), [len(states) for states in columns])
    rows = [(owner == kind, many, many) for kind, many in enumerate(repeats)]
    for name, (low, high) in ends_of.items():
        least, most = np.concatenate(
            [ends(scores[name], Counts(states)) for states in columns], axis=1
        ) / len(folds)
        rows += [(least, -np.inf, high), (most, low, np.inf)]
    mixed = _solve(rows, _found_and_false(np.concatenate(columns)), len(folds), whole=False)
    if mixed is None:
        return Limits(False, _table(counts, None))
    both = np.stack([solved.ends, mixed.ends])
    return Limits(
        True, _table(counts, np.stack([both[..., 0].max(axis=0), both[..., 1].min(axis=0)], axis=1))
    )


def stratified_folds(counts: Mapping[str, int], folds: int) -> list[dict[str, int]]:
    """Class counts of the folds that scikit-learn's ``StratifiedKFold`` makes, classes in this order.

    Examples
    --------
    >>> stratified_folds({"ill": 3, "well": 4}, 2)
    [{'ill': 2, 'well': 2}, {'ill': 1, 'well': 2}]
    """
    labels = np.repeat(np.arange(len(counts)), list(counts.values()))
    shares = [np.bincount(labels[fold::folds], minlength=len(counts)).tolist() for fold in range(folds)]
    return [dict(zip(counts, share, strict=True)) for share in shares]


def ratio_of_cells(
    score: str, column: int | None, images: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """A score as a ratio of two sums of weighted cells: the weights, float (k, k) each; None where it is none.

    Parameters
    ----------
    score : str
        Name of its metric.
    column : int or None
        Its class, if it is of one.
    images : ndarray of int, shape (k,)

    Examples
    --------
    >>> top, bottom = ratio_of_cells("precision", 0, np.array([5, 7]))
    >>> top.tolist(), bottom.tolist()
    ([[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [1.0, 0.0]])
    """
    size, total = len(images), images.sum()
    right, whole = np.eye(size), np.ones((size, size))
    actual, called = np.repeat(right[:, :, None], size, axis=2), np.repeat(right[:, None, :], size, axis=1)
    hits = actual * called
    of_class = {
        "sensitivity": (hits, actual),
        "specificity": (whole - actual - called + hits, whole - actual),
        "precision": (hits, called),
        "f1": (2 * hits, actual + called),
        "jaccard": (hits, actual + called - hits),
    }
    if column is not None:
        if score not in of_class:
            return None
        tops, bottoms = of_class[score]
        return tops[column], bottoms[column]
    if score == "accuracy":
        return right, whole
    if score == "kappa":  # agreement by chance: images of the class, for each image called so
        chance = np.tile(images, (size, 1))
        return total * right - chance, total * whole - chance
    single, _, average = score.replace("recall", "sensitivity").rpartition("_")
    if single not in ("sensitivity", "specificity"):
        return None
    tops, bottoms = of_class[single]
    weights = images / total if average == "weighted" else np.full(size, 1 / size)
    weights = weights / np.einsum("cii,i->c", bottoms, images)  # their denominators are fixed
    return np.einsum("c,cij->ij", weights, tops), whole / total


def _linear(score: str, column: int | None, images: np.ndarray) -> np.ndarray | None:
    """Weights of the cells of one fold, in a score whose denominator its class counts fix; float (k * k,)."""
    ratio = ratio_of_cells(score, column, images)
    if ratio is None or np.ptp(ratio[1], axis=1).any():
        return None
    return (ratio[0] / (ratio[1][:, 0] @ images)).ravel()


def _states(first: int, second: int) -> np.ndarray:
    """Every matrix of two classes; int (m, 2, 2)."""
    hits, others = (grid.ravel() for grid in np.mgrid[: first + 1, : second + 1])
    return np.stack([hits, first - hits, second - others, others], axis=1).reshape(-1, 2, 2)


def _found_and_false(columns: np.ndarray) -> np.ndarray:
    """Of each class, images called right and others called so, in each matrix (m, k, k); float (2 k, m)."""
    found = np.diagonal(columns, axis1=1, axis2=2)
    return np.concatenate([found, columns.sum(axis=1) - found], axis=1).T


def _row(size: int, index: int) -> np.ndarray:
    return np.repeat(np.eye(size)[index], size).reshape(size, size)


@dataclass(frozen=True)
class _Solved:
    """Ends of each objective, float (objectives, 2), and the solutions that were found, float (n, variables)."""

    ends: np.ndarray
    points: np.ndarray


def _solve(rows: Sequence[tuple], objectives: np.ndarray, most: int, whole: bool = True) -> _Solved | None:
    """Least and greatest value of each objective over (whole) numbers from 0 to ``most``; None where there are none."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    weights, lows, highs = zip(*rows, strict=True)
    constraint = LinearConstraint(np.stack([np.ravel(row) for row in weights]).astype(float), lows, highs)
    bounds, points = np.full((len(objectives), 2), [-np.inf, np.inf]), []
    options = {"time_limit": SECONDS, "mip_rel_gap": 0.0, "presolve": whole}
    for index, objective in enumerate(objectives):
        for end, sign in enumerate((1, -1)):
            found = milp(
                sign * objective,
                integrality=int(whole),
                bounds=Bounds(0, most),
                constraints=constraint,
                options=options,
            )
            if found.status == 2:  # infeasible
                return None
            # What is proved of whole numbers, also where the time did not suffice.
            proved = found.mip_dual_bound if whole else found.fun
            if proved is not None:
                bounds[index, end] = sign * np.ceil(proved - SLACK)
            if found.x is not None:
                points.append(found.x)
    return _Solved(bounds, np.array(points).reshape(len(points), np.size(objectives[0])))


def _table(counts: Mapping[str, int], ends: np.ndarray | None) -> pd.DataFrame:
    """The ends of found and false images (2 k, 2) beside the classes; without ends, what the counts alone allow."""
    images = np.array(list(counts.values()))
    most = np.concatenate([images, images.sum() - images])
    ends = np.stack([np.zeros_like(most), most], axis=1) if ends is None else ends
    ends = np.clip(ends, 0, most[:, None]).astype(int)
    columns = {"images": images}
    for name, part in (("found", ends[: len(images)]), ("false", ends[len(images) :])):
        columns |= {f"{name}_low": part[:, 0], f"{name}_high": part[:, 1]}
    return pd.DataFrame(columns, index=pd.Index(counts, name="class"))
