"""Each kind of score has the interval of its kind, of whole groups or over folds, and none where nothing is known."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from bcd_utils.evaluation.areas import newcombe_interval
from bcd_utils.evaluation.bootstrap import resample_weights
from bcd_utils.evaluation.intervals import Scored, mean_over_repeats, score_intervals
from bcd_utils.evaluation.means import share_interval, wilson_interval
from bcd_utils.evaluation.metric_registry import METRICS, WILSON
from bcd_utils.evaluation.metrics import score

CLASSES = ["benign", "malignant", "normal"]


def fair(images=60, seed=0, classes=3):
    """Labels and probabilities, with ties, of a fair classifier; every class occurs."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(images) % classes)
    rows = rng.integers(0, 5, size=(images, classes)) + 3.0 * np.eye(classes)[labels] + 1
    return labels, rows / rows.sum(axis=1, keepdims=True)


def ends(found):
    return found["low"], found["high"]


def test_shares_have_wilsons_interval_by_counting():
    labels, probabilities = fair()
    found = score_intervals(labels, probabilities, CLASSES, samples=50)
    called = probabilities.argmax(axis=1)
    assert ends(found["accuracy"]) == pytest.approx(wilson_interval((called == labels).sum(), 60))
    for column, name in enumerate(CLASSES):
        true, so_called = labels == column, called == column
        hits, correct_others = (true & so_called).sum(), (~true & ~so_called).sum()
        assert ends(found[f"sensitivity_{name}"]) == pytest.approx(wilson_interval(hits, true.sum()))
        assert ends(found[f"specificity_{name}"]) == pytest.approx(
            wilson_interval(correct_others, (~true).sum())
        )
        assert ends(found[f"precision_{name}"]) == pytest.approx(wilson_interval(hits, so_called.sum()))


def test_shares_of_whole_patients():
    labels, probabilities = fair()
    groups = np.random.default_rng(4).integers(0, 15, 60)
    found = score_intervals(labels, probabilities, CLASSES, samples=50, groups=groups)
    called = probabilities.argmax(axis=1)
    malignant = labels == 1
    expected = share_interval(called[malignant] == 1, groups[malignant])
    assert found["sensitivity_malignant"] == pytest.approx(expected)
    assert found["accuracy"] == pytest.approx(share_interval(called == labels, groups))


def test_areas_are_scikit_learns_and_their_mean_is_that_of_the_classes():
    labels, probabilities = fair()
    found = score_intervals(labels, probabilities, CLASSES, samples=20)
    areas = [roc_auc_score(labels == column, probabilities[:, column]) for column in range(3)]
    assert found["roc_auc"]["value"] == pytest.approx(np.mean(areas))
    assert found["roc_auc_weighted"] == pytest.approx(found["roc_auc"])  # 20 images of each class
    width = {name: np.subtract(*ends(found[name])[::-1]) for name in found if name.startswith("roc_auc")}
    assert width["roc_auc"] < np.mean([width[f"roc_auc_{name}"] for name in CLASSES])


def test_of_two_classes_both_areas_and_their_mean_are_the_same():
    labels, probabilities = fair(classes=2)
    found = score_intervals(labels, probabilities, ["ill", "well"], samples=20)
    expected = pytest.approx(found["roc_auc"])
    assert found["roc_auc_ill"] == expected and found["roc_auc_well"] == expected


