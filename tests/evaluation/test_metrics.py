"""Scores against values worked out by hand, published values and scikit-learn."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from bcd_utils.evaluation import metrics
from bcd_utils.evaluation.counts import Counts, cross_entropy
from bcd_utils.evaluation.metric_registry import METRICS

CLASSES = ["benign", "malignant", "normal"]
PUBLISHED = [[62, 4, 0], [3, 28, 0], [0, 0, 20]]
TIED_LABELS = [0, 0, 1, 1]
TIED = np.array([[0.9, 0.1], [0.5, 0.5], [0.5, 0.5], [0.2, 0.8]])

quick = settings(max_examples=40, deadline=None, database=None)


@st.composite
def predictions(draw):
    """Labels and probabilities with many ties, small enough that classes are often missing."""
    images, classes = draw(st.integers(1, 25)), draw(st.integers(2, 4))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=images, max_size=images))
    row = st.lists(st.integers(0, 4), min_size=classes, max_size=classes).filter(any)
    rows = np.array(draw(st.lists(row, min_size=images, max_size=images)), dtype=float)
    return np.array(labels), rows / rows.sum(axis=1, keepdims=True), [f"c{i}" for i in range(classes)]


def from_matrix(matrix):
    """Labels and one-hot probabilities that have this confusion matrix."""
    matrix = np.asarray(matrix)
    truth, predicted = np.divmod(np.repeat(np.arange(matrix.size), matrix.ravel()), len(matrix))
    return truth, np.eye(len(matrix))[predicted]


def full_set(seed=0, images=90, classes=3):
    """Labels and probabilities of a fair classifier; every class occurs."""
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % classes
    exponent = np.exp(rng.normal(size=(images, classes)) + 1.5 * np.eye(classes)[labels])
    return labels, exponent / exponent.sum(axis=1, keepdims=True)


def test_published_confusion_matrix():
    scores = metrics.score(*from_matrix(PUBLISHED), CLASSES)
    assert scores["accuracy"] == pytest.approx(110 / 117)
    f1 = [2 * 62 / (66 + 65), 2 * 28 / (31 + 32), 1.0]
    assert scores["f1_macro"] == pytest.approx(sum(f1) / 3)
    assert round(scores["f1_macro"], 4) == 0.9452
    assert scores["f1_weighted"] == pytest.approx((66 * f1[0] + 31 * f1[1] + 20 * f1[2]) / 117)
    assert round(scores["f1_weighted"], 4) == 0.9404
    assert scores["precision_macro"] == pytest.approx((62 / 65 + 28 / 32 + 1) / 3)
    assert scores["recall_macro"] == pytest.approx((62 / 66 + 28 / 31 + 1) / 3)
    chance = (66 * 65 + 31 * 32 + 20 * 20) / 117**2
    assert scores["kappa"] == pytest.approx((110 / 117 - chance) / (1 - chance))
    assert round(scores["kappa"], 4) == 0.8977


def test_sensitivity_and_specificity_by_hand():
    scores = metrics.score(*from_matrix(PUBLISHED), CLASSES)
    assert scores["sensitivity_benign"] == pytest.approx(62 / 66)
    assert scores["sensitivity_malignant"] == pytest.approx(28 / 31)
    assert scores["specificity_benign"] == pytest.approx(48 / 51)  # 28 + 20 of 31 + 20
    assert scores["specificity_malignant"] == pytest.approx(82 / 86)  # 62 + 20 of 66 + 20
    assert scores["specificity_normal"] == 1.0


def test_loss_by_hand():
    probabilities = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]
    expected = -(math.log(0.9) + math.log(0.8) + math.log(0.4)) / 3
    assert metrics.score([0, 1, 1], probabilities, ["a", "b"])["loss"] == pytest.approx(expected)


def test_loss_is_clipped_and_normalised():
    certain = [[1.0, 0.0], [1.0, 0.0]]
    expected = [-math.log(1 - 1e-7), -math.log(1e-7)]
    np.testing.assert_allclose(cross_entropy(np.array([0, 1]), np.array(certain)), expected)
    loss = metrics.score([0], [[0.6, 0.405]], ["a", "b"])["loss"]
    assert loss == pytest.approx(-math.log(0.6 / 1.005))


def test_auc_with_a_tie_by_hand():
    # pairs of positive and negative: (.5, .1) won, (.5, .5) tied, (.8, .1) won, (.8, .5) won
    scores = metrics.score(TIED_LABELS, TIED, ["a", "b"])
    assert scores["roc_auc_b"] == 3.5 / 4
    assert scores["roc_auc_a"] == 3.5 / 4


def test_auc_published_by_hanley_and_mcneil_1982():
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    ratings = np.repeat([1, 2, 3, 4, 5, 1, 2, 3, 4, 5], normal + abnormal) / 6
    labels = np.repeat([0, 1], [58, 51])
    scores = metrics.score(labels, np.column_stack([1 - ratings, ratings]), ["normal", "abnormal"])
    assert round(scores["roc_auc"], 3) == 0.893


def test_weighted_auc_uses_class_frequencies():
    labels, probabilities = full_set()
    labels, probabilities = labels[:70], probabilities[:70].copy()
    probabilities = np.vstack([probabilities, probabilities[labels == 0]])
    labels = np.concatenate([labels, labels[labels == 0]])
    scores = metrics.score(labels, probabilities, CLASSES)
    aucs = [scores[f"roc_auc_{name}"] for name in CLASSES]
    counts = [48, 23, 23]
    assert np.bincount(labels).tolist() == counts
    assert scores["roc_auc"] == pytest.approx(sum(aucs) / 3)
    assert scores["roc_auc_weighted"] == pytest.approx(sum(np.multiply(aucs, counts)) / 94)
    assert scores["roc_auc"] != pytest.approx(scores["roc_auc_weighted"], abs=1e-6)


def test_agrees_with_scikit_learn():
    labels, probabilities = full_set(seed=3)
    labels, probabilities = labels[:80], probabilities[:80]
    predicted = probabilities.argmax(axis=1)
    scores = metrics.score(labels, probabilities, CLASSES)
    expected = {
        "loss": sklearn_metrics.log_loss(labels, probabilities),
        "accuracy": sklearn_metrics.accuracy_score(labels, predicted),
        "f1_macro": sklearn_metrics.f1_score(labels, predicted, average="macro"),
        "f1_weighted": sklearn_metrics.f1_score(labels, predicted, average="weighted"),
        "precision_macro": sklearn_metrics.precision_score(labels, predicted, average="macro"),
        "recall_macro": sklearn_metrics.recall_score(labels, predicted, average="macro"),
        "kappa": sklearn_metrics.cohen_kappa_score(labels, predicted),
        "mcc": sklearn_metrics.matthews_corrcoef(labels, predicted),
        "roc_auc": sklearn_metrics.roc_auc_score(labels, probabilities, multi_class="ovr"),
        "roc_auc_weighted": sklearn_metrics.roc_auc_score(
            labels, probabilities, multi_class="ovr", average="weighted"
        ),
    }
    assert {name: scores[name] for name in expected} == pytest.approx(expected)


def test_keys_are_complete_and_values_fit_json():
    scores = metrics.score(*full_set(), CLASSES)
    overall = ["loss", "accuracy", "f1_macro", "f1_weighted", "precision_macro", "recall_macro", "kappa"]
    overall += ["mcc", "roc_auc", "roc_auc_weighted"]
    kinds = ("sensitivity", "specificity", "precision", "f1", "roc_auc")
    per_class = [f"{kind}_{c}" for kind in kinds for c in CLASSES]
    assert list(scores) == overall + per_class
    assert {type(value) for value in scores.values()} == {float}
    assert json.loads(json.dumps(scores, allow_nan=False)) == scores


def test_class_without_images_is_undefined_not_zero():
    labels, probabilities = np.array([0, 1, 1]), np.array([[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.6, 0.3, 0.1]])
    scores = metrics.score(labels, probabilities, CLASSES)
    undefined = {"roc_auc", "roc_auc_normal", "sensitivity_normal", "f1_normal", "f1_macro", "recall_macro"}
    undefined |= {"precision_normal", "precision_macro"}  # nor is any image called normal
    assert {name for name, value in scores.items() if value is None} == undefined
    assert scores["specificity_normal"] == 1.0
    assert scores["f1_weighted"] == pytest.approx((1 * 2 / 3 + 2 * 2 / 3) / 3)
    assert scores["roc_auc_weighted"] == pytest.approx(1.0)
    called = metrics.score(labels, probabilities[:, [2, 1, 0]], CLASSES)
    assert called["precision_normal"] == 0, "two images are called normal, and none is"


def test_class_without_images_has_no_f1_even_if_predicted():
    scores = metrics.score(*from_matrix([[4, 1], [0, 0]]), ["a", "b"])
    assert scores["f1_a"] == pytest.approx(8 / 9) and scores["f1_b"] is None
    assert scores["f1_weighted"] == pytest.approx(8 / 9) and scores["f1_macro"] is None


def test_single_class_has_no_auc_specificity_or_kappa():
    scores = metrics.score([0, 0], [[0.9, 0.1], [0.8, 0.2]], ["a", "b"])
    assert scores["accuracy"] == scores["sensitivity_a"] == scores["f1_weighted"] == 1.0
    for name in (
        "kappa",
        "mcc",
        "roc_auc",
        "roc_auc_weighted",
        "roc_auc_a",
        "specificity_a",
        "sensitivity_b",
    ):
        assert scores[name] is None, name


def test_precision_of_a_class_never_predicted_is_zero():
    counts = Counts([[5, 0], [3, 0]])
    assert counts.precision.tolist() == [5 / 8, 0.0]
    assert counts.f1.tolist() == [pytest.approx(10 / 13), 0.0]


def test_confusion_rows_are_the_truth():
    expected = [[1, 2, 0], [0, 1, 0], [0, 0, 0]]
    assert metrics.confusion([0, 0, 0, 1], [0, 1, 1, 1], CLASSES).tolist() == expected
    one_hot = np.eye(3)[[0, 1, 1, 1]]
    matrix = metrics.confusion([0, 0, 0, 1], one_hot, CLASSES)
    assert matrix.tolist() == expected
    assert np.issubdtype(matrix.dtype, np.integer)


def test_equally_probable_classes_give_the_first():
    assert metrics.confusion([1], [[0.2, 0.4, 0.4]], CLASSES)[1].tolist() == [0, 1, 0]


def test_scores_from_a_stack_equal_scores_one_by_one():
    stack = np.random.default_rng(0).integers(0, 9, size=(2, 5, 3, 3))
    for metric in METRICS:
        if metric.needs == "matrix":
            values = metric.compute(Counts(stack))
            assert values.shape == ((2, 5, 3) if metric.per_class else (2, 5)), metric.name
            for at in np.ndindex(2, 5):
                np.testing.assert_array_equal(values[at], metric.compute(Counts(stack[at])))


@quick
@given(predictions())
def test_matthews_correlation_is_scikit_learns_and_undefined_for_a_single_class(case):
    labels, probabilities, _ = case
    expected = sklearn_metrics.matthews_corrcoef(labels, probabilities.argmax(axis=1))
    found = metrics.score(*case)["mcc"]
    assert found is None if len(set(labels)) == 1 else found == pytest.approx(expected, abs=1e-12)


def test_matthews_correlation_of_a_published_matrix_by_hand():
    # hits 110 of 117; called 65, 32 and 20; there are 66, 31 and 20
    together = 117 * 110 - (66 * 65 + 31 * 32 + 20 * 20)
    apart = (117**2 - 66**2 - 31**2 - 20**2) * (117**2 - 65**2 - 32**2 - 20**2)
    assert metrics.score(*from_matrix(PUBLISHED), CLASSES)["mcc"] == pytest.approx(
        together / math.sqrt(apart)
    )


def test_per_class_table():
    table = metrics.per_class_table(*from_matrix(PUBLISHED), CLASSES)
    assert list(table.columns) == ["images", "sensitivity", "specificity", "precision", "f1", "roc_auc"]
    assert table.index.tolist() == CLASSES and table.index.name == "class"
    assert table["images"].tolist() == [66, 31, 20]
    # one operating point: the AUC is the mean of sensitivity and specificity
    expected = [28 / 31, 82 / 86, 28 / 32, 56 / 63, (28 / 31 + 82 / 86) / 2]
    assert table.loc["malignant"].tolist()[1:] == pytest.approx(expected)


def test_roc_curve_by_hand():
    curve = metrics.roc_curves(TIED_LABELS, TIED, ["a", "b"])["b"]
    assert curve["false_positive_rate"].tolist() == [0, 0, 0.5, 1]
    assert curve["true_positive_rate"].tolist() == [0, 0.5, 1, 1]
    assert curve["threshold"].tolist() == [np.inf, 0.8, 0.5, 0.1]


def test_roc_curve_keeps_every_threshold_and_omits_undefined_classes():
    ratings = np.array([0.1, 0.2, 0.3, 0.4])
    probabilities = np.column_stack([1 - ratings, ratings, np.zeros(4)])
    curves = metrics.roc_curves([0, 0, 1, 1], probabilities, CLASSES)
    assert list(curves) == ["benign", "malignant"]
    assert len(curves["malignant"]) == 5  # points on a straight stretch are kept too


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        ([0, 1], [[0.5, 0.5]], "shape"),
        ([0], [[0.2, 0.3, 0.5]], "shape"),
        ([[0]], [[0.5, 0.5]], "labels must have shape"),
        ([], np.empty((0, 2)), "n >= 1"),
        ([2], [[0.5, 0.5]], r"labels must lie in 0\.\.1"),
        ([-1], [[0.5, 0.5]], r"labels must lie in 0\.\.1"),
        ([0.0], [[0.5, 0.5]], "integers"),
        ([0, 1], [[0.5, 0.5], [math.nan, 0.5]], "finite.*row 1"),
        ([0], [[math.inf, 0.0]], "finite"),
        ([0], [[3.0, -2.0]], "logits"),
        ([0], [[0.9, 0.9]], "logits"),
    ],
)
def test_wrong_input_is_refused(labels, probabilities, message):
    for function in (metrics.score, metrics.per_class_table, metrics.roc_curves):
        with pytest.raises(ValueError, match=message):
            function(labels, probabilities, ["a", "b"])


def test_wrong_predictions_classes_and_matrices_are_refused():
    with pytest.raises(ValueError, match="predictions must lie"):
        metrics.confusion([0, 1], [0, 2], ["a", "b"])
    with pytest.raises(ValueError, match="2 labels but 1 predictions"):
        metrics.confusion([0, 1], [0], ["a", "b"])
    with pytest.raises(ValueError, match="different names"):
        metrics.score([0], [[0.5, 0.5]], ["a", "a"])
    with pytest.raises(ValueError, match="k, k"):
        Counts(np.ones((2, 3)))
    with pytest.raises(ValueError, match=">= 0"):
        Counts([[1, -1], [0, 1]])


def test_import_is_cheap():
    code = "import sys, bcd_utils.evaluation.metrics, bcd_utils.evaluation.bootstrap; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"sklearn", "pandas", "scipy", "statsmodels", "tensorflow"} & set(loaded.split())


@quick
@given(predictions(), st.randoms(use_true_random=False))
def test_order_of_images_does_not_matter(case, random):
    labels, probabilities, classes = case
    order = list(range(len(labels)))
    random.shuffle(order)
    scores = metrics.score(labels, probabilities, classes)
    assert metrics.score(labels[order], probabilities[order], classes) == pytest.approx(scores)


@quick
@given(predictions(), st.randoms(use_true_random=False))
def test_renaming_classes_moves_their_scores_along(case, random):
    labels, probabilities, classes = case
    probabilities = probabilities + 1e-6 * np.arange(len(classes))  # no tie for the first place
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    order = list(range(len(classes)))
    random.shuffle(order)
    moved = metrics.score(np.argsort(order)[labels], probabilities[:, order], [classes[i] for i in order])
    assert moved == pytest.approx(metrics.score(labels, probabilities, classes), abs=1e-9)


@quick
@given(predictions())
def test_scores_stay_in_range(case):
    scores = metrics.score(*case)
    assert 0 < scores["loss"] <= -math.log(1e-7) * (1 + 1e-12)
    for name in ("kappa", "mcc"):
        assert scores[name] is None or -1 - 1e-12 <= scores[name] <= 1 + 1e-12
    for name, value in scores.items():
        if name not in ("loss", "kappa", "mcc") and value is not None:
            assert 0 <= value <= 1 + 1e-12, name


@quick
@given(predictions())
def test_undefined_exactly_where_a_class_lacks_images_or_counterexamples(case):
    labels, _, classes = case
    scores = metrics.score(*case)
    for index, name in enumerate(classes):
        present, absent = (labels == index).any(), (labels != index).any()
        assert (scores[f"sensitivity_{name}"] is not None) == present
        assert (scores[f"specificity_{name}"] is not None) == absent
        assert (scores[f"roc_auc_{name}"] is not None) == (present and absent)
    assert (scores["roc_auc"] is not None) == (len(set(labels)) == len(classes))
