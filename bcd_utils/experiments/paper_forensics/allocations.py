"""Which class counts of the sets leave matching matrices, where a split was drawn at random: of each set, and of all.

The sets' class counts sum to those of the data set, so that all sets together leave far fewer than each alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import pandas as pd

from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.search import (
    MOST_TRIED,
    TooManyError,
    count_matrices,
    fitting_matrices,
)
from bcd_utils.experiments.paper_forensics.sums import sums

MOST_COUNTS = 200_000  # class counts of a set
MOST_COMPARED = 20_000_000  # matrices of all class counts of a set together
MOST_SEARCHES = 5_000  # class counts for which matrices are searched
LEAST_CHANCES = (1e-6, 1e-4, 1e-2)


def fitting_counts(
    images: Mapping[str, int],
    size: int,
    reported: Mapping[str, str | float],
    rounding: str = "nearest",
    least_chance: float = 1e-6,
) -> pd.DataFrame:
    """Which class counts of a set leave a matching matrix, if its split was purely random.

    Shows how much a conclusion rests on assumed class counts.

    Parameters
    ----------
    images : mapping of class to int
        Images of the whole data set.
    size : int
        Images of the set.
    reported, rounding
        As in `search.fitting_matrices`.
    least_chance : float
        Class counts that a random split gives more rarely are left out.

    Returns
    -------
    pandas.DataFrame
        The likeliest first: a column of counts for each class, ``chance`` (of a random split, from the
        multivariate hypergeometric distribution), ``matrices`` (how many fit, >= 1) and ``perfect`` (the
        classes, joined by commas, with recall and precision 1 in all of them). ``attrs["tried"]`` is the
        number of class counts that were tried, ``attrs["least_chance"]`` the parameter.

    Raises
    ------
    TooManyError
        If there are too many class counts or matrices to try.

    Examples
    --------
    >>> table = fitting_counts({"ill": 10, "well": 30}, 4, {"accuracy": "0.75", "recall_ill": "1.0"})
    >>> table[["ill", "well", "matrices", "perfect"]].values.tolist()
    [[1, 3, 1, ''], [2, 2, 1, ''], [3, 1, 1, '']]
    """
    combinations, chances = likely_counts(images, size, least_chance)
    if _compared(images, combinations, chances, reported, rounding) > MOST_TRIED:
        raise TooManyError("There are too many matrices to try", "raise least_chance, or report more")
    rows = []
    for combination, chance in zip(combinations.tolist(), chances, strict=True):
        counts = dict(zip(images, combination, strict=True))
        matrices = fitting_matrices(counts, reported, rounding, most_tried=None)
        if len(matrices):
            rows.append(
                counts | {"chance": chance, "matrices": len(matrices), "perfect": _perfect(counts, matrices)}
            )
    table = pd.DataFrame(rows, columns=[*images, "chance", "matrices", "perfect"])
    table = table.sort_values("chance", ascending=False, ignore_index=True)
    table.attrs |= {"tried": len(combinations), "least_chance": least_chance}
    return table


def likely_counts(images: Mapping[str, int], size: int, least_chance: float) -> tuple[np.ndarray, np.ndarray]:
    """Class counts of a set, int (m, k), that a random split gives at least so often, and their chances (m,)."""
    from scipy.stats import hypergeom, multivariate_hypergeom

    allowed = []
    for count in images.values():
        possible = np.arange(1, min(size, count) + 1)
        # A combination is never likelier than its rarest class count.
        chance = hypergeom.pmf(possible, sum(images.values()), count, size)
        allowed.append(possible[chance >= least_chance])
    if np.prod([len(possible) for possible in allowed[:-1]], dtype=float) > MOST_COUNTS:
        raise TooManyError(
            "There are too many class counts to try", "raise least_chance, or state the counts"
        )
    combinations = sums(allowed, size)
    chances = multivariate_hypergeom.pmf(combinations, list(images.values()), size)
    likely = chances >= least_chance
    return combinations[likely], chances[likely]


def _compared(
    images: Mapping[str, int],
    combinations: np.ndarray,
    chances: np.ndarray,
    reported: Mapping[str, str | float],
    rounding: str,
) -> float:
    """About how many matrices all class counts have together: as many each as the likeliest."""
    if not len(combinations):
        return 0.0
    likeliest = dict(zip(images, combinations[chances.argmax()].tolist(), strict=True))
    return len(combinations) * count_matrices(likeliest, reported, rounding)


def _perfect(counts: Mapping[str, int], matrices: np.ndarray) -> str:
    """The classes that are all found, and nothing else called so, in every matrix, joined by commas."""
    low = np.diagonal(matrices, axis1=1, axis2=2).min(axis=0)
    most_called = matrices.sum(axis=1).max(axis=0)
    return ",".join(
        label
        for label, images, found, called in zip(counts, counts.values(), low, most_called, strict=True)
        if found == called == images
    )


def counts_in_reach(
    images: Mapping[str, int], size: int, reported: Mapping[str, str | float], rounding: str = "nearest"
) -> pd.DataFrame:
    """`fitting_counts` of the rarest chance that leaves not too much to try; ``attrs["least_chance"]`` says which.

    Raises
    ------
    TooManyError
        If even the likeliest are too many.
    """
    for least_chance in LEAST_CHANCES:
        try:
            combinations, chances = likely_counts(images, size, least_chance)
        except TooManyError:
            continue
        compared = _compared(images, combinations, chances, reported, rounding)
        if 0 < len(combinations) <= MOST_SEARCHES and compared <= MOST_COMPARED:
            return fitting_counts(images, size, reported, rounding, least_chance)
    raise TooManyError(
        f"too many class counts, or matrices of each, to try for {size:,} images", "state the class counts"
    )


@dataclass(frozen=True)
class Allocation:
    """Class counts of all sets that leave a matching matrix in each, under one reading of the scores.

    Attributes
    ----------
    reading : str
    alone : dict of set to DataFrame
        `fitting_counts` of each set that was searched alone. Where the sets are the whole data set, the largest is
        not: its class counts are what the others leave.
    together : DataFrame
        One row an allocation, the likeliest first: a column ``<set>: <class>`` for each, ``chance`` (of a random
        split) and ``perfect`` (the classes with recall and precision 1 in every fitting matrix of every set).
    last : str
        The set whose class counts are what the others leave; "" where there is none.
    problem : str
        Why the search was not made, if it was not.
    """

    reading: str
    alone: dict[str, pd.DataFrame] = field(default_factory=dict)
    together: pd.DataFrame = field(default_factory=pd.DataFrame)
    last: str = ""
    problem: str = ""


def allocate(reported: Reported) -> list[Allocation]:
    """Find the class counts of all sets at once that fit, for each reading of the scores.

    Nothing is assumed stratified. Class counts that the publication prints are kept.

    Returns
    -------
    list of Allocation
        Empty where the data set's images of each class, or the sizes of the sets, are not given.
    """
    sizes = {name: reported.split[name] for name in reported.reported if name in reported.split}
    if not reported.images or len(sizes) < len(reported.reported):
        return []
    scores = {name: reported.readings(name) for name in sizes}
    found = []
    for reading in dict.fromkeys(reading for each in scores.values() for reading in each if reading) or [""]:
        of_reading = {name: each.get(reading, next(iter(each.values()))) for name, each in scores.items()}
        try:
            found.append(_allocate(reported, reading, sizes, of_reading))
        except TooManyError as error:
            found.append(Allocation(reading, problem=error.problem))
    return found


def _allocate(
    reported: Reported, reading: str, sizes: Mapping[str, int], scores: Mapping[str, Mapping[str, str]]
) -> Allocation:
    images, rounding = reported.images, reported.rounding
    smallest_first = sorted(sizes, key=lambda name: (name not in reported.class_counts, sizes[name]))
    whole = sum(sizes.values()) == sum(images.values())
    last = smallest_first.pop() if whole and len(sizes) > 1 else ""
    alone: dict[str, pd.DataFrame] = {}
    for name in smallest_first:
        if name in reported.class_counts:
            printed = reported.class_counts[name]
            matrices = fitting_matrices(printed, scores[name], rounding)
            row = {
                **printed,
                "chance": np.nan,
                "matrices": len(matrices),
                "perfect": _perfect(printed, matrices),
            }
            alone[name] = pd.DataFrame([row] if len(matrices) else [], columns=list(row))
            alone[name].attrs |= {"tried": 1, "least_chance": np.nan}
        else:
            alone[name] = counts_in_reach(images, sizes[name], scores[name], rounding)
        if alone[name].empty:
            return Allocation(reading, alone, last=last)
    labels, rows = list(images), []
    tables = [
        table.set_axis([f"{name}: {column}" for column in table], axis=1) for name, table in alone.items()
    ]
    joined = reduce(lambda left, right: left.merge(right, how="cross"), tables)
    if len(joined) > MOST_SEARCHES:
        raise TooManyError(
            f"the sets alone leave {len(joined):,} combinations of class counts", "report more"
        )
    for row in joined.to_dict("records"):
        left = {label: images[label] - sum(row[f"{name}: {label}"] for name in alone) for label in labels}
        perfect = [set(row[f"{name}: perfect"].split(",")) for name in alone]
        if min(left.values()) < bool(last):
            continue
        if last:
            if last in reported.class_counts and left != reported.class_counts[last]:
                continue
            matrices = fitting_matrices(left, scores[last], rounding)
            if not len(matrices):
                continue
            perfect.append(set(_perfect(left, matrices).split(",")))
        sets = {name: [row[f"{name}: {label}"] for label in labels] for name in alone} | {
            last: [*left.values()]
        }
        counts = {
            f"{name}: {label}": n
            for name, each in sets.items()
            if name
            for label, n in zip(labels, each, strict=True)
        }
        everywhere = ",".join(label for label in labels if all(label in each for each in perfect))
        rows.append(counts | {"chance": _chance([*images.values()], [*sets.values()]), "perfect": everywhere})
    together = pd.DataFrame(rows)
    if len(together):
        together = together.sort_values("chance", ascending=False, ignore_index=True)
    return Allocation(reading, alone, together, last)


def _chance(images: Sequence[int], sets: Sequence[Sequence[int]]) -> float:
    """Chance that a random split gives sets these class counts (s, k), which sum to ``images`` (k,)."""
    from scipy.special import gammaln

    def ways(counts: np.ndarray) -> float:  # logarithm of the multinomial coefficient
        return gammaln(counts.sum() + 1) - gammaln(counts + 1).sum()

    table = np.array(sets)
    of_each_class = sum(ways(table[:, index]) for index in range(len(images)))
    return float(np.exp(of_each_class - ways(table.sum(axis=1))))
