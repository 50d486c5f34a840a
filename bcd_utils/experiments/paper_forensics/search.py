"""The search for every confusion matrix that has given class counts and given rounded scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bcd_utils.evaluation.counts import Counts
from bcd_utils.evaluation.format import Rounded
from bcd_utils.evaluation.printed_scores import ends, printed
from bcd_utils.experiments.paper_forensics.sums import shares, sums
from bcd_utils.utils.errors import StudyError

MOST_TRIED = 200_000_000  # matrices: some 4 minutes for 3 classes
MOST_KEPT = 20_000_000  # cells
BLOCK = 2_000_000  # cells looked at together


class TooManyError(StudyError):
    """More matrices than can be tried or kept."""


def fitting_matrices(
    counts: Mapping[str, int],
    reported: Mapping[str, str | float],
    rounding: str = "nearest",
    most_tried: int | None = MOST_TRIED,
) -> np.ndarray:
    """Every confusion matrix with these class counts whose scores round to the reported ones.

    Accuracy fixes how many images are called wrongly, a class's recall how many of that class are; all ways
    to share these errors among the off-diagonal cells are tried, block by block.

    Parameters
    ----------
    counts : mapping of str to int
        Images of each true class, >= 1; two classes or more.
    reported : mapping of str to str or float
        Any score of `printed_scores.printed` that constrains the matrix, such as accuracy, kappa or
        sensitivity_<class>. Text keeps trailing zeros and with them the precision: "0.8430" lies within 0.00005, 0.843
        within 0.0005.
    rounding : {"nearest", "down", "up"}
        See `format.Rounded.bounds`.
    most_tried : int, optional
        Limit of matrices to look at; None where the caller has counted them.

    Returns
    -------
    ndarray of int32, shape (m, k, k)
        Rows are the true classes.

    Raises
    ------
    TooManyError
        If more matrices than ``most_tried`` would have to be tried, or more than `MOST_KEPT` cells fit.

    Examples
    --------
    >>> fitting_matrices({"ill": 5, "well": 7}, {"accuracy": "0.83", "kappa": "0.64"}).tolist()
    [[[3, 2], [0, 7]]]
    """
    if most_tried is not None and not (expected := count_matrices(counts, reported, rounding)) <= most_tried:
        raise TooManyError(
            f"{many(expected)} confusion matrices would have to be tried, more than {most_tried:,}",
            "report more: accuracy, recall of single classes, or more digits of them",
        )
    most_kept = MOST_KEPT // len(counts) ** 2
    fitting, kept = [np.zeros((0, len(counts), len(counts)), np.int32)], 0
    for block in _blocks(counts, reported, rounding):
        fitting.append(block[fits(block, list(counts), reported, rounding)].astype(np.int32))
        kept += len(fitting[-1])
        if kept > most_kept:
            raise TooManyError(
                f"more than {most_kept:,} matrices fit; the scores tell too little", "report more"
            )
    return np.concatenate(fitting)


def fits(
    matrices: np.ndarray, classes: Sequence[str], reported: Mapping[str, str | float], rounding: str
) -> np.ndarray:
    """Which of some matrices (m, k, k) have the reported scores; bool (m,)."""
    given, scores, fitting = Counts(matrices), printed(classes), np.ones(len(matrices), dtype=bool)
    for name, text in reported.items():
        low, high = Rounded.read(text).bounds(rounding)
        least, most = ends(scores[name], given)
        fitting &= (low <= most) & (least <= high)
    return fitting


def many(number: float) -> str:
    """A number of matrices in words.

    Examples
    --------
    >>> many(1200), many(8.4e12)
    ('1,200', 'about 8e+12')
    """
    return f"{number:,.0f}" if number < 1e9 else f"about {min(number, 1e300):.0e}"


def count_matrices(
    counts: Mapping[str, int], reported: Mapping[str, str | float], rounding: str = "nearest"
) -> float:
    """How many matrices `fitting_matrices` would try: a whole number, infinite where it is astronomic.

    Examples
    --------
    >>> count_matrices({"ill": 5, "well": 7}, {})
    48.0
    """
    from scipy.signal import convolve
    from scipy.special import comb

    allowed, totals = _allowed_errors(counts, reported, rounding)
    if not len(totals) or not all(len(errors) for errors in allowed):
        return 0.0
    ways = np.ones(1)  # ways[e]: to make e errors in the classes so far
    for errors in allowed:
        own_ways = np.zeros(min(errors.max(), totals.max()) + 1)
        errors = errors[errors < len(own_ways)]
        own_ways[errors] = comb(errors + len(counts) - 2, len(counts) - 2)
        if not np.isfinite(own_ways).all():
            return np.inf
        with np.errstate(over="ignore", invalid="ignore"):
            ways = convolve(ways, own_ways)[: totals.max() + 1]
        if not np.isfinite(ways).all():
            return np.inf
    return float(np.round(ways[totals[totals < len(ways)]].sum()))


def _allowed_errors(
    counts: Mapping[str, int], reported: Mapping[str, str | float], rounding: str
) -> tuple[list[np.ndarray], np.ndarray]:
    """Errors that each class may have by its recall, and errors in all by the accuracy."""

    def errors(images: int, *names: str) -> np.ndarray:
        wrong = np.arange(images + 1)
        for name in set(names) & reported.keys():
            low, high = Rounded.read(reported[name]).bounds(rounding)
            right = (images - wrong) / images
            wrong = wrong[(low <= right) & (right <= high)]
        return wrong

    recalls = {label: [f"recall_{label}", f"sensitivity_{label}"] for label in counts}
    if len(counts) == 2:
        first, second = counts
        recalls[first].append(f"specificity_{second}")
        recalls[second].append(f"specificity_{first}")
    allowed = [errors(images, *recalls[label]) for label, images in counts.items()]
    totals = errors(sum(counts.values()), "accuracy")
    fewest = sum(each.min() for each in allowed if len(each))
    most = sum(each.max() for each in allowed if len(each))
    return allowed, totals[(fewest <= totals) & (totals <= most)]


def _blocks(
    counts: Mapping[str, int], reported: Mapping[str, str | float], rounding: str
) -> Iterator[np.ndarray]:
    """All matrices to try, int (b, k, k), never more than `BLOCK` cells at a time."""
    allowed, totals = _allowed_errors(counts, reported, rounding)
    images = np.array(list(counts.values()))
    for total in totals:
        errors = sums(allowed, total)
        for _, matrices in _expanded(np.broadcast_to(images, errors.shape), errors):
            yield matrices


def _expanded(images: np.ndarray, errors: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All matrices of each way to share errors among the classes, never more than `BLOCK` cells at a time.

    Each class's errors are shared among its wrong columns. The matrices of one way are numbered as in a mixed radix, so
    that any stretch of numbers is made at once.

    Parameters
    ----------
    images, errors : ndarray of int, shape (w, k)
        Images of each class, and those of them that are called wrongly.

    Yields
    ------
    ndarray of int, shape (b,)
        The way of each matrix.
    ndarray of int, shape (b, k, k)
    """
    size = errors.shape[1]
    wrong_columns = [np.delete(np.arange(size), row) for row in range(size)]
    possible = np.unique(errors)
    shared = [shares(int(each), size - 1) for each in possible]
    first = np.zeros(possible.max(initial=0) + 1, dtype=int)
    first[possible] = np.cumsum([0, *map(len, shared)])[: len(shared)]
    rows = np.concatenate([np.zeros((0, size - 1), int), *shared])
    radices = _ways_of(errors)
    sizes = radices.prod(axis=1)
    ends = sizes.cumsum()
    step = max(1, BLOCK // size**2)
    for start in range(0, ends[-1] if len(ends) else 0, step):
        number = np.arange(start, min(start + step, ends[-1]))
        way = np.searchsorted(ends, number, side="right")
        number -= (ends - sizes)[way]
        matrices = np.zeros((len(number), size, size), dtype=int)
        for row in range(size):
            number, digit = np.divmod(number, radices[way, row])
            matrices[:, row, wrong_columns[row]] = rows[first[errors[way, row]] + digit]
            matrices[:, row, row] = images[way, row] - errors[way, row]
        yield way, matrices


def _ways_of(errors: np.ndarray) -> np.ndarray:
    """How many ways there are to share each class's errors among its wrong columns; int (w, k)."""
    from scipy.special import comb

    others = errors.shape[1] - 1
    return np.rint(comb(errors + others - 1, others - 1)).astype(int)


def fitting_of_all(
    classes: Sequence[str],
    counts: np.ndarray,
    reported: Mapping[str, str | float],
    rounding: str = "nearest",
    most_tried: int = MOST_TRIED,
) -> dict[int, np.ndarray]:
    """`fitting_matrices` for many class counts of test sets of one size at once.

    The ways to share the errors that the accuracy allows are the same for all of them, and those that give other
    recalls than the reported ones are left out before any matrix is made.

    Parameters
    ----------
    classes : sequence of str
    counts : ndarray of int, shape (m, k)
        Images of each class; all rows have one sum.
    reported, rounding, most_tried
        As for `fitting_matrices`; ``reported`` with an accuracy.

    Returns
    -------
    dict of int to ndarray of int32, shape (n, k, k)
        Of each row of ``counts`` that some matrix fits, all that fit.

    Raises
    ------
    TooManyError
        If more matrices than ``most_tried`` would have to be tried.

    Examples
    --------
    >>> table = np.array([[5, 7], [6, 6]])
    >>> found = fitting_of_all(["ill", "well"], table, {"accuracy": "0.83", "kappa": "0.64"})
    >>> {row: matrices.tolist() for row, matrices in found.items()}
    {0: [[[3, 2], [0, 7]]]}
    """
    from scipy.special import comb

    size = len(classes)
    scores, of_recall = printed(classes), {}
    for name, text in reported.items():
        if scores[name].metric.name.replace("recall", "sensitivity").startswith(("accuracy", "sensitivity")):
            of_recall[name] = text
    _, totals = _allowed_errors({"all": int(counts[0].sum())}, reported, rounding)
    owners, found, tried = [np.zeros(0, int)], [np.zeros((0, size, size), np.int32)], 0
    for total in totals:
        tried += comb(total + size - 1, size - 1) * len(counts)  # ways to share the errors among the classes
        if tried > most_tried:
            raise TooManyError(f"{many(tried)} ways to share errors would have to be tried", "report more")
        errors = shares(int(total), size)
        owner, way = np.nonzero((errors <= counts[:, None]).all(axis=-1))
        images, wrong = counts[owner], errors[way]
        any_of_them = np.zeros((len(wrong), size, size), int)  # all errors in one wrong column
        diagonal = np.arange(size)
        any_of_them[:, diagonal, diagonal] = images - wrong
        any_of_them[:, diagonal, diagonal - 1] = wrong
        kept = fits(any_of_them, classes, of_recall, rounding)
        owner, images, wrong = owner[kept], images[kept], wrong[kept]
        tried += _ways_of(wrong).prod(axis=1, dtype=float).sum()
        if tried > most_tried:
            raise TooManyError(f"{many(tried)} confusion matrices would have to be tried", "report more")
        for row, matrices in _expanded(images, wrong):
            fitting = fits(matrices, classes, reported, rounding)
            owners.append(owner[row[fitting]])
            found.append(matrices[fitting].astype(np.int32))
    owner, matrices = np.concatenate(owners), np.concatenate(found)
    return {int(row): matrices[owner == row] for row in np.unique(owner)}
