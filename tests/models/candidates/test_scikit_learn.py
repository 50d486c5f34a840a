"""Learners from scikit-learn against loops, a softmax regression and activation maps that are written out here."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from bcd_utils.models.candidates.base import Fold
from bcd_utils.models.candidates.scikit_learn import PENALTIES, logistic_regression, scikit_learn
from bcd_utils.study.loading import make_study

few = settings(max_examples=5, deadline=None, database=None)  # each fits several models
IMAGES, CLASSES = 120, 3
LABELS = np.arange(IMAGES) % CLASSES
TRAINING, VALIDATION, TEST = np.arange(0, 60), np.arange(60, 90), np.arange(90, 120)
STUDY = make_study({"name": "tiny", "seed": 5})
BALANCED = make_study({"name": "tiny", "seed": 5, "class_weights": "balanced"})

pytestmark = pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")


def vectors(seed=0, columns=8, signal=0.7):
    """Noise with some signal in the first columns, on scales that differ a lot."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(IMAGES, columns))
    values[:, :CLASSES] += signal * np.eye(CLASSES)[LABELS]
    return (values * 10.0 ** random.integers(-2, 3, columns) + 3).astype(np.float32)


def maps(seed=0, shape=(4, 5, 6)):
    random = np.random.default_rng(seed)
    values = random.normal(size=(IMAGES, *shape))
    values[:, 1:3, 1:3, :CLASSES] += 2 * np.eye(CLASSES)[LABELS][:, None, None]
    return (values * random.uniform(0.1, 3, shape[-1]) + 0.5).astype(np.float32)


def fold_of(values, training=TRAINING, validation=VALIDATION, labels=LABELS, study=STUDY):
    return Fold(values, labels, training, validation, CLASSES, study)


def standardised(values, training=TRAINING):
    values = values.astype(float)
    return (values - values[training].mean(axis=0)) / values[training].std(axis=0)


def loss_of(model, values, labels):
    probabilities = model.predict_proba(values)[np.arange(len(labels)), labels]
    return -np.log(probabilities.clip(1e-15)).mean()


@pytest.mark.parametrize(
    ("values", "training"),
    [(vectors(0), TRAINING), (vectors(0, signal=3), TRAINING), (vectors(2, 40, signal=2), np.arange(12))],
    ids=["little signal", "much signal", "few images"],
)
def test_the_setting_with_the_lowest_validation_loss_stays_and_is_not_fitted_again(values, training):
    known = standardised(values, training)
    models = {
        C: LogisticRegression(C=C, max_iter=5000).fit(known[training], LABELS[training]) for C in PENALTIES
    }
    losses = {C: loss_of(model, known[VALIDATION], LABELS[VALIDATION]) for C, model in models.items()}
    best = min(losses, key=losses.get)
    fitted = scikit_learn(logistic_regression, {"C": PENALTIES})(fold_of(values, training))
    assert fitted.choices == {"C": best}
    np.testing.assert_allclose(fitted.predict(values), models[best].predict_proba(known), atol=2e-3)
    assert (fitted.parameters, fitted.multiply_adds) == (3 * values.shape[1] + 3, 3 * values.shape[1])
    assert fitted.heat_maps is None


def test_settings_are_chosen_together():
    values = standardised(vectors(1)).astype(np.float32)
    grid = {"n_neighbors": (10, 20, 40), "p": (1, 2)}
    losses = {}
    for count in grid["n_neighbors"]:
        for power in grid["p"]:
            model = KNeighborsClassifier(count, p=power).fit(values[TRAINING], LABELS[TRAINING])
            losses[count, power] = loss_of(model, values[VALIDATION], LABELS[VALIDATION])
    assert len(set(losses.values())) == len(losses)
    count, power = min(losses, key=losses.get)
    fitted = scikit_learn(lambda seed: KNeighborsClassifier(), grid)(fold_of(values))
    assert fitted.choices == {"n_neighbors": count, "p": power}
    assert (fitted.parameters, fitted.multiply_adds) == (None, None)


def test_without_a_grid_there_is_nothing_to_choose():
    values = standardised(vectors(1)).astype(np.float32)
    fitted = scikit_learn(lambda seed: KNeighborsClassifier(7))(fold_of(values))
    assert fitted.choices == {}
    distances = np.linalg.norm(values[TEST][:, None] - values[TRAINING], axis=2)
    nearest = LABELS[TRAINING][np.argsort(distances, axis=1)[:, :7]]
    np.testing.assert_allclose(fitted.predict(values[TEST]), (nearest[..., None] == range(3)).mean(axis=1))


