"""How many test images a model may have met in training, in another file."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bcd_utils.audit.duplicates import EXACT

THRESHOLDS = (0.99, 0.98, 0.95, 0.90)


def leak_counts(
    pairs: pd.DataFrame, split: pd.Series, groups: pd.Series, thresholds: Sequence[float] = THRESHOLDS
) -> pd.DataFrame:
    """Count the test images that have a copy in train or validation, from strict to generous.

    Parameters
    ----------
    pairs : pandas.DataFrame
        From `duplicates.find_pairs`; only pairs whose ``same`` is "yes" count as copies.
    split : pandas.Series of str
        Index: image ids; values "train", "validation", "test" (or something else: not counted).
    groups : pandas.Series of str
        Group of every id in ``split``, as joined.
    thresholds : sequence of float
        Least grey-level ``correlation`` of the two thumbnails; from strict to generous.

    Returns
    -------
    pandas.DataFrame
        Index ``copies``: "exact" (same file or pixels), "correlation >= 0.99" ..., "same group" (also through a
        chain of pairs). Columns ``test_images`` (with such a copy in train or validation), ``in_train``,
        ``in_validation`` (int, an image may be in both) and ``share`` (0..1 of all test images; NaN
        without any).

    Examples
    --------
    >>> pairs = pd.DataFrame({"id_a": ["a"], "id_b": ["b"], "kind": ["near copy"], "correlation": [0.97],
    ...                       "same": ["yes"]})
    >>> split = pd.Series({"a": "train", "b": "test", "c": "test"})
    >>> leak_counts(pairs, split, pd.Series({"a": "a", "b": "a", "c": "c"}))["test_images"].to_dict()
    {'exact': 0, 'correlation >= 0.99': 0, 'correlation >= 0.98': 0, 'correlation >= 0.95': 1,
     'correlation >= 0.90': 1, 'same group': 1}
    """
    same = pairs[pairs["same"] == "yes"]
    exact = same["kind"].isin(EXACT)
    chosen = {"exact": same[exact]}
    for threshold in thresholds:
        chosen[f"correlation >= {threshold:.2f}"] = same[exact | (same["correlation"] >= threshold)]
    train, validation, test = (split.index[split == name] for name in ("train", "validation", "test"))
    leaks = {
        name: [leaking(rows, test, seen) for seen in (train, validation)] for name, rows in chosen.items()
    }
    grouped = groups[test]
    leaks["same group"] = [set(grouped.index[grouped.isin(groups[seen])]) for seen in (train, validation)]
    counts = {name: [len(set.union(*parts)), *map(len, parts)] for name, parts in leaks.items()}
    columns = ["test_images", "in_train", "in_validation"]
    table = pd.DataFrame.from_dict(counts, orient="index", columns=columns).rename_axis("copies")
    table["share"] = table["test_images"] / (len(test) or float("nan"))
    return table


def leaking(pairs: pd.DataFrame, test: pd.Index, seen: pd.Index) -> set[str]:
    """Test images that are in a pair with an image of another set."""
    one, other = (pd.concat([pairs[a], pairs[b]]) for a, b in (("id_a", "id_b"), ("id_b", "id_a")))
    return set(one[one.isin(test) & other.isin(seen)])
