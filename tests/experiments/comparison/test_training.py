"""Fewer and repeated training images, and values that are computed once, whole or not at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from builders import noise
from hypothesis import given, settings
from hypothesis import strategies as st

from bcd_utils.experiments.comparison.training import PLAIN, Variant, as_vectors, fewer_groups, variants_of
from bcd_utils.models.candidates.base import Encoder
from bcd_utils.models.candidates.fold_training import oversampled
from bcd_utils.models.candidates.representations import BATCH, exists, values_of
from bcd_utils.study.loading import make_study
from bcd_utils.utils.cache import SUMS

quick = settings(max_examples=15, deadline=None, database=None)
SETS = ("train", "validation", "test", "")


@st.composite
def grouped_images(draw):
    """A table of images in groups of one label, and a split that keeps the groups whole."""
    count = draw(st.integers(3, 60))
    sizes = draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))
    labels = ["abc"[number % 3] for number in range(count)]
    sets = [draw(st.sampled_from(SETS)) for _ in range(count)]
    groups = np.repeat([f"g{number}" for number in range(count)], sizes)
    table = pd.DataFrame({"label": np.repeat(labels, sizes), "group": groups})
    split = pd.Series(np.repeat(sets, sizes))
    order = np.random.default_rng(draw(st.integers(0, 99))).permutation(len(table))
    return table.iloc[order].reset_index(drop=True), split.iloc[order].reset_index(drop=True)


def groups_in(split, table, label=None):
    rows = (split == "train").to_numpy()
    rows = rows & (table["label"] == label).to_numpy() if label else rows
    return set(table.loc[rows, "group"])


def table_of(counts, images=1):
    """``counts`` groups of each label, each of so many images."""
    labels = np.repeat(list(counts), [images * number for number in counts.values()])
    return pd.DataFrame({"label": labels, "group": [f"g{number // images}" for number in range(len(labels))]})


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [(0.1, {"a": 4, "b": 2, "c": 2}), (0.25, {"a": 10, "b": 5, "c": 2}), (0.5, {"a": 20, "b": 10, "c": 2})],
)
def test_each_class_keeps_its_share_of_groups_and_two_at_least(fraction, expected):
    table = table_of({"a": 40, "b": 20, "c": 3}, images=2)
    kept = fewer_groups(pd.Series(["train"] * len(table)), table, fraction, seed=1)
    assert {label: len(groups_in(kept, table, label)) for label in "abc"} == expected
    assert (kept == "train").sum() == 2 * sum(expected.values())


@quick
@given(grouped_images(), st.floats(0.01, 0.99), st.integers(0, 1000))
def test_whole_training_groups_go_and_nothing_else_changes(images, fraction, seed):
    table, split = images
    kept = fewer_groups(split, table, fraction, seed)
    assert kept.index.equals(split.index)
    changed = kept != split
    assert (split[changed] == "train").all() and (kept[changed] == "").all()
    gone = set(table.loc[changed.to_numpy(), "group"])
    assert not gone & groups_in(kept, table)
    for label in "abc":
        before, after = (groups_in(each, table, label) for each in (split, kept))
        assert min(len(before), 2) <= len(after) <= len(before)
        assert abs(len(after) - fraction * len(before)) <= 0.5 + 1e-9 or len(after) == min(2, len(before))


@quick
@given(grouped_images(), st.integers(0, 1000))
def test_a_smaller_share_is_part_of_a_larger_one(images, seed):
    table, split = images
    shares = [
        groups_in(fewer_groups(split, table, fraction, seed), table) for fraction in (0.1, 0.25, 0.5, 0.9)
    ]
    shares.append(groups_in(split, table))
    for smaller, larger in zip(shares, shares[1:], strict=False):
        assert smaller <= larger


def test_which_groups_are_kept_follows_from_the_seed():
    table = table_of({"a": 30, "b": 30})
    split = pd.Series(["train"] * 60)
    first, again, other = (groups_in(fewer_groups(split, table, 0.5, seed), table) for seed in (1, 1, 2))
    assert first == again != other
    # not simply the first ones in the table, and not those of the alphabet
    assert first != {f"g{number}" for number in [*range(15), *range(30, 45)]}
    moved = table.iloc[::-1].reset_index(drop=True)
    assert groups_in(fewer_groups(split, moved, 0.5, seed=1), moved) == first


def test_only_training_groups_are_counted():
    table = table_of({"a": 40})
    split = pd.Series((["train"] * 3 + ["test"]) * 10)
    kept = fewer_groups(split, table, 0.5, seed=0)
    assert kept.value_counts().to_dict() == {"train": 15, "": 15, "test": 10}


@quick
@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(0, 1000))
def test_oversampling_keeps_all_rows_and_makes_classes_as_large_as_the_largest(labels, seed):
    everyone = np.concatenate([[3, 2, 1, 0], labels])
    rows = np.arange(4, len(everyone))
    found = oversampled(rows, everyone, seed)
    np.testing.assert_array_equal(found[: len(rows)], rows)
    present, before = np.unique(everyone[rows], return_counts=True)
    after = np.bincount(everyone[found], minlength=4)
    assert (after[present] == before.max()).all() and after.sum() == len(present) * before.max()
    assert set(found) == set(rows)
    np.testing.assert_array_equal(found, oversampled(rows, everyone, seed))


def test_which_rows_are_repeated_follows_from_the_seed_and_all_may_be():
    labels = np.repeat([0, 1], [200, 20])
    repeats = [oversampled(np.arange(220), labels, seed)[220:] for seed in (0, 1)]
    assert not np.array_equal(*repeats)
    for repeat in repeats:
        counts = np.bincount(repeat - 200, minlength=20)
        # 180 draws of 20 rows: 9 each on average, and none is left out (20 (19/20)^180 < 0.002)
        assert counts.sum() == 180 and counts.min() > 0 and counts.max() < 30


def test_balanced_classes_need_no_repeats():
    assert oversampled(np.array([4, 2, 0]), np.array([0, 9, 1, 9, 2]), seed=0).tolist() == [4, 2, 0]


def test_a_candidate_goes_through_the_trainings_that_the_study_wants_of_it():
    study = make_study(
        {
            "name": "tiny",
            "comparison": {
                "curve_candidates": ["both", "curve"],
                "curve_fractions": [0.2, 0.6],
                "imbalance_candidates": ["both", "rare"],
            },
        }
    )
    fewer = [Variant(fraction=0.2), Variant(fraction=0.6)]
    rare = [Variant(imbalance="class_weights"), Variant(imbalance="oversampling")]
    assert PLAIN == Variant(fraction=1.0, imbalance="none")
    assert variants_of("neither", study) == [PLAIN]
    assert variants_of("curve", study) == [PLAIN, *fewer]
    assert variants_of("rare", study) == [PLAIN, *rare]
    assert variants_of("both", study) == [PLAIN, *fewer, *rare]


def test_vectors_are_values_as_they_are_or_maps_averaged_over_positions():
    random = np.random.default_rng(0)
    flat, maps = (
        random.normal(size=(5, 7)).astype(np.float32),
        random.normal(size=(5, 2, 3, 4)).astype(np.float32),
    )
    np.testing.assert_array_equal(as_vectors(flat), flat)
    np.testing.assert_allclose(as_vectors(maps), maps.mean(axis=(1, 2)), rtol=1e-5, atol=1e-6)
    assert as_vectors(random.normal(size=(5, 3, 2, 3, 4))) is None  # several versions of a map
    assert as_vectors(noise(1, shape=(5, 4, 4, 3))) is None  # pixels


class Recorder:
    """An encoder's function: some rows of a table, and which were asked for."""

    def __init__(self, table, broken_from=None):
        self.table, self.broken_from, self.asked = table, broken_from, []

    def __call__(self, rows):
        self.asked.append(list(rows))
        if self.broken_from is not None and rows[-1] >= self.broken_from:
            raise MemoryError("no more")
        return self.table[rows]


