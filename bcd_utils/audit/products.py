"""Thumbnails whose product is large, found without multiplying all pixels of every two.

Fine strands add little to a product, so a thumbnail's low frequencies and the length of what is left bound it: by
Cauchy and Schwarz, x y <= low(x) low(y) + |rest(x)| |rest(y)|, for a cosine transform keeps products (Ahmed, Natarajan
and Rao 1974, doi:10.1109/T-C.1974.223784). Only what the bound leaves possible is multiplied in full, so the result is
that of all with all. Trees rule out nothing here: two unlike thumbnails are about as far apart as any two.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bcd_utils.audit.neighbours import BLOCK, Pairs

LOW = 32  # frequencies across and down that are kept, of 64: see docs/speed.md
ROUNDING = 1e-5  # of a product of rows of length 1, float32
TOGETHER = 4096  # pairs multiplied at once


class Rows:
    """Thumbnails as rows of length 1, or 0 where even, and their sketches.

    Parameters
    ----------
    rows : ndarray, float32, shape (n, side * side)
    """

    def __init__(self, rows: np.ndarray):
        self.rows = rows
        blocks = [sketches(rows[start : start + BLOCK]) for start in range(0, len(rows), BLOCK)]
        self.sketches = np.concatenate(blocks)

    def alike(self, others: np.ndarray, lowest: float) -> Iterator[Pairs]:
        """Places (of the others, of these), int (p, 2), whose product is at least ``lowest``, block by block."""
        for start in range(0, len(others), BLOCK):
            block = others[start : start + BLOCK]
            possible = np.argwhere(sketches(block) @ self.sketches.T >= lowest - ROUNDING)
            yield possible[self.products(block, possible) >= lowest] + [start, 0]

    def best(self) -> np.ndarray:
        """Largest product of each row with another, float (n,); -1 where there is no other."""
        best = np.full(len(self.rows), -1.0)
        for start in range(0, len(self.rows), BLOCK):
            own = np.arange(start, min(start + BLOCK, len(self.rows)))
            bounds = self.sketches[own] @ self.sketches.T
            bounds[own - start, own] = -1
            likely = bounds.argmax(axis=1)
            best[own] = np.where(likely == own, -1, products(self.rows[own], self.rows[likely]))
            possible = np.argwhere(bounds > best[own, None]) + [start, 0]
            found = self.products(self.rows, possible)
            np.maximum.at(best, possible[:, 0], found)  # type: ignore[arg-type]  # its stub knows whole numbers only
        return best

    def products(self, others: np.ndarray, pairs: Pairs) -> np.ndarray:
        """Product of each pair (place of another, place of these), float32 (p,)."""
        found = np.empty(len(pairs), np.float32)
        for start in range(0, len(pairs), TOGETHER):
            first, second = pairs[start : start + TOGETHER].T
            found[start : start + TOGETHER] = products(others[first], self.rows[second])
        return found


def sketches(rows: np.ndarray) -> np.ndarray:
    """Low frequencies of each row and the length of the rest, float32 (n, k): products bound those of the rows.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(9, 4096)).astype(np.float32)
    >>> rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    >>> bool((sketches(rows) @ sketches(rows).T >= rows @ rows.T - ROUNDING).all())
    True
    """
    from scipy.fft import dctn

    side = round(rows.shape[1] ** 0.5)
    waves = dctn(rows.reshape(-1, side, side), axes=(1, 2), norm="ortho")
    low = waves[:, :LOW, :LOW].reshape(len(rows), -1)
    rest = products(rows, rows) - products(low, low)
    return np.column_stack([low, np.sqrt(np.maximum(rest, 0))])


def products(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Row by row."""
    return np.einsum("ij,ij->i", first, second)
