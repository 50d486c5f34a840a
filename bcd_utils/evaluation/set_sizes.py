"""How many images each set of a split has: cut off by shares, and of each class where the shares were kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, floor

import numpy as np

from bcd_utils.utils.errors import StudyError

#: How a share of the images becomes a whole number of them.
SIZE_ROUNDINGS: dict[str, Callable[[float], int]] = {"up": ceil, "down": floor, "nearest": round}


def cut_sizes(
    total: int, ratios: Mapping[str, float], rounded: Mapping[str, str], rest: str = "train"
) -> dict[str, int]:
    """Images of sets that are cut off one by one, each a share of what is left.

    Parameters
    ----------
    total : int
    ratios : mapping of set to float
        In the order in which they were cut off; shares of the images still there, as floating-point numbers.
    rounded : mapping of set to {"up", "down", "nearest"}
        "up", as scikit-learn's ``train_test_split`` and Keras's ``validation_split`` do, where a set is not named.
    rest : str
        Name of the set that is left.

    Examples
    --------
    >>> cut_sizes(784, {"test": 0.15, "validation": 0.10}, {"test": "down"})
    {'test': 117, 'validation': 67, 'train': 600}
    """
    sizes = {}
    for name, share in ratios.items():
        sizes[name] = SIZE_ROUNDINGS[rounded.get(name, "up")](share * total)
        total -= sizes[name]
    return sizes | {rest: total}


def stratified_counts(
    images: Mapping[str, int], split: Mapping[str, int], order: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    """Class counts of sets that scikit-learn's ``train_test_split(stratify=...)`` cuts off one by one.

    Each cut gives the part that stays its share of every class, rounded down, and the images still missing to
    the classes with the largest remainders; the part cut off gets the rest.

    Parameters
    ----------
    images : mapping of class to int
    split : mapping of set to int
        Sizes; they sum to all images.
    order : tuple of str
        The sets that are cut off, first to last; all but one.

    Raises
    ------
    StudyError
        If the settings contradict each other, or equal remainders leave the counts to chance.

    Examples
    --------
    >>> images = {"benign": 437, "malignant": 210, "normal": 133}
    >>> stratified_counts(images, {"train": 596, "validation": 67, "test": 117}, ("test", "validation"))
    {'train': {'benign': 333, 'malignant': 161, 'normal': 102},
     'validation': {'benign': 38, 'malignant': 18, 'normal': 11},
     'test': {'benign': 66, 'malignant': 31, 'normal': 20}}
    """
    if sum(images.values()) != sum(split.values()):
        problem = f"images sum to {sum(images.values())}, but split to {sum(split.values())}"
        raise StudyError(problem, "correct one of them")
    last = [name for name in split if name not in order]
    if len(last) != 1 or len({*order, *last}) != len(split) or len(order) != len(set(order)):
        raise StudyError(
            f"stratified: [{', '.join(order)}] must name all sets of split but one ({', '.join(split)})",
            "name them in the order in which they were cut off; what is left is the remaining set",
        )
    left, counts = np.array(list(images.values())), {}
    for name in order:
        stays, part = left.sum() - split[name], left.sum()
        kept, remainders = np.divmod(left * stays, part)
        missing = stays - kept.sum()
        ranked = np.argsort(-remainders, kind="stable")
        if 0 < missing and remainders[ranked[missing - 1]] == remainders[ranked[missing]]:
            problem = f"chance decided which class has one image more in set {name!r}"
            raise StudyError(problem, "write its class_counts")
        kept[ranked[:missing]] += 1
        counts[name], left = left - kept, kept
    counts[last[0]] = left
    return {name: dict(zip(images, counts[name].tolist(), strict=True)) for name in split}
