"""Going through many images: on several cores, taken in order, and telling how far it is."""

from __future__ import annotations

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import pandas as pd

OnProgress = Callable[[int, int], None]  # ``on_progress(done, total)``
Item = TypeVar("Item")
Result = TypeVar("Result")

#: Decoding leaves Python alone for two thirds of its time: more threads than these would wait for each other.
MOST_THREADS = 4


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def each(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    total: int,
    take: Callable[[Result], object],
    on_progress: OnProgress = silent,
) -> None:
    """Take what ``work`` makes of each item, in their order, while threads make what comes next.

    As many results are held as there are threads.

    Parameters
    ----------
    work : callable
        Follows from its argument alone; what it raises is raised here, when its item's turn comes.
    items : iterable
    total : int
        How many items.
    take : callable
        ``take(result)``, in this thread.

    Examples
    --------
    >>> taken = []
    >>> each(str.upper, ["a", "b"], 2, taken.append, lambda done, total: print(f"{done} of {total}"))
    1 of 2
    2 of 2
    >>> taken
    ['A', 'B']
    """
    threads = min(os.cpu_count() or 1, MOST_THREADS)
    left = iter(items)
    ahead: deque[Future[Result]] = deque()
    # Readers silence warnings while they read; of two that do so at once, one would leave it at that.
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        try:
            ahead.extend(pool.submit(work, item) for item in islice(left, threads))
            for done in range(1, total + 1):
                result = ahead.popleft().result()
                ahead.extend(pool.submit(work, item) for item in islice(left, 1))
                take(result)
                on_progress(done, total)
        finally:
            for future in ahead:
                future.cancel()


def each_row(
    work: Callable[[pd.Series], Result],
    table: pd.DataFrame,
    take: Callable[[Result], object],
    on_progress: OnProgress = silent,
) -> None:
    """`each` of the rows of a table."""
    each(work, (row for _, row in table.iterrows()), len(table), take, on_progress)
