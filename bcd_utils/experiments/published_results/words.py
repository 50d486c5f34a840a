"""What published results say together: the record for ``summary.json``, and sentences made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bcd_utils.evaluation.format import number, plain_rows
from bcd_utils.experiments.published_results.checks import NONE_FOUND, OUTCOMES, Check
from bcd_utils.experiments.published_results.measured import arms_table
from bcd_utils.experiments.published_results.rows import Published
from bcd_utils.experiments.published_results.tables import copies_table, overlap, quality_table, within_table


def published_record(
    published: Published, checks: Mapping[str, Check], measured: Mapping[str, Any], table: pd.DataFrame
) -> dict[str, Any]:
    """All of it as plain values, for a file; ``table`` is that of `tables.rows_table`."""
    arms = arms_table(measured)
    perfect = (table["recall_low"] == 1) & (table["precision_low"] == 1)
    return {
        "data": published.data,
        "rows": len(table),
        "kinds": table["kind"].value_counts().to_dict(),
        "outcomes": table["outcome"].value_counts().to_dict(),
        "read_again": table["read_again"].value_counts().to_dict(),
        "test_sets_tried": int(table["tried"].sum()),
        "readings_with_too_many_matrices": sum(check.untried for check in checks.values()),
        "none_found": {key: checks[key].says for key in table.index[table["outcome"] == NONE_FOUND]},
        "further_that_fit_nothing": {
            key: names
            for key, check in checks.items()
            if (names := [name for name, fits in check.further.items() if not fits])
        },
        "watched": published.watched,
        "watched_without_error": list(table.index[perfect]),
        "quality": plain_rows(quality_table(published, checks)),
        "overlap": overlap(table),
        "arms": plain_rows(arms),
        "within": plain_rows(within_table(table, arms)),
        "network": measured.get("network", ""),
        "copies": plain_rows(copies_table(published, measured).astype(object)),
    }


def said_of_published(record: Mapping[str, Any]) -> str:
    """What stands in the record, in a few sentences.

    Examples
    --------
    >>> quality = {"what was split (images, groups)": {"all": 1}, "what was done about copies": {"all": 0}}
    >>> record = {"data": "BUSI", "rows": 2, "outcomes": {"fits": 1, "fits only if": 1}, "quality": quality}
    >>> print(said_of_published(record | {"overlap": {}}))
    Of 2 published results on BUSI, a matrix fits 1 as printed and 1 only under a condition, none was found for 0, \
and 0 cannot be checked. What was split is stated by 1, what was done about copies by 0.
    """
    sure, under, none, unchecked = (record["outcomes"].get(outcome, 0) for outcome in OUTCOMES)
    split, copies = (
        record["quality"][what]["all"]
        for what in ("what was split (images, groups)", "what was done about copies")
    )
    text = (
        f"Of {record['rows']:,} published results on {record['data']}, a matrix fits {sure} as printed and {under} "
        f"only under a condition, none was found for {none}, and {unchecked} cannot be checked. "
        f"What was split is stated by {split}, what was done about copies by {copies}."
    )
    if band := record["overlap"]:
        text += (
            f" From {number(band['low'])} to {number(band['high'])} lie {band['with']} that state masks, copies made "
            f"before the split or test images used before, and {band['without']} that state another split and none of "
            "these: there an accuracy alone does not tell how it came about."
        )
    return text
