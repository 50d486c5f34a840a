"""Scores of each rival and split on all three sets, and where a printed row lies among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.datasets.splits import SETS
from bcd_utils.evaluation.counts import Predictions
from bcd_utils.evaluation.format import as_text, number, span
from bcd_utils.evaluation.metric_registry import capital, main_metrics, named, paper_metrics
from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.consistency import place_among
from bcd_utils.experiments.paper_forensics.matrices import Finding, pooled
from bcd_utils.experiments.rival_explanations.declared import Rival
from bcd_utils.experiments.rival_explanations.training import Outcome

DIGITS = 4  # as the paper rounds, so that equal counts are equal numbers


def printed_row(reported: Reported, fitting: Sequence[Finding], asked: Sequence[str]) -> dict[str, float]:
    """A publication's scores of all three sets, and what all matrices that fit them say of the classes asked after.

    Parameters
    ----------
    asked : sequence of str
        Those of `matrices.without_error`.

    Returns
    -------
    dict of str to float
        ``<set>_<metric>`` as printed; ``<set>_recall_<class>`` and ``<set>_false_<class>``, the number of other images
        called so; ``perfect_all``, 1 where classes are asked after, which have no error in any set.
    """
    row = {
        f"{name}_{metric}": float(reported.reported[name][metric])
        for name in SETS
        for metric in paper_metrics()
    }
    implied = {each.set: pooled([each]) for each in reversed(fitting)}  # of several readings of F1, the first
    for label in asked:
        for name in SETS:
            counts = implied[name].loc[label]
            row[f"{name}_recall_{label}"] = float(counts["found_low"] / counts["images"])
            row[f"{name}_false_{label}"] = float(counts["false_high"])
    return row | ({"perfect_all": 1.0} if asked else {})


def rival_scores(
    chosen: Sequence[Rival],
    outcomes: Mapping[str, Outcome],
    classes: Sequence[str],
    asked: Sequence[str],
    best_of: int,
) -> pd.DataFrame:
    """One row a rival and split.

    Parameters
    ----------
    asked : sequence of str
        Classes whose recall and false calls tell what the network was shown, such as those whose masks are empty.
    best_of : int
        Splits of which the luckiest is taken, block after block of those of plain images.

    Returns
    -------
    pandas.DataFrame
        Columns rival, split, the columns of `printed_row` and, where classes are asked after, ``perfect_test`` and
        ``perfect_all`` (bool): all images of these classes found and no other called so, on test, or in all sets.
    """
    parts: list[pd.DataFrame] = []
    for rival in chosen:
        if rival.luckiest:
            parts.append(_luckiest(parts[0], best_of).assign(rival=rival.name))
            continue
        each = outcomes[rival.name]
        rows = [
            _scored(each.labels, sets, probabilities, classes, asked)
            for sets, probabilities in zip(each.sets, each.probabilities, strict=True)
        ]
        part = pd.DataFrame(rows).round(DIGITS)
        part.insert(0, "rival", rival.name)
        part.insert(1, "split", range(len(part)))
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _luckiest(plain: pd.DataFrame, best_of: int) -> pd.DataFrame:
    """Of each block of splits, the one with the highest test accuracy; the first of several."""
    blocks = np.arange(len(plain)) // best_of
    whole = blocks < len(plain) // best_of
    return plain.loc[plain.loc[whole, "test_accuracy"].groupby(blocks[whole]).idxmax()]


def _scored(labels, sets, probabilities, classes, asked) -> dict[str, float]:
    scores: dict[str, float] = {}
    perfect: dict[str, bool] = {}
    values = named(classes)
    for code, name in enumerate(SETS):
        rows = sets == code
        given = Predictions(labels[rows], probabilities[rows])
        scores |= {f"{name}_{metric}": float(values[metric].value(given)) for metric in paper_metrics()}
        for label in asked:
            column = list(classes).index(label)
            scores[f"{name}_recall_{label}"] = float(given.recall[column])
            scores[f"{name}_false_{label}"] = float(given.predicted[column] - given.hits[column])
            right = scores[f"{name}_recall_{label}"] == 1 and scores[f"{name}_false_{label}"] == 0
            perfect[name] = perfect.get(name, True) and right
    return scores | ({"perfect_test": perfect["test"], "perfect_all": all(perfect.values())} if asked else {})


def rivals_table(scores: pd.DataFrame, titles: Mapping[str, str]) -> pd.DataFrame:
    """Mean and range of each rival over its splits, on test.

    Returns
    -------
    pandas.DataFrame
        Index ``rival``; columns ``title``, ``splits``; the metrics that the paper prints and ``recall_<class>``, each
        with ``_low`` and ``_high`` (lowest and highest), ``false_<class>`` likewise, ``perfect_test``, ``perfect_all``
        (shares of splits).
    """
    of_test = [column for column in scores if column.startswith("test_")]
    rows = {}
    for name, part in scores.groupby("rival", sort=False):
        row: dict[str, object] = {"title": titles[str(name)], "splits": len(part)}
        for column in of_test:
            short = column.removeprefix("test_")
            row |= {short: part[column].mean(), f"{short}_low": part[column].min()}
            row[f"{short}_high"] = part[column].max()
        row |= {column: part[column].mean() for column in ("perfect_test", "perfect_all") if column in part}
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rival")


def ranges_in_words(table: pd.DataFrame, headings: Mapping[str, str]) -> pd.DataFrame:
    """The table of `rivals_table` for reading: mean (lowest to highest), so that no range is taken for an interval.

    Examples
    --------
    >>> table = pd.DataFrame({"kappa": [0.5], "kappa_low": [0.25], "kappa_high": [0.75], "perfect_all": [0.1]})
    >>> ranges_in_words(table, {"kappa": "kappa", "perfect_all": "perfect"}).values.tolist()
    [['0.500 (0.250 to 0.750)', '0.100']]
    """
    text = as_text(table.drop(columns=[name for name in table if name.endswith(("_low", "_high"))]), headings)
    for column, heading in headings.items():
        if f"{column}_low" in table:
            ends = table[[column, f"{column}_low", f"{column}_high"]].itertuples(index=False)
            text[heading] = [f"{number(mean)} ({span(low, high)})" for mean, low, high in ends]
    return text


def places_table(scores: pd.DataFrame, row: Mapping[str, float], confidence: float) -> pd.DataFrame:
    """Where a printed row lies among each rival's splits, over all sets and columns at once.

    Splits that leave a score undefined, such as a validation set that lacks a class, take no part.

    Returns
    -------
    pandas.DataFrame
        Index ``rival``; columns ``compared`` (splits), ``p`` of `consistency.place_among`, ``farthest`` (words) and
        ``place``: "outside" where p is at most 1 - ``confidence``, else "inside"; "too few splits" where p could not be
        so small.
    """
    columns, rows = list(row), {}
    printed = np.array(list(row.values()), float).round(DIGITS)
    for name, part in scores.groupby("rival", sort=False):
        values = part[columns].dropna().to_numpy(float)
        least, place = 1 / (len(values) + 1), "too few splits"
        found = place_among(values, printed) if len(values) else None
        if found and least <= 1 - confidence + 1e-12:
            place = "outside" if found.p <= 1 - confidence + 1e-12 else "inside"
        farthest = in_words(columns[found.farthest]) if found and found.farthest >= 0 else ""
        rows[name] = {
            "compared": len(values),
            "p": found.p if found else np.nan,
            "farthest": farthest,
            "place": place,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rival")


def in_words(column: str) -> str:
    """A column of `printed_row` as readers see it.

    Examples
    --------
    >>> in_words("train_roc_auc"), in_words("test_false_normal"), in_words("perfect_all")
    ('ROC AUC, train', 'false normal, test', 'perfect, all three')
    """
    name, _, metric = column.partition("_")
    kind, _, label = metric.partition("_")
    if name == "perfect":
        return "perfect, all three"
    word = {"recall": f"recall of {label}", "false": f"false {label}"}.get(kind)
    return f"{word or main_metrics().get(metric, capital(metric))}, {name}"
