"""Test images with a copy in train or validation, counted by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from bcd_utils.audit.leakage import leak_counts

SPLIT = pd.Series(
    {
        "t1": "test",
        "t2": "test",
        "t3": "test",
        "t4": "test",
        "a": "train",
        "b": "train",
        "v": "validation",
        "x": "",
    }
)
ALONE = pd.Series(SPLIT.index, index=SPLIT.index)


def pairs(*rows):
    return pd.DataFrame(rows, columns=["id_a", "id_b", "kind", "correlation", "same"])


TABLE = pairs(
    ("a", "t1", "same file", 1.0, "yes"),
    ("t1", "v", "near copy", 0.985, "yes"),
    ("t2", "b", "near copy", 0.95, "yes"),
    ("t3", "a", "near copy", 0.99, "no"),
    ("t3", "t4", "near copy", 0.999, "yes"),
    ("a", "b", "near copy", 0.999, "yes"),
    ("t4", "x", "near copy", 0.999, "yes"),
)


def test_counts_grow_from_exact_to_generous():
    table = leak_counts(TABLE, SPLIT, ALONE)
    assert table["test_images"].tolist() == [1, 1, 1, 2, 2, 0]
    assert table["in_train"].tolist() == [1, 1, 1, 2, 2, 0]
    assert table["in_validation"].tolist() == [0, 0, 1, 1, 1, 0]
    assert table["share"].tolist() == [0.25, 0.25, 0.25, 0.5, 0.5, 0.0]


def test_a_mirrored_pair_of_equal_pixels_counts_as_exact_at_any_correlation():
    table = leak_counts(pairs(("a", "t1", "same pixels", 0.5, "yes")), SPLIT, ALONE, thresholds=[0.99])
    assert table["test_images"].tolist() == [1, 1, 0]


def test_a_group_leaks_through_a_chain():
    groups = ALONE.copy()
    groups[["t1", "t2", "v"]] = "t1"
    table = leak_counts(pairs(), SPLIT, groups)
    assert table.loc["same group"].to_dict() == {
        "test_images": 2,
        "in_train": 0,
        "in_validation": 2,
        "share": 0.5,
    }


def test_a_split_by_group_does_not_leak():
    split = pd.Series({"a": "train", "b": "train", "c": "test", "d": "test"})
    groups = pd.Series({"a": "a", "b": "a", "c": "c", "d": "c"})
    table = leak_counts(
        pairs(("a", "b", "same file", 1.0, "yes"), ("c", "d", "same file", 1.0, "yes")), split, groups
    )
    assert (table["test_images"] == 0).all()


@pytest.mark.parametrize("thresholds", [(0.9,), (0.99, 0.5)])
def test_thresholds_name_the_rows(thresholds):
    rows = leak_counts(TABLE, SPLIT, ALONE, thresholds).index.tolist()
    assert rows == ["exact", *[f"correlation >= {value:.2f}" for value in thresholds], "same group"]
