"""Train, validation and test sets: the paper's sizes, nothing lost, nothing twice."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcd_utils.errors import StudyError
from bcd_utils.splits import SETS, crossing_duplicates, split_images, split_table


def manifest(set_aside: int = 0, **counts: int) -> pd.DataFrame:
    labels = [label for label, count in counts.items() for _ in range(count)]
    status = ["ok"] * (len(labels) - set_aside) + ["empty file"] * set_aside
    return pd.DataFrame({"id": [str(row) for row in range(len(labels))], "label": labels, "status": status})


BUSI = manifest(benign=437, malignant=210, normal=133)


def test_busi_is_split_as_the_paper_says():
    table = split_table(BUSI.assign(split=split_images(BUSI)))
    assert table.columns.tolist() == ["train", "validation", "test", "all"]
    assert table.to_dict("index") == {
        "benign": {"train": 333, "validation": 38, "test": 66, "all": 437},
        "malignant": {"train": 161, "validation": 18, "test": 31, "all": 210},
        "normal": {"train": 102, "validation": 11, "test": 20, "all": 133},
        "all": {"train": 596, "validation": 67, "test": 117, "all": 780},
    }


@settings(max_examples=30, deadline=None)
@given(
    counts=st.tuples(*[st.integers(30, 90)] * 3),
    set_aside=st.integers(0, 8),
    seed=st.integers(0, 2**32 - 1),
    fractions=st.tuples(st.floats(0.15, 0.4), st.floats(0.15, 0.4)),
    first_row=st.integers(0, 1000),
)
def test_every_usable_image_is_in_one_set_and_classes_keep_their_share(
    counts, set_aside, seed, fractions, first_row
):
    images = manifest(set_aside, **dict(zip("abc", counts, strict=True)))
    images.index += first_row
    split = split_images(images, *fractions, seed=seed)
    usable = images["status"] == "ok"
    assert split.index.equals(images.index)
    assert split[usable].isin(SETS).all() and (split[~usable] == "").all()
    size = split.value_counts()
    test = math.ceil(usable.sum() * fractions[0])
    assert size["test"] == test
    assert size["validation"] == math.ceil((usable.sum() - test) * fractions[1])
    shares = pd.crosstab(images["label"][usable], split[usable])
    expected = images["label"][usable].value_counts() / usable.sum()
    for name in SETS:
        assert (abs(shares[name] - expected * size[name]) <= 2).all()


def test_the_seed_alone_decides():
    assert split_images(BUSI, seed=7).equals(split_images(BUSI.copy(), seed=7))
    assert not split_images(BUSI, seed=7).equals(split_images(BUSI, seed=8))


def test_images_set_aside_do_not_change_the_split_of_the_others():
    more = pd.concat([BUSI, BUSI.head(20).assign(status="empty file")], ignore_index=True)
    split = split_images(more)
    assert split[:780].tolist() == split_images(BUSI).tolist()
    assert set(split[780:]) == {""}


def test_without_stratification_the_shares_may_differ():
    split = split_images(BUSI, stratify=False)
    assert split.value_counts().to_dict() == {"train": 596, "test": 117, "validation": 67}
    assert not split.equals(split_images(BUSI))


@pytest.mark.parametrize("counts", [{"a": 1, "b": 50}, {"a": 2, "b": 2}, {"a": 1}, {"a": 3, "b": 3, "c": 3}])
def test_too_few_images_are_refused_with_their_number(counts):
    number = sum(counts.values())
    with pytest.raises(StudyError, match=f"The {number} images cannot be split .*To fix: use more images"):
        split_images(manifest(**counts))


@pytest.mark.parametrize("stratify", [True, False])
def test_a_set_without_an_image_of_a_class_is_refused_with_the_class(stratify):
    with pytest.raises(StudyError, match="The (train|validation|test) set has no image of class rare"):
        split_images(manifest(common=100, rare=2), stratify=stratify)


def test_copies_in_two_sets_or_under_two_labels_are_found():
    images = pd.DataFrame(
        [
            ("a1", "a", "x", "train", "ok"),
            ("a2", "a", "x", "test", "ok"),  # across sets
            ("b1", "b", "x", "train", "ok"),
            ("b2", "b", "x", "train", "ok"),  # a copy that stays in one set
            ("c1", "c", "x", "train", "ok"),
            ("c2", "c", "y", "train", "ok"),  # under two labels
            ("d1", "d", "x", "train", "ok"),
            ("d2", "d", "x", "", "empty file"),  # set aside
            ("e1", "e", "y", "test", "ok"),
        ],
        columns=["id", "group", "label", "split", "status"],
    )
    crossing = crossing_duplicates(images.sample(frac=1, random_state=0))
    assert crossing["id"].tolist() == ["a1", "a2", "c1", "c2"]
    assert crossing.columns.tolist() == ["group", "id", "label", "split"]
    assert len(crossing_duplicates(images.iloc[[2, 3, 8]])) == 0
