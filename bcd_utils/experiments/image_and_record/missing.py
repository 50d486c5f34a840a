"""Whether what is missing in a record tells the class: then a model reads the table's gaps, not the patient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bcd_utils.datasets.records import Records
from bcd_utils.evaluation.format import with_interval
from bcd_utils.evaluation.means import share_interval
from bcd_utils.evaluation.score_differences import independent_difference
from bcd_utils.experiments.image_and_record.material import Material
from bcd_utils.utils.words import enumerated

MOST_TELLING = 2  # rows a value, on average, from which its telling the class is no luck


def missing_by_class(material: Material, confidence: float) -> pd.DataFrame:
    """How often each column is missing in each class, for the columns that are missing anywhere.

    Returns
    -------
    pandas.DataFrame
        Index: column and class. ``missing`` (0..1) with ``_low`` and ``_high`` over groups; ``difference`` to the
        images of the other classes with ``_low`` and ``_high``, at a confidence that holds for all rows at once
        (Bonferroni); ``leak``, whether that interval leaves 0 out.
    """
    missing, groups, labels = material.records.missing(), material.table["group"], material.table["label"]
    columns = [name for name in missing if missing[name].any()]
    tries = len(columns) * (len(material.classes) if len(material.classes) > 2 else 1)
    strict = 1 - (1 - confidence) / max(tries, 1)
    rows = {}
    for name in columns:
        for label in material.classes:
            inside = (labels == label).to_numpy()
            parts = [
                share_interval(missing[name][rows_of].to_numpy(float), groups[rows_of].to_numpy(), level)
                for rows_of, level in ((inside, confidence), (inside, strict), (~inside, strict))
            ]
            gap = independent_difference(*parts[1:])
            low, high = gap["low"], gap["high"]
            rows[name, label] = {
                "missing": parts[0]["value"], "missing_low": parts[0]["low"], "missing_high": parts[0]["high"],
                "difference": gap["value"], "difference_low": low, "difference_high": high,
                "leak": low is not None and (low > 0 or high < 0),
            }  # fmt: skip
    index = pd.MultiIndex.from_product([columns, material.classes], names=["column", "class"])
    shown = ["missing", "difference"]
    ends = [f"{name}{end}" for name in shown for end in ("", "_low", "_high")]
    return pd.DataFrame(list(rows.values()), index, [*ends, "leak"])


def telling_columns(records: Records, labels: pd.Series) -> list[str]:
    """Columns of which every value stands for one class alone: the outcome under another name, in all likelihood.

    Examples
    --------
    >>> values = pd.DataFrame({"code": ["1", "1", "2", "2"], "side": ["l", "r", "l", "r"]})
    >>> telling_columns(Records(values, {}), pd.Series(["benign", "benign", "malignant", "malignant"]))
    ['code']
    """
    found = []
    for name in records.values:
        known = ~records.missing()[name]
        of_value = labels[known].groupby(records.values[name][known])
        often = known.sum() >= MOST_TELLING * max(of_value.ngroups, 1)
        if of_value.ngroups > 1 and often and (of_value.nunique() == 1).all():
            found.append(name)
    return found


def leaks(table: pd.DataFrame) -> list[str]:
    """Columns whose gaps tell the class, from `missing_by_class`."""
    return list(dict.fromkeys(table.index[table["leak"].to_numpy(bool)].get_level_values("column")))


def said_of_missing(table: pd.DataFrame, classes: tuple[str, ...], gaps: Mapping[str, Any] | None) -> str:
    """What the gaps tell, in sentences; ``gaps``: the AUC of who sees them alone, with its interval."""
    if not len(table):
        return "No value is missing in any column."
    if not (named := leaks(table)):
        text = "In no column does what is missing differ between the classes by more than chance allows."
    else:
        text = f"**Leak by missingness**: in {enumerated(named)} what is missing tells the class. "
        for name in named:
            rows = table.loc[name]
            label = rows["difference"].abs().idxmax() if len(classes) > 2 else classes[-1]
            row = rows.loc[label]
            text += (
                f"{name} is missing in {row['missing']:.1%} of {label} images, "
                f"{with_interval(row, sign='+', name='difference')} more than in the others. "
            )
        text += (
            "Why is not told here: a model that uses such a column may have learned the habits of the table."
        )
    if gaps:
        text += f" Who sees nothing but which values are missing has an AUC of {with_interval(gaps)}."
    return text
