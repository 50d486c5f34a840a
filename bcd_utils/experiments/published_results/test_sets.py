"""Test sets that a publication may have had, where it does not state how many images of each class were tested."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor
from typing import NamedTuple

from bcd_utils.evaluation.format import Rounded
from bcd_utils.evaluation.set_sizes import SIZE_ROUNDINGS, stratified_counts
from bcd_utils.experiments.paper_forensics.allocations import likely_counts
from bcd_utils.utils.errors import StudyError

SHARES = (0.1, 0.15, 0.2, 0.25, 0.3)  # that are usually tested
TRAINED = (0.6, 0.7, 0.75, 0.8)  # that are usually learned from
LEAST_CHANCE = 1e-3


class Accuracies(NamedTuple):
    """Accuracies that are printed of one test set.

    Attributes
    ----------
    own : str
        The row's; "" where none is printed.
    others : tuple of str
        Of other networks, whose digits may have been rounded in any way.
    """

    own: str
    others: tuple[str, ...] = ()

    def allow(self, images: int, rounding: str) -> bool:
        """Whether a whole number of so many images is printed as each.

        Examples
        --------
        >>> both = Accuracies("0.9167", ("0.8583",))
        >>> [images for images in range(100, 131) if both.allow(images, "nearest")]
        [120]
        """
        bounds = [Rounded.read(text).bounds(rounding) for text in (self.own,) if text]
        for text in self.others:
            (low, _), (_, high) = (Rounded.read(text).bounds(each) for each in ("up", "down"))
            bounds.append((low, high))
        return all(ceil(low * images) <= min(floor(high * images), images) for low, high in bounds)

    def sizes(self, most: int, rounding: str = "nearest") -> list[int]:
        """Sizes of a test set, up to ``most``, that allow all."""
        return [size for size in range(1, most + 1) if self.allow(size, rounding)]


#: Class counts of test sets, in the order of the classes, and how each comes about.
Sets = dict[tuple[int, ...], str]


def usual_sets(images: Mapping[str, int], share: float | None = None) -> Sets:
    """What the usual ways of cutting a usual share off a data set leave for the test, class shares kept.

    Parameters
    ----------
    images : mapping of class to int
        Images of the whole data set.
    share : float, optional
        The share that is stated.

    Returns
    -------
    Sets
        For each share: scikit-learn's cut; the share of each class rounded down, up or to the nearest; and what is
        left of each class where the shares to learn from and to tune on were rounded down.

    Examples
    --------
    >>> list(usual_sets({"benign": 437, "malignant": 210, "normal": 133}, 0.15))
    [(66, 31, 20), (66, 32, 20), (65, 31, 19), (66, 32, 21), (67, 32, 21)]
    """
    numbers, total = list(images.values()), sum(images.values())
    found: Sets = {}
    for part in SHARES if share is None else (share,):
        words = f"{part:.0%} of {total:,}"
        size = ceil(part * total)
        try:
            cut = stratified_counts(images, {"train": total - size, "test": size}, ("test",))["test"]
            kept = tuple(cut.values())
        except StudyError:  # equal remainders leave it to chance which class has one more
            least = [size * number // total for number in numbers]
            kept = tuple(each + (place < size - sum(least)) for place, each in enumerate(least))
        found.setdefault(kept, f"{words}, class shares kept")
        for how, rounded in SIZE_ROUNDINGS.items():
            counts = tuple(rounded(part * number) for number in numbers)
            found.setdefault(counts, f"{words}, each class rounded {how}")
        for trained in TRAINED:
            tuned = round(1 - trained - part, 4)
            if tuned > 0:
                left = tuple(number - int(trained * number) - int(tuned * number) for number in numbers)
                found.setdefault(left, f"{words}, what rounding the other shares of each class down leaves")
    return {counts: how for counts, how in found.items() if min(counts) > 0}


def drawn_sets(images: Mapping[str, int], size: int) -> Sets:
    """Class counts that a test set of a size has by a random draw with a chance of at least `LEAST_CHANCE`."""
    counts, _ = likely_counts(images, size, LEAST_CHANCE)
    return dict.fromkeys(map(tuple, counts.tolist()), f"{size:,} images drawn at random")


def balanced(images: Mapping[str, int]) -> dict[str, int]:
    """A data set whose classes were all made as large as the largest, by copies.

    Examples
    --------
    >>> balanced({"ill": 2, "well": 5})
    {'ill': 5, 'well': 5}
    """
    return dict.fromkeys(images, max(images.values()))
