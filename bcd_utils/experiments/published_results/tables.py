"""Tables of published results: what fits each, what they state, and where they lie among measured arms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.evaluation.areas import area_from_counts
from bcd_utils.evaluation.format import Rounded, span
from bcd_utils.evaluation.means import wilson_interval
from bcd_utils.evaluation.printed_scores import of_classes
from bcd_utils.experiments.published_results.checks import UNCHECKED, Check, found_in_words
from bcd_utils.experiments.published_results.fits import Fit
from bcd_utils.experiments.published_results.rows import (
    BY_IMAGE,
    COPIES,
    GROUPED,
    KINDS,
    MASKS,
    NOT_STATED,
    REMOVED,
    USED,
    Published,
    Row,
)

FEW = 10  # matrices that can be looked through
TOLD, SOUND = (COPIES, USED, MASKS), (GROUPED, REMOVED, BY_IMAGE)


def rows_table(published: Published, checks: Mapping[str, Check], confidence: float) -> pd.DataFrame:
    """One row a result.

    Returns
    -------
    pandas.DataFrame
        Index ``row``. Columns: name, kind, source, known (joined by "; "), year, classes (joined by "|"), network's
        ``shown``, ``states``, ``place``, ``note``, ``read_again``; ``test_images``, ``stated`` (whether that is stated,
        else it is the smallest usual test set that fits); ``accuracy`` (printed, or implied where all matrices agree)
        with ``_low`` and ``_high``, ``implied``; ``auc`` of two classes likewise; ``outcome``, ``says``, ``tried``,
        ``fit`` (test sets), ``matrices_low`` and ``matrices_high``; ``recall`` and ``precision`` of the watched class,
        lowest and highest over all that fits; ``sizes``, ``number_of_sizes``.
    """
    rows = {}
    for key, row in published.rows.items():
        check = checks[key]
        usual = [fit for fit in check.fits if not fit.drawn] or check.fits
        images, stated = _test_images(row, usual)
        rows[key] = {
            "name": row.name, "kind": row.kind, "source": row.source, "known": "; ".join(row.known),
            "year": row.year, "classes": "|".join(row.classes), "shown": row.shown, "states": row.states,
            "place": row.place, "note": row.note, "read_again": row.read_again,
            "test_images": images, "stated": stated,
            **_accuracy(row, usual, images, confidence), **_area(row, published.positive, confidence),
            "outcome": check.outcome, "says": check.says, "tried": check.tried, "fit": check.fitting,
            **_ends("matrices", [fit.matrices for fit in check.fits if fit.matrices is not None]),
            **_watched(check.fits, published.watched),
            "sizes": check.sizes, "number_of_sizes": check.number_of_sizes,
        }  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("row")
    whole = ["year", "test_images", "matrices_low", "matrices_high", "number_of_sizes"]
    return table.astype(dict.fromkeys(whole, "Int64"))


def _test_images(row: Row, usual: list[Fit]) -> tuple[int | None, bool]:
    known = sum(row.test.values()) or row.test_images
    if known:
        return known, True
    sizes = [sum(fit.counts.values()) for fit in usual]
    return (min(sizes), False) if sizes else (None, False)


def _accuracy(row: Row, usual: list[Fit], images: int | None, confidence: float) -> dict[str, Any]:
    value, implied = None, False
    if "accuracy" in row.scores:
        value = Rounded.read(row.scores["accuracy"]).value
    elif usual and all(fit.matrices and fit.accuracy[0] == fit.accuracy[1] for fit in usual):
        values = {fit.accuracy[0] for fit in usual}
        value, implied = (values.pop(), True) if len(values) == 1 else (None, False)
    low, high = wilson_interval(value * images, images, confidence) if value and images else (None, None)
    return {"accuracy": value, "accuracy_low": low, "accuracy_high": high, "implied": implied}


def _area(row: Row, positive: str, confidence: float) -> dict[str, Any]:
    low = high = value = None
    if len(row.classes) == 2 and "auc" in row.scores:
        value = Rounded.read(row.scores["auc"]).value
        if row.test:
            positives = row.test.get(positive, next(iter(row.test.values())))
            low, high = area_from_counts(value, positives, sum(row.test.values()) - positives, confidence)
    return {"auc": value, "auc_low": low, "auc_high": high}


def _ends(name: str, values: list) -> dict[str, Any]:
    return {f"{name}_low": min(values, default=None), f"{name}_high": max(values, default=None)}


def _watched(fits: list[Fit], label: str) -> dict[str, Any]:
    found = np.array([fit.classes[label] for fit in fits if label in fit.classes]).reshape(-1, 4)
    ends = {
        "recall_low": found[:, 0], "recall_high": -found[:, 1],
        "precision_low": found[:, 2], "precision_high": -found[:, 3],
    }  # fmt: skip
    return {name: abs(values.min()) if len(values) else None for name, values in ends.items()}


def shown_table(table: pd.DataFrame, watched: str) -> pd.DataFrame:
    """Some columns of `rows_table` for reading."""
    shown = table[["name"]].copy()
    shown["accuracy"] = [
        "" if pd.isna(value) else f"{value:.4f}".rstrip("0") + (" (implied)" if implied else "")
        for value, implied in zip(table["accuracy"], table["implied"], strict=True)
    ]
    shown["what fits"] = [found_in_words(row.outcome, row.says) for row in table.itertuples()]
    shown["test sets"] = [f"{row.fit:,} of {row.tried:,}" if row.tried else "" for row in table.itertuples()]
    for column, heading in {
        "matrices": "matrices",
        "recall": f"{watched}: recall",
        "precision": "precision",
    }.items():
        digits = 0 if column == "matrices" else 2
        shown[heading] = [
            "" if pd.isna(low) else span(low, high, digits)
            for low, high in zip(table[f"{column}_low"], table[f"{column}_high"], strict=True)
        ]
    shown["states"] = [
        f"states that {row.states} ({row.place})" if row.states else "" for row in table.itertuples()
    ]
    return shown


def fits_table(checks: Mapping[str, Check]) -> pd.DataFrame:
    """Every test set and reading that fits a row, a row each; cells as fewest and most of each, row by row."""
    rows = []
    for key, check in checks.items():
        for fit in check.fits:
            cells = [span(low, high, 0) for line in fit.cells for low, high in line]
            rows.append(
                {
                    "row": key,
                    "test_set": fit.how,
                    "classes": "|".join(fit.counts),
                    "images": "|".join(map(str, fit.counts.values())),
                    "drawn": fit.drawn,
                    "copied": fit.copied,
                    "F1_as": fit.reading,
                    "scores_are": fit.average,
                    "digits": fit.rounding,
                    "matrices": fit.matrices,
                    "cells": "|".join(cells),
                }
            )
    return pd.DataFrame(rows).astype({"matrices": "Int64"}) if rows else pd.DataFrame(columns=["row"])


def quality_table(published: Published, checks: Mapping[str, Check]) -> pd.DataFrame:
    """How many rows state what a reader needs, those of which more than an abstract was read apart.

    Returns
    -------
    pandas.DataFrame of int
        Index: what; columns ``all``, ``more than the abstract read``, ``no more than the abstract``. The first counts
        the rows.
    """
    averaged = set(of_classes())

    def said(key: str, row: Row) -> dict[str, bool]:
        check = checks[key]
        matrices = [fit.matrices for fit in check.fits]
        return {
            "rows": True,
            "what was split (images, groups)": row.split != NOT_STATED,
            "what was done about copies": row.copies in ("removed", "kept together"),
            "when images were augmented": row.augmented != NOT_STATED,
            "what the network is shown": row.shown != NOT_STATED,
            "number of test images": bool(row.test or row.test_images),
            "test images of each class": bool(row.test),
            "seed": row.seed != NOT_STATED,
            "how F1 and the like are averaged": not averaged & set(row.scores) and bool(row.scores),
            "confusion matrix": bool(row.matrix),
            "own code": row.code == "own",
            "enough to be checked": check.outcome != UNCHECKED,
            f"enough to leave {FEW} matrices at most": bool(matrices)
            and None not in matrices
            and sum(filter(None, matrices)) <= FEW,
        }

    table = pd.DataFrame({key: said(key, row) for key, row in published.rows.items()}).T
    more = np.array([row.beyond_abstract for row in published.rows.values()])
    columns = {
        "all": table,
        "more than the abstract read": table[more],
        "no more than the abstract": table[~more],
    }
    return (
        pd.DataFrame({name: part.sum() for name, part in columns.items()}).astype(int).rename_axis("stated")
    )


def within_table(table: pd.DataFrame, arms: pd.DataFrame) -> pd.DataFrame:
    """How many rows of each kind have an accuracy that an arm reached: between its lowest and its highest split.

    Returns
    -------
    pandas.DataFrame of int
        Index: the arms' titles; columns: the kinds that occur, and ``all``.
    """
    kinds = [kind for kind in KINDS if kind in set(table["kind"])]
    rows = {}
    for arm in arms.itertuples():
        inside = table[table["accuracy"].between(arm.accuracy_low, arm.accuracy_high)]
        rows[arm.title] = {kind: int((inside["kind"] == kind).sum()) for kind in kinds} | {"all": len(inside)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*kinds, "all"]).rename_axis("arm")


def overlap(table: pd.DataFrame) -> dict[str, Any]:
    """Where accuracies of rows that state a shortcut and of rows that state none lie together.

    Returns
    -------
    dict
        ``low`` and ``high`` of the band that both reach, and how many rows ``with`` and ``without`` lie in it; empty
        where they do not meet.
    """
    accuracies = table.dropna(subset=["accuracy"])
    told, sound = (accuracies.loc[accuracies["kind"].isin(kinds), "accuracy"] for kinds in (TOLD, SOUND))
    if told.empty or sound.empty or told.min() > sound.max():
        return {}
    low, high = float(told.min()), float(sound.max())
    return {
        "low": low, "high": high,
        "with": int(told.between(low, high).sum()), "without": int(sound.between(low, high).sum()),
    }  # fmt: skip


def copies_table(published: Published, measured: Mapping[str, Any]) -> pd.DataFrame:
    """What others say of copies, beside what was measured here; None where not said."""
    rows = {
        key: {"name": each.name, "rule": each.rule, "images with a copy": each.with_a_copy, "groups": each.groups,
              "says": each.says, "source": each.source}
        for key, each in published.criticisms.items()
    }  # fmt: skip
    if own := measured["copies"]:
        rows["here"] = {
            "name": "this project", "rule": own["rule"], "images with a copy": own["with_a_copy"],
            "groups": own["groups"], "says": "", "source": "",
        }  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("")
    return table.astype({"images with a copy": "Int64", "groups": "Int64"}) if len(table) else table