def test_the_learner_is_seeded_with_the_folds_seed():
    seen = []

    def make(seed):
        seen.append(seed)
        return RandomForestClassifier(5, random_state=seed)

    values = vectors(0)
    learn = scikit_learn(make)
    first, again, other = (
        learn(fold_of(values, study=replace(STUDY, seed=seed))).predict(values) for seed in (8, 8, 9)
    )
    assert seen == [8, 8, 9]
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_a_class_absent_from_training_has_probability_zero_in_its_own_column(absent):
    values, training = vectors(3, signal=3), TRAINING[LABELS[TRAINING] != absent]
    known, others = standardised(values, training), np.delete(np.arange(3), absent)
    fitted = scikit_learn(logistic_regression, {"C": (0.1,)})(fold_of(values, training))
    found = fitted.predict(values)
    model = LogisticRegression(C=0.1, max_iter=5000).fit(known[training], LABELS[training])
    assert found.shape == (IMAGES, 3) and (found[:, absent] == 0).all()
    np.testing.assert_allclose(found[:, others], model.predict_proba(known), atol=2e-3)


def test_the_choice_counts_validation_images_of_a_class_that_was_not_learned():
    # the same for every setting: the others decide, as without these images
    values, training = vectors(3), TRAINING[LABELS[TRAINING] != 1]
    learn = scikit_learn(logistic_regression, {"C": PENALTIES})
    without = VALIDATION[LABELS[VALIDATION] != 1]
    chosen = [learn(fold_of(values, training, rows)).choices for rows in (VALIDATION, without)]
    assert chosen[0] == chosen[1]


def test_balanced_weights_are_those_of_scikit_learns_own_setting():
    values = vectors(4, signal=1)
    training = np.concatenate([TRAINING[LABELS[TRAINING] == 0], [1, 2, 4, 5, 7]])  # 20, 3 and 2 images
    assert np.bincount(LABELS[training]).tolist() == [20, 3, 2]
    known = standardised(values, training)
    learn = scikit_learn(logistic_regression, {"C": (0.1,)})
    found = {}
    for study, weights in ((STUDY, None), (BALANCED, {0: 25 / 60, 1: 25 / 9, 2: 25 / 6})):
        model = LogisticRegression(C=0.1, max_iter=5000, class_weight=weights)
        model.fit(known[training], LABELS[training])
        found[study.class_weights] = learn(fold_of(values, training, study=study)).predict(values)
        np.testing.assert_allclose(
            found[study.class_weights], model.predict_proba(known), atol=2e-3, err_msg=study.class_weights
        )
    assert found["balanced"][:, 0].mean() < found["none"][:, 0].mean() - 0.1


def regression(decisions, labels, rows):
    """Softmax regression on decision values, squared weights / 2 added to its loss; probabilities of all rows."""
    width = decisions.shape[1] + 1
    known = np.column_stack([decisions, np.ones(len(decisions))])

    def loss(flat):
        weights = flat.reshape(CLASSES, width)
        logs = log_softmax(known[rows] @ weights.T, axis=1)
        return (weights[:, :-1] ** 2).sum() / 2 - logs[np.arange(len(rows)), labels[rows]].sum()

    found = minimize(loss, np.zeros(CLASSES * width), method="BFGS").x.reshape(CLASSES, width)
    return softmax(known @ found.T, axis=1)


def test_decision_values_become_probabilities_by_a_regression_on_validation_rows():
    values = vectors(6, signal=2)
    known = standardised(values)
    losses, found = {}, {}
    for penalty in (0.1, 10.0):
        machine = SVC(C=penalty, random_state=5).fit(known[TRAINING], LABELS[TRAINING])
        found[penalty] = regression(machine.decision_function(known), LABELS, VALIDATION)
        losses[penalty] = -np.log(found[penalty][VALIDATION, LABELS[VALIDATION]]).mean()
    best = min(losses, key=losses.get)
    learn = scikit_learn(lambda seed: SVC(random_state=seed), {"C": (0.1, 10.0)}, calibrate=True)
    fitted = learn(fold_of(values))
    assert fitted.choices == {"C": best}
    np.testing.assert_allclose(fitted.predict(values), found[best], atol=2e-3)
    np.testing.assert_allclose(fitted.predict(values).sum(axis=1), 1, rtol=1e-6)
    assert fitted.parameters is None and fitted.heat_maps is None


