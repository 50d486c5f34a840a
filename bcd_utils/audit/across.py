"""Images of one source that are in another too: the same file, the same pixels, or a near copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from bcd_utils.audit.duplicates import CROPS, EXACT, best_views, detail_rows, mirrored
from bcd_utils.audit.neighbours import Pairs
from bcd_utils.audit.products import Rows

COLUMNS = ("id_a", "id_b", "kind", "correlation", "detail")
Views = Mapping[float, np.ndarray]


def copies_across(
    first: pd.DataFrame, second: pd.DataFrame, views: tuple[Views, Views], threshold: float
) -> pd.DataFrame:
    """Pairs of an image of one source and an image of another that show the same thing.

    Parameters
    ----------
    first, second : pandas.DataFrame
        Columns id, sha256 and pixels_sha256 ("" where unknown), one row an image.
    views : tuple of two mappings
        `duplicates.thumbnails` of each.
    threshold : float
        Pairs with at least this ``detail`` are copies, as are those with equal files or pixels.

    Returns
    -------
    pandas.DataFrame
        Columns `COLUMNS`: ids of the first and of the second source, one of `duplicates.KINDS`, and the two
        correlations (-1..1) as in `duplicates.find_pairs`; exact copies first, then the most alike.
    """
    files, pixels = (equal(first[column], second[column]) for column in ("sha256", "pixels_sha256"))
    nominated = [files, pixels, *nominations(*views, threshold)]
    pairs = np.unique(np.concatenate(nominated), axis=0)
    stacked = {share: np.concatenate([views[0][share], views[1][share]]) for share in views[0]}
    table = best_views(stacked, pairs + [0, len(first)]).round({"correlation": 4, "detail": 4})
    for exact, equals in zip(EXACT[::-1], (pixels, files), strict=True):  # the same file has the same pixels
        table.loc[among(pairs, equals, len(second)), "kind"] = exact
    table["id_a"], table["id_b"] = first["id"].to_numpy()[pairs[:, 0]], second["id"].to_numpy()[pairs[:, 1]]
    exact = table["kind"].isin(EXACT)
    table = table.assign(later=~exact)[exact | (table["detail"] >= threshold)]
    order = {"by": ["later", "detail"], "ascending": [True, False], "kind": "stable"}
    return table.sort_values(**order, ignore_index=True)[list(COLUMNS)]


def equal(first: pd.Series, second: pd.Series) -> Pairs:
    """Places (of the first, of the second) of equal values; those that are "" equal none.

    Examples
    --------
    >>> equal(pd.Series(["x", "", "y"]), pd.Series(["", "y", "x", "y"])).tolist()
    [[0, 2], [2, 1], [2, 3]]
    """
    left, right = (
        pd.DataFrame({"value": values.to_numpy(), "place": np.arange(len(values))}).query("value != ''")
        for values in (first, second)
    )
    return left.merge(right, on="value")[["place_x", "place_y"]].to_numpy(int).reshape(-1, 2)


def among(pairs: Pairs, some: Pairs, width: int) -> np.ndarray:
    """Which pairs are among some others, bool (n,)."""
    numbers, sought = (each @ np.array([width, 1]) for each in (pairs, some))
    return np.isin(numbers, sought)


def nominations(first: Views, second: Views, lowest: float) -> Iterator[Pairs]:
    """Pairs that are alike in some view, block by block: memory grows with the images, not with their pairs."""
    one, other = Rows(detail_rows(first[1.0])), Rows(detail_rows(second[1.0]))
    yield from other.alike(one.rows, lowest)
    yield from other.alike(mirrored(one.rows), lowest)
    for share in CROPS:
        yield from other.alike(detail_rows(first[share]), lowest)
        yield from (pairs[:, ::-1] for pairs in one.alike(detail_rows(second[share]), lowest))
