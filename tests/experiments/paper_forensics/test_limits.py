"""Bounds by linear constraints: against every matrix, against mlscorecheck, and where folds are averaged."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from bcd_utils.evaluation.counts import Counts
from bcd_utils.evaluation.printed_scores import printed
from bcd_utils.experiments.paper_forensics.limits import (
    fold_limits,
    matrix_limits,
    ratio_of_cells,
    stratified_folds,
)
from bcd_utils.experiments.paper_forensics.search import fitting_matrices

COUNTS = {"a": 9, "b": 6, "c": 5}


@pytest.mark.parametrize("counts", [COUNTS, {"ill": 7, "well": 12}])
def test_a_ratio_of_cells_is_the_score(counts):
    rng, images, ratios = np.random.default_rng(0), np.array(list(counts.values())), 0
    matrices = np.stack(
        [[rng.multinomial(n, rng.dirichlet(np.ones(len(images)))) for n in images] for _ in range(20)]
    )
    for name, score in printed(list(counts)).items():
        if (ratio := ratio_of_cells(score.metric.name, score.column, images)) is not None:
            top, bottom = ((weights * matrices).sum(axis=(1, 2)) for weights in ratio)
            expected = score.value(Counts(matrices))
            assert np.divide(top, bottom, where=bottom > 0, out=np.zeros(20)) == pytest.approx(expected), name
            ratios += 1
    # accuracy, kappa, balanced accuracy twice; three names' two averages; seven names of each class
    assert ratios == 4 + 3 * 2 - 1 + 7 * len(counts)


@pytest.mark.parametrize(
    "scores",
    [
        {"accuracy": "0.75", "kappa": "0.62"},
        {"precision_a": "0.90", "f1_b": "0.6"},
        {"recall_macro": "0.78", "specificity_weighted": "0.90", "jaccard_c": "0.5"},
        {"accuracy": "0.85", "f1_macro": "0.847"},
    ],
)
def test_the_bounds_are_those_of_all_matrices_or_wider_by_what_is_left_out(scores):
    matrices = fitting_matrices(COUNTS, scores)
    limits = matrix_limits(COUNTS, scores)
    assert limits.possible and set(limits.left_out) == {"f1_macro"} & set(scores)
    found = np.diagonal(matrices, axis1=1, axis2=2)
    false = matrices.sum(axis=1) - found
    true = np.stack([found.min(axis=0), found.max(axis=0), false.min(axis=0), false.max(axis=0)], axis=1)
    given = limits.table.drop(columns="images").to_numpy()
    if limits.left_out:
        assert (given[:, ::2] <= true[:, ::2]).all() and (given[:, 1::2] >= true[:, 1::2]).all()
    else:
        assert np.array_equal(given, true)
    assert limits.example is None or limits.example.tolist() in matrices.tolist()


def test_impossible_scores_are_proved_so():
    limits = matrix_limits(COUNTS, {"accuracy": "0.75", "kappa": "0.90"})
    assert not limits.possible and len(fitting_matrices(COUNTS, {"accuracy": "0.75", "kappa": "0.90"})) == 0


def test_folds_are_those_of_scikit_learn():
    counts = {"a": 22, "b": 13, "c": 9}
    labels = np.repeat(list(counts), list(counts.values()))
    folds = [labels[test] for _, test in StratifiedKFold(4).split(labels, labels)]
    expected = [{label: int((fold == label).sum()) for label in counts} for fold in folds]
    assert stratified_folds(counts, 4) == expected


def fold_means(first: list[int], second: list[int]):
    """Of two folds with these classes: every pair of matrices, and the means of their scores by plain arithmetic."""
    states = [product(range(images[0] + 1), range(images[1] + 1)) for images in (first, second)]
    for (hit_1, right_1), (hit_2, right_2) in product(*map(list, states)):
        means = []
        for images, hit, right in ((first, hit_1, right_1), (second, hit_2, right_2)):
            called = hit + images[1] - right
            means.append(
                [(hit + right) / sum(images), hit / images[0], right / images[1]]
                + [hit / called if called else 0, 2 * hit / (images[0] + called)]
            )
        yield hit_1 + hit_2, right_1 + right_2, np.mean(means, axis=0)


@pytest.mark.parametrize("seed", range(4))
def test_means_of_fold_scores_leave_what_all_pairs_of_folds_leave(seed):
    every = list(fold_means([4, 7], [5, 6]))
    printed_scores = np.random.default_rng(seed).choice(len(every))
    names = ["accuracy", "sensitivity_ill", "specificity_ill", "precision_ill", "f1_ill"]
    texts = [f"{value:.2f}" for value in every[printed_scores][2]]
    fit = [
        each[:2]
        for each in every
        if all(abs(m - float(t)) <= 0.005 + 1e-9 for m, t in zip(each[2], texts, strict=True))
    ]
    folds = [{"ill": 4, "well": 7}, {"ill": 5, "well": 6}]
    limits = fold_limits(folds, dict(zip(names, texts, strict=True)))
    low, high = np.min(fit, axis=0), np.max(fit, axis=0)
    assert limits.possible and limits.left_out == ()
    assert (limits.table["found_low"] <= low).all() and (high <= limits.table["found_high"]).all()
    assert (limits.table["found_high"] - limits.table["found_low"]).max() < 4, "the bounds say something"
    # F1 beyond what any pair of folds with these sensitivities and specificities can have
    worse = dict(zip(names, texts, strict=True)) | {"f1_ill": "0.01"}
    assert not fold_limits(folds, worse).possible


def test_of_three_classes_only_scores_with_fixed_denominators_are_averaged():
    folds = stratified_folds({"b": 222, "m": 164, "n": 64}, 4)
    scores = {"accuracy": "0.802", "recall_n": "1.000", "f1_weighted": "0.801"}
    limits = fold_limits(folds, scores)
    assert limits.possible and limits.left_out == ("f1_weighted",)
    assert limits.table.loc["n", ["found_low", "found_high"]].tolist() == [64, 64]
    # 0.802 of 450 are 360.9: some 89 errors, all of them among 222 and 164
    assert limits.table.loc["b", "found_low"] in range(131, 135)
    assert not fold_limits(folds, scores | {"recall_macro": "0.60"}).possible


@pytest.mark.parametrize(
    ("scores", "consistent"),
    [
        ({"accuracy": "0.884", "sensitivity_ill": "0.833", "specificity_ill": "0.908"}, True),
        ({"accuracy": "0.890", "sensitivity_ill": "0.833", "specificity_ill": "0.908"}, False),
        ({"accuracy": "0.884", "sensitivity_ill": "0.834"}, False),
        ({"accuracy": "0.8841", "balanced_accuracy": "0.8709"}, True),
        ({"accuracy": "0.8841", "balanced_accuracy": "0.8705"}, False),
    ],
)
def test_mlscorecheck_agrees_on_folds(scores, consistent):
    assert fold_limits(stratified_folds({"ill": 210, "well": 437}, 5), scores).possible == consistent
    binary = pytest.importorskip("mlscorecheck.check.binary")
    names = {
        "accuracy": "acc",
        "sensitivity_ill": "sens",
        "specificity_ill": "spec",
        "balanced_accuracy": "bacc",
    }
    result = binary.check_1_dataset_known_folds_mos(
        dataset={"p": 210, "n": 437},
        folding={"n_folds": 5, "n_repeats": 1, "strategy": "stratified_sklearn"},
        scores={names[name]: float(text) for name, text in scores.items()},
        eps=0.5
        * 10.0 ** -len(scores["accuracy"].partition(".")[2]),  # one for all; a dict of them is a TypeError
    )
    assert result["inconsistency"] == (not consistent)


@pytest.mark.parametrize("benign", [91, 88])
def test_mlscorecheck_agrees_on_one_test_set(benign):
    scores = {"accuracy": "0.9462", "sensitivity_ill": "0.9231", "specificity_ill": "0.9560"}
    found = fitting_matrices({"ill": 39, "well": benign}, scores)
    assert found.tolist() == ([[[36, 3], [4, 87]]] if benign == 91 else [])
    binary = pytest.importorskip("mlscorecheck.check.binary")
    result = binary.check_1_testset_no_kfold(
        testset={"p": 39, "n": benign}, scores={"acc": 0.9462, "sens": 0.9231, "spec": 0.9560}, eps=5e-5
    )
    assert result["inconsistency"] == (benign != 91)
