"""Dealing whole groups (patients, copies of one lesion) to sets, so that each set gets its share of each class."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

DRAWS = 500
COVERAGE = 1e9  # outweighs any distance: a set without images of a class is worse than any uneven split


def draw_groups(rows: pd.DataFrame, shares: Mapping[str, float], seed: int) -> pd.Series:
    """Deal whole groups so that each set comes near to its share of all images and of each class.

    Groups that are alike (as many images of each class) are first handed out in whole numbers: every set gets its
    share of them, rounded down. What is left over is dealt one by one in random order, each to the set that it
    brings nearest to what was asked; this is done `DRAWS` times and the nearest draw is kept. A draw is measured by
    Pearson's chi-squared over the sets, of the images of each class and of all images: sum of (dealt - asked)^2 /
    asked. Before that counts that every set has every class; where a class has too few groups, the last sets go
    without.

    The order of the rows plays no part. Scikit-learn has no counterpart: GroupShuffleSplit counts groups, not
    images or classes, and StratifiedGroupKFold deals equal folds only.

    Parameters
    ----------
    rows : pandas.DataFrame
        Columns ``label`` and ``group``.
    shares : mapping of str to float
        Share of each set, above 0; together 1. Those that must not lack a class come first.
    seed : int

    Returns
    -------
    pandas.Series of str
        The set of each row; index as in ``rows``.

    Examples
    --------
    >>> table = pd.DataFrame({"label": list("aaabbb") * 10, "group": [f"p{row // 3}" for row in range(60)]})
    >>> pd.crosstab(table["label"], draw_groups(table, {"train": 0.8, "test": 0.2}, seed=1)).loc["a"].to_dict()
    {'test': 6, 'train': 24}
    """
    groups = pd.crosstab(rows["group"], rows["label"])
    wanted = np.array(list(shares.values()))
    random = np.random.default_rng(seed)
    kinds, kind = np.unique(groups.to_numpy(), axis=0, return_inverse=True)
    dealt = _deal_kinds(kinds, np.bincount(kind), wanted, random)
    chosen = pd.Series("", groups.index, dtype=object)
    for number, sets in enumerate(dealt):
        chosen.iloc[random.permutation(np.flatnonzero(kind == number))] = np.repeat(list(shares), sets)
    return rows["group"].map(chosen)


def _deal_kinds(
    kinds: np.ndarray, alike: np.ndarray, shares: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """How many groups of each kind each set gets in the nearest draw.

    Parameters
    ----------
    kinds : ndarray of int, shape (k, classes)
        Images of each class that a group of this kind has.
    alike : ndarray of int, shape (k,)
        How many groups there are of it.
    shares : ndarray of float, shape (sets,)

    Returns
    -------
    ndarray of int, shape (k, sets)
    """
    whole = np.floor(np.outer(alike, shares) + 1e-9).astype(int)  # 0.2 of 15 is 3, whatever its last bit
    left_over = np.repeat(np.arange(len(kinds)), alike - whole.sum(axis=1))
    images = np.hstack([kinds, kinds.sum(axis=1, keepdims=True)]).astype(float)
    asked = np.outer(shares, alike @ images)
    importance = np.arange(len(shares), 0, -1)[:, None]
    dealt, have = np.tile(whole, (DRAWS, 1, 1)), np.tile(whole.T @ images, (DRAWS, 1, 1))
    to_come = np.tile((images[left_over] > 0).sum(axis=0), (DRAWS, 1))
    draw = np.arange(DRAWS)
    for group in random.permuted(np.tile(left_over, (DRAWS, 1)), axis=1).T:
        added = images[group][:, None]
        farther = ((2 * (have - asked) + added) * added / asked).sum(axis=2)
        lacking = have == 0
        urgent = lacking & (lacking.sum(axis=1) >= to_come)[:, None] & (added > 0)
        target = (farther - COVERAGE * (importance * urgent).sum(axis=2)).argmin(axis=1)
        have[draw, target] += added[:, 0]
        dealt[draw, group, target] += 1
        to_come -= added[:, 0] > 0
    distance = ((have - asked) ** 2 / asked + COVERAGE * importance * (have == 0)).sum(axis=(1, 2))
    return dealt[distance.argmin()]
