"""Train, validation and test sets: the paper's sizes, nothing lost, nothing twice."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bcd_utils.datasets.splits import (
    SETS,
    crossing_duplicates,
    draw_split,
    grouped_folds,
    published_split,
    split_by_group,
    split_images,
    split_table,
)
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError


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


def test_the_literal_protocol_stratifies_the_test_set_and_takes_validation_from_the_end_as_keras_does():
    from sklearn.model_selection import train_test_split

    split = split_images(BUSI, stratify="test", seed=3)
    rest, test = train_test_split(BUSI.index, test_size=0.15, stratify=BUSI["label"], random_state=3)
    assert (
        set(split.index[split == "test"])
        == set(test)
        == set(np.flatnonzero(split_images(BUSI, seed=3) == "test"))
    )
    assert set(split.index[split == "validation"]) == set(rest[596:]), (
        "the last of 663: int(663 * 0.9) are trained on"
    )
    assert split.value_counts().to_dict() == {"train": 596, "test": 117, "validation": 67}


def test_validation_may_lack_a_class_in_the_literal_protocol_alone():
    few = manifest(common=100, rare=4)
    lacking = [
        seed
        for seed in range(20)
        if not (few["label"][split_images(few, stratify="test", seed=seed) == "validation"] == "rare").any()
    ]
    assert lacking


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
            ("a1", "a", "x", "train", "ok", "1"),
            ("a2", "a", "x", "test", "ok", "1"),  # across sets
            ("a3", "a", "x", "test", "ok", "9"),  # of the same patient, but another image
            ("b1", "b", "x", "train", "ok", "2"),
            ("b2", "b", "x", "train", "ok", "2"),  # a copy that stays in one set
            ("c1", "c", "x", "train", "ok", "3"),
            ("c2", "c", "y", "train", "ok", "3"),  # under two labels
            ("d1", "d", "x", "train", "ok", "4"),
            ("d2", "d", "x", "", "empty file", "4"),  # set aside
            ("e1", "e", "y", "test", "ok", "5"),
        ],
        columns=["id", "group", "label", "split", "status", "pixels_sha256"],
    )
    crossing = crossing_duplicates(images.sample(frac=1, random_state=0))
    assert crossing["id"].tolist() == ["a1", "a2", "c1", "c2"]
    assert crossing.columns.tolist() == ["group", "id", "label", "split"]
    assert len(crossing_duplicates(images.iloc[[3, 4, 9]])) == 0


# -- whole groups, and published sets ---------------------------------------------------------------

#: Cases of BreakHis' rarer subtypes, as they are, and many of its others: case, subtype, images.
CASES = [
    ("22549", "adenosis", 383), ("29960", "adenosis", 61), ("29960", "fibroadenoma", 68),
    ("21998", "phyllodes", 235), ("21998", "fibroadenoma", 258), ("22704", "phyllodes", 158),
    ("29315", "phyllodes", 60), *((f"f{number}", "fibroadenoma", 130) for number in range(10)),
]  # fmt: skip


def cases(rows=CASES) -> pd.DataFrame:
    table = [(label, case) for case, label, images in rows for _ in range(images)]
    return pd.DataFrame(table, columns=["label", "group"]).assign(status="ok")


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_few_large_groups_is_in_every_set_that_it_can_be_in(seed):
    images = cases()
    split = split_by_group(images, seed=seed)
    assert (split.groupby(images["group"]).nunique() == 1).all()
    table = pd.crosstab(images["label"], split)
    assert (table.loc[["phyllodes", "fibroadenoma"]] > 0).all(axis=None)
    assert (table.loc["adenosis", ["train", "test"]] > 0).all(), "two cases: one to learn from, one to test"
    assert table.loc["adenosis", "validation"] == 0


def test_a_class_of_one_group_cannot_be_split():
    with pytest.raises(StudyError, match="The test set has no image of class adenosis"):
        split_by_group(cases([("22549", "adenosis", 383), *CASES[7:]]))


def patients(sizes: list[int], seed: int) -> pd.DataFrame:
    """Images of patients of given sizes, whose images are of classes a, b and c as they happen to be."""
    random = np.random.default_rng(seed)
    group = np.repeat([f"p{number:02}" for number in range(len(sizes))], sizes)
    label = np.concatenate(
        [random.choice(list("abc"), size, p=random.dirichlet([1, 1, 1])) for size in sizes]
    )
    images = pd.DataFrame({"label": label, "group": group, "status": "ok"})
    return images.assign(id=[f"i{row:03}" for row in range(len(images))])


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 30), min_size=12, max_size=60),
    seed=st.integers(0, 2**32 - 1),
    fractions=st.tuples(st.floats(0.15, 0.4), st.floats(0.15, 0.4)),
)
def test_each_set_gets_its_share_within_a_group_whatever_the_order_of_the_rows(sizes, seed, fractions):
    images = patients(sizes, seed)
    number = images.groupby("label")["group"].transform("nunique")
    images = images[number >= 6]
    assume(len(images))
    split = split_by_group(images, *fractions, seed=seed)
    assert (split.groupby(images["group"]).nunique() == 1).all()
    test, rest = fractions[0], 1 - fractions[0]
    asked = {"test": test, "validation": rest * fractions[1], "train": rest * (1 - fractions[1])}
    for name, share in asked.items():
        assert abs((split == name).sum() - share * len(images)) <= images["group"].value_counts().max()
    shuffled = images.sample(frac=1, random_state=seed % 2**32).reset_index(drop=True)
    again = split_by_group(shuffled, *fractions, seed=seed)
    assert dict(zip(shuffled["id"], again, strict=True)) == dict(zip(images["id"], split, strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_38_patients_of_uneven_size_fill_every_set(seed):
    """The sizes of BUS-UCLM: 38 patients, 683 images; test once had 13.0% instead of 15%, validation 5.8%, not 8.5%."""
    sizes = (np.random.default_rng(seed).dirichlet(np.full(38, 1.5)) * 645).astype(int) + 1
    images = patients(sizes.tolist(), seed)
    shares = split_by_group(images, seed=seed).value_counts(normalize=True)
    assert shares["test"] == pytest.approx(0.15, abs=0.01)
    assert shares["validation"] == pytest.approx(0.085, abs=0.01)
    of_class = pd.crosstab(images["label"], split_by_group(images, seed=seed), normalize="columns")
    assert (of_class["test"] - of_class["train"]).abs().max() < 0.04


def test_where_each_image_is_its_own_group_the_classes_keep_their_shares():
    split = split_by_group(BUSI.assign(group=BUSI["id"]))
    table = split_table(BUSI.assign(split=split))
    assert table.loc["all"].tolist() == [597, 66, 117, 780]
    exact = pd.DataFrame({"train": 0.765, "validation": 0.085, "test": 0.15}, list(BUSI["label"].unique()))
    asked = exact.mul(BUSI["label"].value_counts(), axis=0)
    assert (table.loc[asked.index, asked.columns] - asked).abs().max(axis=None) < 1


def test_folds_do_not_depend_on_the_order_of_the_rows():
    images = patients([5, 3, 8, 2, 9, 4, 7, 6, 3, 5, 6, 2] * 2, seed=0)
    shuffled = images.sample(frac=1, random_state=1)
    for fold, again in zip(grouped_folds(images, 3), grouped_folds(shuffled, 3), strict=True):
        assert again.sort_index().equals(fold)
        validation = (fold == "validation").sum() / (fold != "test").sum()
        assert validation == pytest.approx(0.1, abs=0.02)


def published(test: int = 20, crossing: bool = False) -> pd.DataFrame:
    """100 images of 50 patients, two classes, the last patients published for test."""
    images = pd.DataFrame({"group": [number // 2 for number in range(100)]})
    images["label"] = ["ab"[group % 2] for group in images["group"]]
    images["official_split"] = ["train"] * (100 - test) + ["test"] * test
    if crossing:
        images.loc[0, "official_split"] = "test"
    return images.assign(status="ok")


def test_the_published_test_set_is_kept_and_validation_drawn_by_group_out_of_the_rest():
    images = published()
    split = published_split(images, 0.2)
    assert (split[80:] == "test").all() and "test" not in set(split[:80])
    assert split.value_counts().to_dict() == {"train": 64, "validation": 16, "test": 20}
    assert (split.groupby(images["group"]).nunique() == 1).all()
    assert not split.equals(published_split(images, 0.2, seed=7))
    images.loc[[0, 99], "status"] = "empty file"
    assert published_split(images, 0.2)[[0, 99]].tolist() == ["", ""]


def test_a_patient_whom_the_publication_puts_in_both_sets_stays_there():
    split = published_split(published(crossing=True))
    assert split[0] == "test" and split[1] in ("train", "validation")


def test_a_published_validation_set_is_kept():
    images = published()
    told = [("train", "validation", "test")[number % 3] for number in images.index]
    assert published_split(images.assign(official_split=told)).tolist() == told


def test_without_a_published_split_the_way_out_is_told():
    with pytest.raises(StudyError, match="no split is published with these images.*split: group"):
        published_split(published().drop(columns="official_split"))


@pytest.mark.parametrize("way", ["image", "group", "official"])
def test_the_study_says_what_is_drawn(way):
    images = published()
    study = make_study({"name": "mine", "split": way, "seed": 7, "validation_fraction": 0.2})
    expected = {
        "image": lambda: split_images(images, 0.15, 0.2, True, 7),
        "group": lambda: split_by_group(images, 0.15, 0.2, 7),
        "official": lambda: published_split(images, 0.2, 7),
    }[way]()
    assert draw_split(images, study).equals(expected)
    apart = (expected.groupby(images["group"]).nunique() == 1).all()
    assert apart == (way != "image")