def test_a_calibrated_learner_manages_with_a_class_that_is_in_neither_set():
    values = vectors(6, signal=2)
    rows = [part[LABELS[part] != 1] for part in (TRAINING, VALIDATION)]
    learn = scikit_learn(lambda seed: SVC(random_state=seed), calibrate=True)
    found = learn(fold_of(values, *rows)).predict(values)
    assert (found[:, 1] == 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)
    assert (found[TEST].argmax(axis=1) == LABELS[TEST])[LABELS[TEST] != 1].mean() > 0.8


@pytest.mark.parametrize("without", ["training", "validation"])
def test_a_calibrated_learner_manages_with_a_class_that_one_set_lacks(without):
    rows = {"training": TRAINING, "validation": VALIDATION}
    rows[without] = rows[without][LABELS[rows[without]] != 1]
    learn = scikit_learn(lambda seed: SVC(random_state=seed), calibrate=True)
    found = learn(fold_of(vectors(6, signal=2), rows["training"], rows["validation"])).predict(vectors(6))
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


def test_pooled_maps_are_learned_from_as_their_means():
    values = maps()
    means = values.astype(float).mean(axis=(1, 2)).astype(np.float32)
    pooled = scikit_learn(logistic_regression, {"C": PENALTIES}, pool=True)(fold_of(values))
    plain = scikit_learn(logistic_regression, {"C": PENALTIES})(fold_of(means))
    assert pooled.choices == plain.choices and pooled.parameters == plain.parameters == 3 * 6 + 3
    np.testing.assert_allclose(pooled.predict(values), plain.predict(means), atol=1e-3)


def relu_scaled(raw):
    highest = np.maximum(raw, 0).max(axis=(1, 2), keepdims=True)
    return np.maximum(raw, 0) / np.where(highest > 0, highest, 1)


def test_the_heat_map_is_what_each_position_adds_to_the_classes_score():
    # The classifier is linear in the mean: emptying a position takes its part of the logit away. Logits are
    # known but for a constant of the image, which the weights, summing to 0 over classes, do not have either.
    values = maps(1)
    fitted = scikit_learn(logistic_regression, {"C": (0.1,)}, pool=True)(fold_of(values))

    def centred_logits(features):
        logs = np.log(fitted.predict(features))
        return logs - logs.mean(axis=1, keepdims=True)

    shown, whole = values[TEST[:6]], centred_logits(values[TEST[:6]])
    for label in range(CLASSES):
        classes = np.full(len(shown), label)
        raw = np.empty(shown.shape[:3])
        for row, column in np.ndindex(raw.shape[1:]):
            emptied = shown.copy()
            emptied[:, row, column] = 0
            raw[:, row, column] = (whole - centred_logits(emptied))[:, label]
        np.testing.assert_allclose(fitted.heat_maps(shown, classes), relu_scaled(raw), atol=0.01)


def test_heat_maps_are_those_of_a_classifier_fitted_here_each_of_its_own_class():
    values, classes = maps(2), np.arange(30) % 3
    means = values.astype(float).mean(axis=(1, 2))
    model = LogisticRegression(C=0.1, max_iter=5000).fit(standardised(means)[TRAINING], LABELS[TRAINING])
    weights = model.coef_ / means[TRAINING].std(axis=0)
    raw = np.array(
        [
            [[sum(weights[label] * cell) for cell in row] for row in image.astype(float)]
            for image, label in zip(values[TEST], classes, strict=True)
        ]
    )
    fitted = scikit_learn(logistic_regression, {"C": (0.1,)}, pool=True)(fold_of(values))
    found = fitted.heat_maps(values[TEST], classes)
    np.testing.assert_allclose(found, relu_scaled(raw), atol=0.01)
    assert found.shape == (30, 4, 5) and found.min() == 0 and found.max() == pytest.approx(1)


