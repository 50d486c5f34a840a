"""Arrays on disk, read part after part, of which no more than a part stays in memory."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterable, Iterator

import numpy as np


def in_batches(array: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Yield the rows of an array in batches; a memory-mapped file's pages are given back after each.

    Parameters
    ----------
    array : ndarray, shape (n, ...)
    size : int
        Rows of a batch, the last of which may have fewer.

    Examples
    --------
    >>> [len(batch) for batch in in_batches(np.zeros((5, 2)), 2)]
    [2, 2, 1]
    """
    for start in range(0, len(array), size):
        yield array[start : start + size]
        release(array)


def one_by_one(array: np.ndarray, rows: Iterable[int] | None = None) -> Iterator[np.ndarray]:
    """Yield rows of an array, all of them by default, each as `in_batches` yields a batch."""
    for row in range(len(array)) if rows is None else rows:
        yield array[row]
        release(array)


def sha256_of_array(array: np.ndarray) -> str:
    """SHA-256 of an array's values in C order, whatever their type.

    Examples
    --------
    >>> sha256_of_array(np.arange(3)) == hashlib.sha256(np.arange(3).tobytes()).hexdigest()
    True
    """
    digest = hashlib.sha256()
    for batch in in_batches(array, 32):
        digest.update(batch.tobytes())
    return digest.hexdigest()


def release(array: np.ndarray) -> None:
    """Give back the memory of a read-only memory map; what is read again comes from the file again.

    Else every page that was ever read counts as this process's memory until the kernel runs short of it.
    Nothing happens to other arrays, nor where the system knows no such advice.
    """
    while isinstance(array.base, np.ndarray):
        array = array.base
    # A map that may be written to could be a private copy, whose changes would be lost.
    if isinstance(array.base, mmap.mmap) and not array.flags.writeable and hasattr(mmap, "MADV_DONTNEED"):
        array.base.madvise(mmap.MADV_DONTNEED)


def pooled(features: np.ndarray) -> np.ndarray:
    """Mean of each feature over the positions of the map, float32 (n, c), streaming over (n, h, w, c)."""
    means = np.empty((len(features), features.shape[-1]), np.float32)
    for place, row in enumerate(one_by_one(features)):
        means[place] = np.asarray(row, dtype=np.float32).mean(axis=(0, 1))
    return means
