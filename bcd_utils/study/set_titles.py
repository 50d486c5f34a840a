"""What the sets are called where people read of them: CLAIM 2024's words, since "validation" means two things."""

from __future__ import annotations

import pandas as pd

#: Files, columns, keys and settings keep the names on the left.
SET_TITLES = {"train": "training", "validation": "tuning", "test": "internal test"}


def with_set_titles(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose headings and row names that are a set's name are the set's title.

    Examples
    --------
    >>> with_set_titles(pd.DataFrame({"validation": [1], "in_validation": [2]}, index=["test"])).to_dict()
    {'tuning': {'internal test': 1}, 'in_tuning': {'internal test': 2}}
    """
    titles = SET_TITLES | {f"in_{name}": f"in_{title}" for name, title in SET_TITLES.items()}
    return table.rename(index=titles, columns=titles)