def test_of_two_classes_the_maps_point_opposite_ways():
    values, training = maps(3), TRAINING[LABELS[TRAINING] != 1]
    fitted = scikit_learn(logistic_regression, {"C": (0.1,)}, pool=True)(fold_of(values, training))
    means = values.astype(float).mean(axis=(1, 2))
    model = LogisticRegression(C=0.1, max_iter=5000).fit(
        standardised(means, training)[training], LABELS[training]
    )
    raw = values[TEST].astype(float) @ (model.coef_[0] / means[training].std(axis=0))
    last, first = (fitted.heat_maps(values[TEST], np.full(30, label)) for label in (2, 0))
    np.testing.assert_allclose(last, relu_scaled(raw), atol=0.01)
    np.testing.assert_allclose(first, relu_scaled(-raw), atol=0.01)
    assert not ((last > 0) & (first > 0)).any()


def test_a_map_without_evidence_is_zero():
    values = maps(0)
    fitted = scikit_learn(logistic_regression, {"C": (0.1,)}, pool=True)(fold_of(values))
    assert not fitted.heat_maps(np.zeros_like(values[:2]), np.array([0, 1])).any()


def test_learners_that_are_not_linear_have_no_heat_maps():
    fitted = scikit_learn(lambda seed: KNeighborsClassifier(3), pool=True)(fold_of(maps()))
    assert fitted.heat_maps is None and fitted.parameters is None


LEARNERS = {
    "regression": scikit_learn(logistic_regression, {"C": (0.01, 1.0)}),
    "machine": scikit_learn(lambda seed: SVC(random_state=seed), {"C": (0.1, 10.0)}, calibrate=True),
    "tree": scikit_learn(lambda seed: DecisionTreeClassifier(random_state=seed), {"max_depth": (1, 3)}),
}


@few
@given(st.integers(0, 10**6), st.sampled_from(sorted(LEARNERS)), st.sampled_from([STUDY, BALANCED]))
def test_rows_outside_training_and_validation_change_nothing(seed, name, study):
    random = np.random.default_rng(seed)
    values, labels = vectors(seed), LABELS.copy()
    shown = values[TRAINING]
    other_values, other_labels = values.copy(), labels.copy()
    other_values[TEST] = random.normal(1000, 1000, (30, values.shape[1]))
    other_values[TEST[:3]] = np.nan
    other_labels[TEST] = random.integers(0, CLASSES, 30)
    first = LEARNERS[name](fold_of(values, study=study))
    second = LEARNERS[name](fold_of(other_values, labels=other_labels, study=study))
    assert first.choices == second.choices
    np.testing.assert_array_equal(first.predict(shown), second.predict(shown))


def test_labels_of_validation_rows_change_the_choice_and_not_the_fit():
    values = vectors(0, signal=3)
    lied = LABELS.copy()
    lied[VALIDATION] = (lied[VALIDATION] + 1) % 3
    learn = scikit_learn(logistic_regression, {"C": PENALTIES})
    truth, lie = learn(fold_of(values)), learn(fold_of(values, labels=lied))
    assert truth.choices == {"C": 1.0} and lie.choices == {"C": PENALTIES[0]}
    only = scikit_learn(logistic_regression, {"C": (0.1,)})
    np.testing.assert_array_equal(
        only(fold_of(values)).predict(values), only(fold_of(values, labels=lied)).predict(values)
    )


def test_an_image_that_is_drawn_twice_counts_twice():
    values = vectors(5)
    scaled = standardised(values).astype(np.float32)  # so that repeats move the mean hardly
    training = np.concatenate([TRAINING, TRAINING[LABELS[TRAINING] == 1]])
    known = standardised(scaled, training)
    model = LogisticRegression(C=1.0, max_iter=5000)
    weights = 1.0 + (LABELS[TRAINING] == 1)
    model.fit(known[TRAINING], LABELS[TRAINING], sample_weight=weights)
    fitted = scikit_learn(logistic_regression, {"C": (1.0,)})(fold_of(scaled, training))
    np.testing.assert_allclose(fitted.predict(scaled), model.predict_proba(known), atol=2e-3)


def test_probabilities_are_a_softmax_of_a_line_for_a_linear_learner():
    values = vectors(1)
    fitted = scikit_learn(logistic_regression, {"C": (0.01,)})(fold_of(values))
    logs = np.log(fitted.predict(values[TEST[:3]]))
    between = values[TEST[0]] + 0.25 * (values[TEST[1]] - values[TEST[0]])
    expected = softmax(0.75 * logs[0] + 0.25 * logs[1])
    np.testing.assert_allclose(fitted.predict(between[None])[0], expected, atol=1e-3)


def test_learning_gives_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scikit_learn(logistic_regression, {"C": PENALTIES})(fold_of(vectors(0)))
