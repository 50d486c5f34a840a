"""Out-of-fold scores and paired tests: counted by hand, and against SciPy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, binomtest, norm
from sklearn import metrics as sklearn_metrics
from statsmodels.stats.proportion import proportion_confint

from bcd_utils.evaluation.cross_validation import (
    out_of_fold,
    paired_table,
    paired_tests,
    score_on,
    score_table,
    shown_metrics,
    training_accuracy,
    validation_auc,
)
from bcd_utils.evaluation.means import share_interval
from bcd_utils.evaluation.score_differences import difference
from bcd_utils.study.loading import make_study

CLASSES = ("benign", "malignant", "normal")
STUDY = make_study({"name": "tiny", "bootstrap_samples": 200, "seed": 3})


def predicting(classes, sure=0.8, count=3):
    """Probabilities (n, 3) in which each of these classes is the likeliest."""
    rest = (1 - sure) / (count - 1)
    return np.where(np.eye(count, dtype=bool)[list(classes)], sure, rest)


def random_probabilities(seed, images=40, skill=1.0):
    rng = np.random.default_rng(seed)
    exponent = np.exp(rng.normal(size=(images, 3)) + skill * np.eye(3)[np.arange(images) % 3])
    return exponent / exponent.sum(axis=1, keepdims=True)


def result(probabilities):
    return {"probabilities": np.asarray(probabilities, np.float32), "choices": np.str_("")}


def split(text):
    """One letter an image: t(rain), v(alidation), x (test), - (none)."""
    return pd.Series([{"t": "train", "v": "validation", "x": "test", "-": ""}[letter] for letter in text])


def scored(probabilities, labels=None, groups=None, study=STUDY):
    labels = np.arange(len(probabilities)) % 3 if labels is None else np.asarray(labels)
    groups = pd.Series([f"g{number}" for number in range(len(labels))]) if groups is None else groups
    return score_on(np.asarray(probabilities, float), labels, groups, CLASSES, study)


def test_each_image_has_the_prediction_of_the_model_that_tested_it():
    folds = [split("xtv-t"), split("txtv-"), split("vtx-t")]
    results = [result(np.full((5, 2), [0.1 * fold + 0.1, 0.9 - 0.1 * fold])) for fold in range(3)]
    found = out_of_fold(results, folds)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found[:3], [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7]], rtol=1e-6)
    assert np.isnan(found[3:]).all()


def test_a_fold_that_lacks_predictions_leaves_its_test_images_open():
    given = np.full((3, 2), 0.5)
    given[1] = np.nan
    found = out_of_fold([result(given)], [split("xxt")])
    assert np.isnan(found).tolist() == [[False] * 2, [True] * 2, [True] * 2]


def test_images_without_predictions_are_left_out_of_the_scores():
    probabilities, labels = random_probabilities(0), np.arange(40) % 3
    probabilities[[3, 17]] = np.nan
    there = np.delete(np.arange(40), [3, 17])
    found = scored(probabilities, labels)
    predicted = probabilities[there].argmax(axis=1)
    expected = {
        "accuracy": sklearn_metrics.accuracy_score(labels[there], predicted),
        "f1_macro": sklearn_metrics.f1_score(labels[there], predicted, average="macro"),
        "kappa": sklearn_metrics.cohen_kappa_score(labels[there], predicted),
        "roc_auc": sklearn_metrics.roc_auc_score(labels[there], probabilities[there], multi_class="ovr"),
        "loss": sklearn_metrics.log_loss(labels[there], probabilities[there]),
    }
    assert {name: found.values[name] for name in expected} == pytest.approx(expected)
    np.testing.assert_array_equal(found.probabilities, probabilities[there])
    same = scored(probabilities[there], labels[there], pd.Series([f"g{number}" for number in there]))
    assert found.values == same.values
    assert found.interval("kappa", 0.9) == same.interval("kappa", 0.9)


def test_whole_groups_vary():
    # Groups of 1, 2 and 3 images; only those of the second are right.
    labels, groups = np.array([0, 1, 1, 2, 2, 2]), pd.Series(list("abbccc"))
    found = scored(predicting([1, 1, 1, 0, 0, 0]), labels, groups)
    assert found.interval("accuracy", 0.95) == share_interval([0, 1, 1, 0, 0, 0], groups)
    assert found.samples == 200 and found.seed == 3


def test_folds_are_numbered_among_the_images_that_have_predictions():
    probabilities = random_probabilities(0, 6)
    probabilities[1] = np.nan
    folds = [split("xxxttt"), split("tttxxx")]
    found = score_on(probabilities, np.arange(6) % 3, pd.Series(list("abcdef")), CLASSES, STUDY, folds)
    assert [rows.tolist() for rows in found.folds] == [[0, 1], [2, 3, 4]]
    np.testing.assert_array_equal(found.labels[found.folds[1]], [0, 1, 2])
    assert found.tested_share == pytest.approx(2.5 / 2.5)


def holm(p_values):
    """Holm 1979, step by step."""
    adjusted, highest = {}, 0.0
    for tries_left, (name, p) in zip(
        range(len(p_values), 0, -1), sorted(p_values.items(), key=lambda item: item[1]), strict=True
    ):
        highest = max(highest, min(1.0, tries_left * p))
        adjusted[name] = highest
    return adjusted


def delong(positive, first, second):
    """Difference of areas and its p-value from all pairs (DeLong et al. 1988, equations 3 to 5)."""
    kernels = []
    for values in (first, second):
        gap = np.subtract.outer(values[positive], values[~positive])
        kernels.append(np.where(gap == 0, 0.5, gap > 0))
    gap = kernels[0] - kernels[1]
    m, n = gap.shape
    variance = gap.mean(axis=1).var(ddof=1) / m + gap.mean(axis=0).var(ddof=1) / n
    return gap.mean(), 2 * norm.sf(abs(gap.mean()) / variance**0.5)


def test_counts_of_a_paired_table_by_hand():
    labels = np.array([0, 0, 1, 1, 2, 2, 0, 1])
    ours = [0, 0, 1, 0, 2, 0, 1, 1]  # right on 0, 1, 2, 4 and 7
    better = [0, 0, 1, 1, 2, 2, 0, 0]  # wrong on 7 alone
    worse = [0, 1, 0, 2, 2, 1, 2, 1]  # right on 0, 4 and 7; where both are wrong, it errs otherwise
    everyone = {
        name: scored(predicting(predicted), labels)
        for name, predicted in (("better", better), ("paper", ours), ("worse", worse), ("twin", ours))
    }
    table = paired_table(everyone, "paper", labels, CLASSES, "malignant", 0.95)
    assert table.index.tolist() == ["better", "worse", "twin"]
    assert table["only_reference_right"].tolist() == [1, 2, 0]
    assert table["only_this_right"].tolist() == [3, 0, 0]
    assert table["accuracy_difference"].tolist() == pytest.approx([2 / 8, -2 / 8, 0])
    # twice the binomial tail less what was seen: 2 (1 + 4) / 16 - 4 / 16 and 2 / 4 - 1 / 4; three rows for Holm
    assert table["mcnemar_p"].tolist() == pytest.approx([3 / 8 * 2, 1 / 4 * 3, 1])
    ends = ["accuracy_difference_low", "accuracy_difference_high"]
    assert table.loc["twin", ["auc_difference", "delong_p"]].tolist() == [0, 1]
    assert table.loc["twin", ends].isna().all()
    gap = difference(everyone["better"], everyone["paper"], "accuracy", 0.95)
    assert table.loc["better", ends].tolist() == [
        gap["low"],
        gap["high"],
    ]


def test_p_values_of_a_paired_table_are_raised_over_all_its_rows():
    images = 120
    labels = np.arange(images) % 3
    everyone = {
        f"c{number}": scored(random_probabilities(number, images, skill), labels)
        for number, skill in enumerate((1.0, 3.0, 1.2, 0.3))
    }
    table = paired_table(everyone, "c0", labels, CLASSES, "malignant", 0.95)
    ours = everyone["c0"].probabilities
    exact, areas, gaps = {}, {}, {}
    for name in ("c1", "c2", "c3"):
        theirs = everyone[name].probabilities
        ours_right, right = ours.argmax(axis=1) == labels, theirs.argmax(axis=1) == labels
        only = int((ours_right & ~right).sum()), int((right & ~ours_right).sum())
        assert (table.loc[name, "only_reference_right"], table.loc[name, "only_this_right"]) == only
        exact[name] = binomtest(only[0], sum(only)).pvalue - binom.pmf(only[0], sum(only), 0.5)
        gaps[name], areas[name] = delong(labels == 1, theirs[:, 1], ours[:, 1])
    assert table["mcnemar_p"].to_dict() == pytest.approx(holm(exact))
    assert table["delong_p"].to_dict() == pytest.approx(holm(areas))
    assert table["auc_difference"].to_dict() == pytest.approx(gaps)
    assert table.loc["c1", "auc_difference"] > 0 > table.loc["c3", "auc_difference"]
    assert (table["mcnemar_p"] > pd.Series(exact)).any()
    alone = paired_table(
        {name: everyone[name] for name in ("c0", "c1")}, "c0", labels, CLASSES, "malignant", 0.95
    )
    assert alone.loc["c1", "delong_p"] == pytest.approx(areas["c1"])


def test_an_undefined_test_is_empty_and_counts_for_no_try():
    labels = np.array([0, 0, 1, 1, 0, 1])
    right, reverse = np.where(labels == 1, 0.8, 0.2), np.where(labels == 1, 0.2, 0.8)

    def of(malignant):
        return scored(np.column_stack([1 - malignant - 0.1, malignant, np.full(6, 0.1)]), labels)

    mixed = np.array([0.2, 0.5, 0.4, 0.6, 0.3, 0.45])
    everyone = {"paper": of(right), "reverse": of(reverse), "mixed": of(mixed)}
    table = paired_table(everyone, "paper", labels, CLASSES, "malignant", 0.95)
    assert table.loc["reverse", "auc_difference"] == -1 and np.isnan(table.loc["reverse", "delong_p"])
    assert table.loc["mixed", "delong_p"] == pytest.approx(delong(labels == 1, mixed, right)[1])
    assert table["mcnemar_p"].notna().all()


@pytest.mark.parametrize("positive", ["ill", "well"])
def test_areas_of_two_classes_are_the_same_whichever_is_positive(positive):
    labels = np.array([0, 1, 0, 1, 0, 1])
    ours, theirs = np.array([0.9, 0.2, 0.4, 0.5, 0.7, 0.3]), np.array([0.9, 0.2, 0.8, 0.5, 0.3, 0.4])
    everyone = {}
    for name, first in (("paper", ours), ("other", theirs)):
        pair = np.column_stack([first, 1 - first])
        everyone[name] = score_on(pair, labels, pd.Series(list("abcdef")), ("ill", "well"), STUDY)
    table = paired_table(everyone, "paper", labels, ("ill", "well"), positive, 0.95)
    gap, p = delong(labels == 0, theirs, ours)
    assert table.loc["other", ["auc_difference", "delong_p"]].tolist() == pytest.approx([gap, p])


def pair(first):
    first = np.asarray(first)
    return np.stack([first, 1 - first], axis=1)


def test_validation_auc_is_the_mean_over_folds():
    labels, shares = np.array([0, 0, 1, 1, 0, 1]), pair([0.9, 0.2, 0.5, 0.1, 0.3, 0.6])
    # of the first fold's four pairs 0.2 against 0.5 is the wrong way round, and so is the second's only pair
    folds = [split("vvvvtx"), split("ttxxvv")]
    assert validation_auc([result(shares), result(shares)], folds, labels) == pytest.approx((0.75 + 0) / 2)


def test_validation_images_without_predictions_are_left_out():
    labels, shares = np.array([0, 1, 0, 1]), pair([0.8, 0.9, 0.7, 0.1])
    shares[1] = np.nan
    assert validation_auc([result(shares)], [split("vvvv")], labels) == 1


def test_a_class_without_validation_images_counts_for_nothing():
    labels, shares = np.array([0, 1, 1]), np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1]])
    assert validation_auc([result(shares)], [split("vvv")], labels) == 1
    assert validation_auc([result(shares)], [split("vtt")], labels) == 0.5


def test_calibrating_on_validation_images_changes_no_rank():
    labels, shares = np.array([0, 1, 0, 1]), pair([0.6, 0.55, 0.5, 0.45])
    sharper = pair([0.99, 0.7, 0.3, 0.01])
    areas = [validation_auc([result(each)], [split("vvvv")], labels) for each in (shares, sharper)]
    assert areas[0] == areas[1] == 0.75


def test_only_validation_images_count_for_it():
    labels, shares = np.arange(6) % 3, random_probabilities(1, 6)
    folds = [split("vvttxx"), split("xxvvtt")]
    lied = shares.copy()
    lied[4:] = lied[4:, ::-1]
    given = [[result(each), result(shares)] for each in (shares, lied)]
    assert validation_auc(given[0], folds, labels) == validation_auc(given[1], folds, labels)
    assert training_accuracy(given[0], folds, labels) == training_accuracy(given[1], folds, labels)


def test_training_accuracy_by_hand():
    labels = np.array([0, 1, 2, 0, 1])
    results = [result(predicting([0, 1, 2, 1, 1])), result(predicting([0, 0, 0, 0, 0]))]
    folds = [split("tttvx"), split("xtttv")]  # 3 of 3, then 1 of 3
    assert training_accuracy(results, folds, labels) == pytest.approx((1 + 1 / 3) / 2)


def test_training_images_without_predictions_are_left_out_of_the_accuracy():
    shares = predicting([0, 1, 1])
    shares[2] = np.nan
    assert training_accuracy([result(shares)], [split("ttt")], np.array([0, 1, 1])) == 1


def test_the_metrics_that_are_shown_are_scored_and_name_the_positive_class():
    assert list(shown_metrics("malignant").values())[-2:] == [
        "malignant sensitivity",
        "malignant specificity",
    ]
    assert "sensitivity_ill" in shown_metrics("ill")
    assert shown_metrics("normal").keys() <= scored(random_probabilities(0)).values.keys()


def test_a_score_table_holds_each_metric_with_its_ends():
    everyone = {"a": scored(random_probabilities(0)), "b": scored(random_probabilities(1), np.arange(40) % 2)}
    table = score_table(everyone, ["accuracy", "sensitivity_normal"], 0.9)
    assert table.columns.tolist()[:3] == ["accuracy", "accuracy_low", "accuracy_high"]
    right = (everyone["a"].probabilities.argmax(axis=1) == everyone["a"].labels).sum()
    expected = proportion_confint(right, 40, alpha=0.1, method="wilson")
    assert table.loc["a"].tolist()[:3] == pytest.approx([right / 40, *expected])
    assert table.loc["b"].isna().tolist() == [False] * 3 + [True] * 3 and set(table.dtypes) == {
        np.dtype(float)
    }


def test_arms_are_compared_on_the_same_images():
    labels = np.repeat([0, 1, 2], 10)
    right = np.full((30, 3), 0.1)
    right[np.arange(30), labels] = 0.8
    wrong = right.copy()
    wrong[:8] = [0.1, 0.8, 0.1]  # eight benign images called malignant
    table = paired_tests({"image": wrong, "mask": right, "overlay": wrong}, labels, [*CLASSES], "malignant")
    assert table.index.tolist() == ["mask", "overlay"]
    assert table.loc["mask", ["only_first_right", "only_this_right"]].tolist() == [0, 8]
    assert table.loc["mask", "mcnemar_p"] == pytest.approx(2 * 0.5**8)  # mid-p, twice by Holm
    assert table.loc["overlay", "mcnemar_p"] == 1
    assert table.loc["mask", "auc_difference"] == pytest.approx(0.5 * 8 / 20)  # 8 of 20 tie with malignant


def test_one_arm_alone_is_compared_with_nothing():
    one = np.full((3, 3), 1 / 3)
    assert paired_tests({"image": one}, np.array([0, 1, 2]), [*CLASSES], "malignant").empty
