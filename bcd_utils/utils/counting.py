"""Telling how far a long piece of work is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

OnProgress = Callable[[int, int], None]  # ``on_progress(done, total)``


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def counted_rows(table: pd.DataFrame, on_progress: OnProgress) -> Iterator[pd.Series]:
    """The rows of a table, counted as each is done with.

    Examples
    --------
    >>> table = pd.DataFrame({"id": ["a", "b"]})
    >>> for row in counted_rows(table, lambda done, total: print(f"{done} of {total}")):
    ...     print(row["id"])
    a
    1 of 2
    b
    2 of 2
    """
    for done, (_, row) in enumerate(table.iterrows(), start=1):
        yield row
        on_progress(done, len(table))
