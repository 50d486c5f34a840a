"""What all sets of a publication say together: the number of images that allows them, and sums that must agree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, floor
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.evaluation.format import Rounded, plain_rows
from bcd_utils.evaluation.reported import Reported
from bcd_utils.evaluation.set_sizes import SIZE_ROUNDINGS, cut_sizes
from bcd_utils.experiments.paper_forensics.allocations import Allocation
from bcd_utils.experiments.paper_forensics.matrices import (
    Finding,
    fitting_readings,
    fitting_together,
    pooled,
    without_error,
)
from bcd_utils.utils.words import enumerated

TOGETHER = "all together"


def fitting_totals(reported: Reported, first_rounded: str = "") -> list[int]:
    """Numbers of images of a whole data set whose sets, cut by the stated shares, allow every printed accuracy.

    A set of n images allows an accuracy if a whole number of them, divided by n, is printed so.

    Parameters
    ----------
    reported : Reported
        With ``ratios``; ``totals`` says which numbers are tried.
    first_rounded : {"up", "down", "nearest"}, optional
        How the size of the set that was cut off first was rounded, in place of what is stated.

    Examples
    --------
    >>> shares = Reported(reported={"test": {"accuracy": "0.93"}}, ratios={"test": 0.2}, totals=(50, 80))
    >>> fitting_totals(shares)  # 13 of 14 and 14 of 15 images
    [66, 67, 68, 69, 70, 71, 72, 73, 74, 75]
    """
    first = next(iter(reported.ratios))
    rounded = reported.size_rounding | ({first: first_rounded} if first_rounded else {})
    rest = next((name for name in reported.reported if name not in reported.ratios), "")
    bounds = {
        name: Rounded.read(scores["accuracy"]).bounds(reported.rounding)
        for name, scores in reported.reported.items()
        if "accuracy" in scores
    }
    lowest, highest = reported.totals
    return [
        total
        for total in range(lowest, highest + 1)
        if (sizes := cut_sizes(total, reported.ratios, rounded, rest))
        and all(
            0 < ceil(low * sizes[name]) <= floor(high * sizes[name]) for name, (low, high) in bounds.items()
        )
    ]


def totals_by_rounding(reported: Reported) -> dict[str, list[int]]:
    """`fitting_totals` for each way in which the size of the first set may have been rounded; empty without ratios."""
    accuracies = any("accuracy" in scores for scores in reported.reported.values())
    if not reported.ratios or not accuracies:
        return {}
    return {rounding: fitting_totals(reported, rounding) for rounding in SIZE_ROUNDINGS}


def in_words(numbers: Iterable[int], most: int = 12) -> str:
    """Rising whole numbers, those in a row as a range; of many ranges their number.

    Examples
    --------
    >>> in_words([780, 781, 782, 1565]), in_words([]), in_words(range(0, 100, 2))
    ('780 to 782 and 1,565', 'none', '50 of them, from 0 to 98')
    """
    values = np.array(list(numbers))
    if not len(values):
        return "none"
    parts = np.split(values, np.flatnonzero(np.diff(values) > 1) + 1)
    if len(parts) > most:
        return f"{len(values):,} of them, from {values[0]:,} to {values[-1]:,}"
    return enumerated(f"{part[0]:,}" if len(part) == 1 else f"{part[0]:,} to {part[-1]:,}" for part in parts)


def totals_table(reported: Reported) -> pd.DataFrame:
    """Which numbers of images the printed accuracies allow, a row for each rounding of the first set's size.

    Returns
    -------
    pandas.DataFrame
        Index: the rounding; columns ``stated`` (bool: whether it is the one that the file states) and ``numbers of
        images`` (text). Empty without shares or accuracies.
    """
    first = next(iter(reported.ratios), "")
    stated = reported.size_rounding.get(first, "up")
    rows = [
        (rounding, rounding == stated, in_words(fit))
        for rounding, fit in totals_by_rounding(reported).items()
    ]
    name = f"size of {first} rounded"
    return pd.DataFrame(rows, columns=[name, "stated", "numbers of images"]).set_index(name)


def said_of_sums(reported: Reported) -> list[str]:
    """Whether printed class counts and sizes of sets sum to what else is printed; nothing where none do."""
    sums = []
    if reported.split and reported.images:
        sums.append(("images of the sets", sum(reported.split.values()), sum(reported.images.values())))
    if reported.split and reported.class_counts.keys() >= reported.split.keys():
        for label, images in reported.images.items():
            counts = [reported.class_counts[name].get(label, 0) for name in reported.split]
            sums.append((f"images of {label} in the sets", sum(counts), images))
    sums += [
        (f"class counts of {name}", sum(counts.values()), reported.split[name])
        for name, counts in reported.class_counts.items()
        if name in reported.split
    ]
    return [
        f"the {what} sum to {given:,}"
        + (", as they must" if given == stated else f", but {stated:,} are stated")
        for what, given, stated in sums
    ]


def counts_table(allocations: Sequence[Allocation], labels: Sequence[str]) -> pd.DataFrame:
    """How many class counts were tried and fit, of each set alone and of all together.

    Returns
    -------
    pandas.DataFrame
        Index: reading of F1, and set or "all together". Columns ``tried``, ``that fit`` and, for each label, ``<label>
        perfect``: the share, by chance, of the fitting class counts in which every fitting matrix has all images of the
        class found and none falsely called; NaN where none fits.
    """
    rows = {}
    for each in allocations:
        for name, table in (*each.alone.items(), (TOGETHER, each.together)):
            tried = table.attrs.get("tried", np.prod([len(alone) for alone in each.alone.values()]))
            rows[each.reading, name] = {"tried": int(tried), "that fit": len(table)} | {
                f"{label} perfect": _share(table, label) for label in labels
            }
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis(["F1 as", "set"]) if len(table) else table


def _share(table: pd.DataFrame, label: str) -> float:
    if table.empty:
        return np.nan
    perfect = np.array([label in classes.split(",") for classes in table["perfect"]])
    chance = table["chance"].fillna(1.0)
    return float(chance[perfect].sum() / chance.sum())


def joint_record(
    reported: Reported, findings: Sequence[Finding], allocations: Sequence[Allocation]
) -> dict[str, Any]:
    """All of it as plain values, for a file."""
    labels = perfect_everywhere(findings)
    table = counts_table(allocations, labels)
    return {
        "totals": {"tried": list(reported.totals), "that fit": totals_by_rounding(reported)},
        "sums": said_of_sums(reported),
        "errors": [
            {"F1 as": reading, "folds as": together[0].folds, "classes": plain_rows(pooled(together))}
            for reading in fitting_readings(findings) or [""]
            for together in fitting_together(findings, reading)
            if together
        ],
        "class_counts": plain_rows(table.reset_index(), "records") if len(table) else [],
        "not searched": [each.problem for each in allocations if each.problem],
    }


def perfect_everywhere(findings: Sequence[Finding]) -> list[str]:
    """Classes without an error in any set, under the first reading that fits every set."""
    reading = next(iter(fitting_readings(findings)), "")
    together = next((each for each in fitting_together(findings, reading) if each), [])
    return without_error(together) if together else []
