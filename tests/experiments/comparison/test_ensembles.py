"""Ensembles: averages by hand, stacking against a logistic regression fitted here, choices on validation alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from bcd_utils.experiments.comparison.ensembles import WAYS, join, join_best, join_named

quick = settings(max_examples=25, deadline=None, database=None)
few = settings(max_examples=4, deadline=None, database=None)  # each fits several logistic regressions
IMAGES, CLASSES = 60, 3


def labels_of(images=IMAGES):
    return np.arange(images) % CLASSES


def member(seed, skill=1.0, images=IMAGES):
    """A candidate's probabilities, float32; with more skill the true class is likelier."""
    random = np.random.default_rng(seed).normal(size=(images, CLASSES))
    return softmax(random + skill * np.eye(CLASSES)[labels_of(images)], axis=1).astype(np.float32)


def set_names(fold=0, images=IMAGES):
    """A third of the images for validation and a sixth for test, others in each fold."""
    names = np.array(["validation", "train", "train", "test", "validation", "train"])
    return np.roll(np.repeat(names, images // 6), 10 * fold)


def result(probabilities):
    return {"probabilities": probabilities, "choices": np.str_("C=1")}


def test_the_average_gives_each_member_the_same_weight():
    members = [
        np.array([[0.9, 0.1], [0.2, 0.8]]),
        np.array([[0.5, 0.5], [0.4, 0.6]]),
        np.array([[0.1, 0.9]] * 2),
    ]
    joined = join(members, np.zeros(2, bool), np.zeros(2, int), "average")
    np.testing.assert_allclose(joined["probabilities"], [[0.5, 0.5], [0.7 / 3, 2.3 / 3]], rtol=1e-6)
    assert joined["probabilities"].dtype == np.float32 and str(joined["choices"]) == ""


@quick
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_the_average_is_the_mean_and_needs_no_labels(seed, count):
    members = [member(seed + number) for number in range(count)]
    joined = join(members, set_names() == "validation", labels_of(), "average")["probabilities"]
    np.testing.assert_allclose(joined, sum(each.astype(float) for each in members) / count, rtol=1e-5)
    np.testing.assert_allclose(joined.sum(axis=1), 1, rtol=1e-5)
    other = join(members[::-1], np.ones(IMAGES, bool), np.zeros(IMAGES, int), "average")["probabilities"]
    np.testing.assert_allclose(joined, other, rtol=1e-6)


def test_stacking_is_a_logistic_regression_on_log_probabilities_of_validation_rows():
    members, labels, rows = [member(0, 1.5), member(1, 0.5)], labels_of(), set_names() == "validation"
    logs = np.log(np.hstack(members).astype(float))
    expected = LogisticRegression(C=1.0, max_iter=5000).fit(logs[rows], labels[rows]).predict_proba(logs)
    joined = join(members, rows, labels, "stacking")
    np.testing.assert_allclose(joined["probabilities"], expected, atol=2e-3)
    assert joined["probabilities"].dtype == np.float32 and str(joined["choices"]) == "C=1"
    np.testing.assert_allclose(joined["probabilities"].sum(axis=1), 1, rtol=1e-5)
    average = join(members, rows, labels, "average")["probabilities"]
    assert abs(joined["probabilities"] - average).max() > 0.05


def test_stacking_learns_to_heed_the_better_member():
    labels, rows = labels_of(), set_names() == "validation"
    joined = join([member(0, 6), member(1, 0)], rows, labels, "stacking")["probabilities"]
    assert (joined.argmax(axis=1) == labels)[~rows].mean() > 0.9
    # a member that is reliably wrong is as good: what it says is turned round
    turned = join([np.roll(member(0, 6), 1, axis=1)], rows, labels, "stacking")["probabilities"]
    assert (turned.argmax(axis=1) == labels)[~rows].mean() > 0.9


@few
@given(st.integers(0, 10**6))
def test_labels_of_training_and_test_rows_change_nothing(seed):
    rng = np.random.default_rng(seed)
    names, labels = set_names(), labels_of()
    members = [[result(member(seed, 1))], [result(member(seed + 1, 2))]]
    candidates = {"a": members[0], "b": members[1], "c": [result(member(seed + 2, 3))]}
    kinds = {"a": "x", "b": "y", "c": "z"}
    lied = np.where(names == "validation", labels, rng.integers(0, CLASSES, IMAGES))
    named = [join_named(members, [names], given) for given in (labels, lied)]
    best = [join_best(candidates, kinds, [names], given) for given in (labels, lied)]
    assert best[0][1] == best[1][1]
    for way in WAYS:
        for first, second in (named, (best[0][0], best[1][0])):
            np.testing.assert_array_equal(first[way][0]["probabilities"], second[way][0]["probabilities"])


def test_labels_of_validation_rows_do_change_stacking_and_not_the_average():
    names, labels = set_names(), labels_of()
    members = [[result(member(0, 1))], [result(member(1, 2))]]
    lied = np.where(names == "validation", (labels + 1) % CLASSES, labels)
    truth, lie = (join_named(members, [names], given) for given in (labels, lied))
    differ = {way: abs(truth[way][0]["probabilities"] - lie[way][0]["probabilities"]).max() for way in truth}
    assert differ["average"] == 0 and differ["stacking"] > 0.1


def test_probabilities_of_training_and_test_rows_do_not_change_what_stacking_learned():
    names, labels = set_names(), labels_of()
    rows = names == "validation"
    first, second = member(0, 1), member(1, 2)
    other = np.where(rows[:, None], first, member(7, 0))
    one, two = (join([each, second], rows, labels, "stacking")["probabilities"] for each in (first, other))
    np.testing.assert_array_equal(one[rows], two[rows])
    assert abs(one - two)[~rows].max() > 0.01


def test_each_fold_is_joined_by_its_own_validation_rows():
    labels, sets = labels_of(), [set_names(fold) for fold in range(2)]
    members = [[result(member(10 * fold + number, 1)) for fold in range(2)] for number in range(2)]
    joined = join_named(members, sets, labels)
    assert list(joined) == ["average", "stacking"] == list(WAYS)
    assert [len(results) for results in joined.values()] == [2, 2]
    for fold in range(2):
        pair = [members[number][fold]["probabilities"] for number in range(2)]
        logs, rows = np.log(np.hstack(pair).astype(float)), sets[fold] == "validation"
        model = LogisticRegression(C=1.0, max_iter=5000).fit(logs[rows], labels[rows])
        np.testing.assert_allclose(
            joined["stacking"][fold]["probabilities"], model.predict_proba(logs), atol=2e-3
        )
        np.testing.assert_allclose(joined["average"][fold]["probabilities"], np.mean(pair, axis=0), rtol=1e-5)


def skilled(validation, elsewhere, names):
    """A candidate with one skill on validation rows and another elsewhere; the noise is the same for all."""
    rows = (names == "validation")[:, None]
    return np.where(rows, member(5, validation), member(5, elsewhere)).astype(np.float32)


def test_the_best_two_are_those_with_the_highest_area_on_validation_rows_of_each_fold():
    sets, labels = [set_names(0), set_names(1)], labels_of()
    on_validation = {"a": (0.0, 2.5), "b": (2.5, 0.0), "c": (1.6, 0.8), "d": (0.8, 1.6)}
    candidates = {
        # those that do badly on validation rows are the best elsewhere
        name: [result(skilled(skill, 2.5 - skill, sets[fold])) for fold, skill in enumerate(skills)]
        for name, skills in on_validation.items()
    }
    joined, chosen = join_best(candidates, {name: name for name in candidates}, sets, labels)
    assert chosen == [("b", "c"), ("a", "d")]
    for fold, pair in enumerate(chosen):
        expected = np.mean([candidates[name][fold]["probabilities"] for name in pair], axis=0)
        np.testing.assert_allclose(joined["average"][fold]["probabilities"], expected, rtol=1e-6)
        assert str(joined["average"][fold]["choices"]) == " + ".join(pair)
        assert str(joined["stacking"][fold]["choices"]) == f"{' + '.join(pair)}; C=1"


def test_the_best_two_read_different_representations_even_if_the_two_highest_areas_share_one():
    names, labels = set_names(), labels_of()
    skills = {"first": 2.5, "its twin": 2.0, "another twin": 1.5, "stranger": 0.5, "worst": 0.0}
    kinds = {"first": "x", "its twin": "x", "another twin": "x", "stranger": "y", "worst": "z"}
    candidates = {name: [result(skilled(skill, 0.5, names))] for name, skill in skills.items()}
    joined, chosen = join_best(candidates, kinds, [names], labels)
    assert chosen == [("first", "stranger")]
    pair = [candidates[name][0]["probabilities"] for name in chosen[0]]
    logs, rows = np.log(np.hstack(pair).astype(float)), names == "validation"
    model = LogisticRegression(C=1.0, max_iter=5000).fit(logs[rows], labels[rows])
    np.testing.assert_allclose(joined["stacking"][0]["probabilities"], model.predict_proba(logs), atol=2e-3)


@few
@given(st.integers(0, 10**6))
def test_the_best_two_are_found_by_looking_at_all_pairs(seed):
    rng = np.random.default_rng(seed)
    names, labels = set_names(), labels_of()
    rows = names == "validation"
    candidates = {f"c{n}": [result(member(seed + n, rng.uniform(0, 2)))] for n in range(5)}
    kinds = {name: f"r{rng.integers(0, 3)}" for name in candidates} | {"c0": "own"}
    areas = {
        name: roc_auc_score(labels[rows], each[0]["probabilities"][rows].astype(float), multi_class="ovr")
        for name, each in candidates.items()
    }
    pairs = [(a, b) for a in areas for b in areas if kinds[a] != kinds[b] and areas[a] >= areas[b]]
    best = max((areas[a], areas[b]) for a, b in pairs)
    (chosen,) = join_best(candidates, kinds, [names], labels)[1]
    assert (areas[chosen[0]], areas[chosen[1]]) == best and kinds[chosen[0]] != kinds[chosen[1]]


@pytest.mark.parametrize("way", WAYS)
def test_an_image_that_a_member_has_nothing_for_has_no_probabilities(way):
    labels, rows = labels_of(), set_names() == "validation"
    members = [member(0, 1), member(1, 1)]
    gaps = [2, 15, 59]  # the first is a validation row
    assert rows[2] and not rows[15]
    members[0][gaps[:2]], members[1][gaps[2]] = np.nan, np.nan
    joined = join(members, rows, labels, way)["probabilities"]
    assert np.flatnonzero(np.isnan(joined).any(axis=1)).tolist() == gaps
    assert np.isnan(joined[gaps]).all()
    there = np.delete(np.arange(IMAGES), gaps)
    alone = join([each[there] for each in members], rows[there], labels[there], way)["probabilities"]
    np.testing.assert_allclose(joined[there], alone, rtol=1e-5)


def test_certain_members_are_stacked_without_infinite_logarithms():
    labels, rows = labels_of(), set_names() == "validation"
    sure = np.eye(CLASSES, dtype=np.float32)[labels]
    joined = join([sure, member(0, 0)], rows, labels, "stacking")["probabilities"]
    assert np.isfinite(joined).all() and (joined.argmax(axis=1) == labels).all()


def test_a_class_without_validation_rows_has_probability_zero_in_its_own_column():
    labels = labels_of()
    rows = (set_names() == "validation") & (labels != 1)
    joined = join([member(0, 2), member(1, 2)], rows, labels, "stacking")["probabilities"]
    assert (joined[:, 1] == 0).all() and (joined[:, [0, 2]] > 0).all()
    np.testing.assert_allclose(joined.sum(axis=1), 1, rtol=1e-5)