def all_files(folder):
    kept = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in kept if path.suffix != ".lock" and not path.name.endswith(SUMS))


@pytest.mark.parametrize("images", [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 5])
@pytest.mark.parametrize("shape", [(6,), (2, 3, 4)], ids=["vectors", "maps"])
def test_values_are_written_batch_by_batch(cache, images, shape):
    table = np.random.default_rng(0).normal(size=(images, *shape)).astype(np.float32)
    encode, seen = Recorder(table), []
    found = values_of(Encoder("x" * 64, encode), images, lambda done, total: seen.append((done, total)))
    np.testing.assert_array_equal(found, table)
    assert found.dtype == np.float32 and isinstance(found, np.memmap)
    assert sum(encode.asked, []) == list(range(images))
    assert max(map(len, encode.asked)) <= BATCH
    assert [done for done, _ in seen] == [rows[-1] + 1 for rows in encode.asked]
    assert {total for _, total in seen} == {images}


@pytest.mark.parametrize("kind", [np.uint8, np.float16, np.float32, np.float64, np.int64])
def test_values_keep_their_kind_and_their_order_in_memory_does_not_matter(cache, kind):
    table = np.asfortranarray(noise(2, shape=(BATCH + 3, 5)).astype(kind))
    found = values_of(Encoder("x" * 64, lambda rows: np.asfortranarray(table[rows])), len(table))
    assert found.dtype == kind
    np.testing.assert_array_equal(found, table)


def test_values_are_computed_once_and_anew_for_another_identity(cache):
    table = np.arange(40.0).reshape(20, 2)
    first, again, other = Recorder(table), Recorder(table + 1), Recorder(table + 2)
    np.testing.assert_array_equal(values_of(Encoder("a" * 64, first), 20), table)
    np.testing.assert_array_equal(values_of(Encoder("a" * 64, again), 20), table)
    np.testing.assert_array_equal(values_of(Encoder("b" * 64, other), 20), table + 2)
    assert (len(first.asked), len(again.asked), len(other.asked)) == (1, 0, 1)
    assert len(all_files(cache)) == 2


@pytest.mark.parametrize("broken_from", [0, BATCH])
def test_nothing_half_written_is_left_when_encoding_fails(cache, broken_from):
    images = 2 * BATCH
    table = np.random.default_rng(1).normal(size=(images, 3))
    with pytest.raises(MemoryError, match="no more"):
        values_of(Encoder("x" * 64, Recorder(table, broken_from)), images)
    assert all_files(cache) == []
    np.testing.assert_array_equal(values_of(Encoder("x" * 64, Recorder(table)), images), table)


def test_values_that_have_a_cache_of_their_own_come_from_there(cache):
    table, seen = np.arange(6.0).reshape(3, 2), []

    def stored(on_progress):
        on_progress(3, 3)
        return table

    encode = Recorder(table)
    found = values_of(
        Encoder("x" * 64, encode, stored=stored), 3, lambda done, total: seen.append((done, total))
    )
    assert found is table and seen == [(3, 3)] and encode.asked == []
    assert not cache.exists()


def test_an_image_whose_vector_holds_nan_lacks_the_representation():
    table = np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, np.nan], [0.0, 0.0]])
    assert exists(table).tolist() == [True, False, False, True]
    assert exists(np.full((3, 2, 2, 4), np.nan)).tolist() == [True] * 3  # maps exist for every image
    assert exists(noise(1, shape=(4, 8))).tolist() == [True] * 4
