"""Fewer numbers an image than its features are: random projections, and averages over places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bcd_utils.utils.memmap import in_batches, pooled

DIRECTIONS = 16


def projections(features: np.ndarray, ids: Sequence[str]) -> pd.DataFrame:
    """Random projections of each image's features: sums with signs that are drawn once and for all.

    The mean square of the projections of a difference is, on average, that difference's own square (Johnson and
    Lindenstrauss 1984; with signs, Achlioptas 2003): two runs whose projections are alike have features that are.

    Parameters
    ----------
    features : ndarray, shape (n, ...)
        May be memory-mapped.
    ids : sequence of str, length n

    Returns
    -------
    pandas.DataFrame
        Columns ``id`` and ``projection_1`` to ``projection_16``.

    Examples
    --------
    >>> table = projections(np.eye(2, 500, dtype=np.float32), ["a", "b"])
    >>> table.shape, table.drop(columns="id").abs().to_numpy().max()
    ((2, 17), np.float64(1.0))
    """
    values = int(np.prod(features.shape[1:]))
    # RandomState: its numbers are the same in every version of NumPy.
    signs = np.random.RandomState(0).randint(0, 2, (values, DIRECTIONS)).astype(np.float32) * 2 - 1
    rows = [
        np.asarray(batch, np.float32).reshape(len(batch), values) @ signs
        for batch in in_batches(features, 64)
    ]
    names = [f"projection_{number}" for number in range(1, DIRECTIONS + 1)]
    table = pd.DataFrame(np.concatenate(rows).astype(float).round(6), columns=names)
    table.insert(0, "id", list(ids))
    return table


def save_averages(features: np.ndarray, path: Path) -> None:
    """Write each image's features averaged over places, float32 (n, c), as a ``.npy`` file.

    Parameters
    ----------
    features : ndarray, shape (n, h, w, c)
        May be memory-mapped.
    path : Path
    """
    np.save(path, pooled(features))