@pytest.mark.parametrize("groups", [None, np.arange(40) // 2])
def test_a_perfect_model_has_wilsons_and_newcombes_intervals_and_no_others(groups):
    labels = np.arange(40) % 2 if groups is None else np.arange(40) // 2 % 2
    found = score_intervals(labels, np.eye(2)[labels], ["a", "b"], samples=50, groups=groups)
    size = 40 if groups is None else 20  # images, or patients
    for metric in METRICS:
        names = [f"{metric.name}_a", f"{metric.name}_b"] if metric.per_class else [metric.name]
        for name in names:
            if metric.interval == "BCa bootstrap":
                assert ends(found[name]) == (None, None), name
            elif metric.interval == WILSON:
                trials = size // 2 if metric.per_class else size
                assert ends(found[name]) == pytest.approx(wilson_interval(trials, trials)), name
            else:
                assert ends(found[name]) == pytest.approx(newcombe_interval(1.0, (size // 2, size // 2))), (
                    name
                )


def test_resampled_scores_are_those_of_copied_images():
    labels, probabilities = fair(30, seed=2)
    scored = Scored.of(labels, probabilities, CLASSES, np.arange(30) // 3, 20, 9)
    (weights,) = resample_weights(labels, np.arange(30) // 3, 20, 9)
    for row, values in zip(weights, scored.resampled, strict=True):
        drawn = np.repeat(np.arange(30), row.astype(int))
        copied = score(labels[drawn], probabilities[drawn], CLASSES)
        expected = np.array([copied[name] for name in scored.bootstrapped], dtype=float)
        np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_images_of_one_patient_widen_every_interval():
    labels, probabilities = fair(40, seed=1)
    copied = np.tile(labels, 4), np.tile(probabilities, (4, 1))
    alone = score_intervals(*copied, CLASSES, samples=200)
    together = score_intervals(*copied, CLASSES, samples=200, groups=np.tile(np.arange(40), 4))
    for name in alone:
        width, narrow = (np.subtract(*ends(found[name])[::-1]) for found in (together, alone))
        assert 1.3 < width / narrow < 3.2, name  # 4 copies: twice as wide, less where near an end


def test_undefined_scores_stay_none():
    probabilities = [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.7, 0.2], [0.5, 0.4, 0.1]]
    labels = [0, 0, 1, 1]
    scores, found = score(labels, probabilities, CLASSES), score_intervals(labels, probabilities, CLASSES, 50)
    assert list(found) == list(scores)
    assert scores["roc_auc_normal"] is None and scores["roc_auc_benign"] is not None
    for name, value in scores.items():
        assert found[name]["value"] == value
        if value is None:
            assert ends(found[name]) == (None, None), name
    assert found["roc_auc_weighted"]["low"] is not None, "an absent class weighs nothing"


def test_a_class_that_is_never_called_has_a_precision_of_0_without_an_interval():
    found = score_intervals([0, 0, 1], [[0.9, 0.1]] * 3, ["a", "b"], samples=20)
    assert found["precision_b"] == {"value": 0.0, "low": None, "high": None}


def test_of_one_patient_scores_are_known_and_intervals_are_not():
    labels, probabilities = fair(12)
    found = score_intervals(labels, probabilities, CLASSES, 20, groups=["p"] * 12)
    assert {name: interval["value"] for name, interval in found.items()} == score(
        labels, probabilities, CLASSES
    )
    assert {ends(interval) for interval in found.values()} == {(None, None)}


def test_one_image_is_scored():
    found = score_intervals([1], [[0.2, 0.8]], ["a", "b"], samples=20)
    assert found["accuracy"]["value"] == 1 and ends(found["accuracy"]) == pytest.approx(wilson_interval(1, 1))
    assert found["roc_auc"]["value"] is None and ends(found["kappa"]) == (None, None)


def test_seed_decides_and_confidence_widens():
    labels, probabilities = fair()
    options = {"samples": 200, "seed": 1}
    first = score_intervals(labels, probabilities, CLASSES, **options)
    assert score_intervals(labels, probabilities, CLASSES, **options) == first
    assert score_intervals(labels, probabilities, CLASSES, **options | {"seed": 2}) != first
    wider = score_intervals(labels, probabilities, CLASSES, **options, confidence=0.99)
    for name in first:
        assert wider[name]["low"] < first[name]["low"] and wider[name]["high"] > first[name]["high"], name


def test_small_label_types_do_not_overflow():
    labels, probabilities = fair(80, classes=20)
    names = [str(index) for index in range(20)]
    expected = score_intervals(labels, probabilities, names, samples=5)
    assert score_intervals(labels.astype(np.uint8), probabilities, names, samples=5) == expected


def test_fast_for_a_small_set_and_flat_in_memory_for_a_large_one():
    small, large = fair(117), fair(4000)
    score_intervals(*small, CLASSES, samples=1)  # imports
    start = time.process_time()
    score_intervals(*small, CLASSES)
    assert time.process_time() - start < 1.5
    tracemalloc.start()
    score_intervals(*large, CLASSES, samples=250)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6  # all weights of leaving out each would be 128 MB


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "samples"),
        ({"confidence": 1.0}, "confidence"),
        ({"confidence": 95}, "confidence"),
        ({"groups": [1, 2]}, "60 images but 2 groups"),
        ({"groups": [None] + [1] * 29 + [2] * 30}, "missing"),
        ({"groups": [float("nan"), "p"] + ["q"] * 58}, "missing"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        score_intervals(*fair(), CLASSES, **options)


def test_wrong_predictions_are_refused():
    with pytest.raises(ValueError, match="finite"):
        score_intervals([0, 1], [[np.nan, 1], [0, 1]], ["a", "b"])


@settings(max_examples=20, deadline=None, database=None)
@given(st.integers(6, 40), st.integers(0, 1000), st.booleans())
def test_intervals_are_ordered_have_width_and_lie_around_the_value(images, seed, grouped):
    labels, probabilities = fair(images, seed)
    groups = np.arange(images) // 2 if grouped else None
    found = score_intervals(labels, probabilities, CLASSES, samples=100, groups=groups)
    for name, interval in found.items():
        if interval["low"] is not None:
            assert interval["high"] - interval["low"] > 1e-9, name
            if "f1" not in name and name not in ("kappa", "mcc", "loss"):
                assert interval["low"] - 1e-9 <= interval["value"] <= interval["high"] + 1e-9, name


# -- over folds -------------------------------------------------------------------------------------


def folded(seed, images=60, folds=5):
    labels, probabilities = fair(images, seed)
    return Scored.of(labels, probabilities, CLASSES, None, 50, 0, np.array_split(np.arange(images), folds))


def test_scores_of_folds_are_those_of_their_images():
    scored = folded(0)
    assert scored.tested_share == pytest.approx(1 / 4)
    for place, rows in enumerate(scored.folds):
        expected = score(scored.labels[rows], scored.probabilities[rows], CLASSES)
        assert scored.by_fold.loc[place].to_dict() == pytest.approx(
            {name: np.nan if value is None else value for name, value in expected.items()}, nan_ok=True
        )


def test_a_repeat_alone_and_several_by_hand():
    first, second = folded(1), folded(2)
    assert first.interval("kappa", 0.9) == mean_over_repeats([first], "kappa", 0.9)
    found = mean_over_repeats([first, second], "kappa", 0.9)
    by_fold = np.concatenate([first.by_fold["kappa"], second.by_fold["kappa"]])
    value = (first.values["kappa"] + second.values["kappa"]) / 2
    error = ((1 / 10 + 1 / 4) * by_fold.var(ddof=1)) ** 0.5
    share = (value + 1) / 2
    reach = 1.8331129 * error / 2 / (share * (1 - share))  # Student's t of 9
    odds = np.log(share / (1 - share))
    assert found == pytest.approx(
        {
            "value": value,
            "low": 2 / (1 + np.exp(reach - odds)) - 1,
            "high": 2 / (1 + np.exp(-odds - reach)) - 1,
        }
    )


def test_perfect_folds_have_wilsons_interval_of_their_groups():
    labels = np.arange(40) % 2
    groups, folds = np.arange(40) // 4, np.array_split(np.arange(40), 5)
    scored = Scored.of(labels, np.eye(2)[labels], ["a", "b"], groups, 50, 0, folds)
    assert ends(scored.interval("accuracy", 0.95)) == pytest.approx(wilson_interval(10, 10))
    assert ends(scored.interval("roc_auc", 0.95)) == ends(scored.interval("kappa", 0.95)) == (None, None)


def test_a_score_undefined_in_one_repeat_has_no_mean():
    known = folded(1)
    labels, probabilities = fair(60, 2, classes=3)
    without = Scored.of(np.minimum(labels, 1), probabilities, CLASSES, None, 50, 0, known.folds)
    assert mean_over_repeats([known, without], "sensitivity_normal", 0.95)["value"] is None
