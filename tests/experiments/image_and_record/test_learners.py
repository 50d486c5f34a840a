"""What pipelines do with values that are missing, were never seen in training, or never vary."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline as chained

from bcd_utils.experiments.image_and_record.learners import make_classifier, make_encoder


def make_pipeline(numbers, categories, features, force):
    return chained(make_encoder(numbers, categories, features), make_classifier(force, bool(features)))


LABELS = np.array([0, 1] * 30)


def table(**columns) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})


def test_missing_numbers_are_the_median_and_say_so():
    ages = np.where(LABELS == 1, np.nan, 50.0)  # nothing but the gap tells the class
    given = table(age=ages)
    predicted = make_pipeline(["age"], [], [], 10).fit(given, LABELS).predict_proba(given)[:, 1]
    assert roc_auc_score(LABELS, predicted) == 1


@pytest.mark.parametrize(
    "column", [pd.Series(["left"] * 60, dtype=object), pd.Series([""] * 60, dtype=object)]
)
def test_a_constant_or_empty_column_changes_nothing(column):
    ages = np.random.default_rng(0).normal(50, 12, 60) + 10 * LABELS
    alone, beside = table(age=ages), table(age=ages, side=column)
    plain = make_pipeline(["age"], [], [], 1000).fit(alone, LABELS).predict_proba(alone)
    joined = make_pipeline(["age"], ["side"], [], 2000).fit(beside, LABELS).predict_proba(beside)
    # one more column halves the variance of each: twice the force makes up for it
    np.testing.assert_allclose(joined, plain, atol=1e-6)


def test_numbers_that_are_all_missing_are_no_error():
    given = table(age=np.full(60, np.nan), side=np.where(LABELS == 1, "left", "right").astype(object))
    assert (
        make_pipeline(["age"], ["side"], [], 10).fit(given, LABELS).predict(given).tolist() == LABELS.tolist()
    )


def test_a_category_that_training_never_saw_is_taken_with_the_rare_ones():
    sides = np.where(LABELS == 1, "left", "right").astype(object)
    sides[:4] = ["both", "none", "other", "odd"]
    model = make_pipeline([], ["side"], [], 10).fit(table(side=sides), LABELS)
    new, rare = (model.predict_proba(table(side=[name])) for name in ("never seen", "odd"))
    np.testing.assert_array_equal(new, rare)


def test_it_is_the_logistic_regression_of_its_columns():
    rng = np.random.default_rng(1)
    given = table(
        age=rng.normal(50, 12, 60) + 5 * LABELS, **{"f 0": rng.normal(size=60), "f 1": rng.normal(size=60)}
    )
    predicted = make_pipeline(["age"], [], ["f 0", "f 1"], 10).fit(given, LABELS).predict_proba(given)
    values = given.to_numpy()
    values = (values - values.mean(axis=0)) / values.std(axis=0) / np.sqrt([1, 2, 2])
    expected = LogisticRegression(C=10, tol=1e-10, max_iter=5000).fit(values, LABELS).predict_proba(values)
    np.testing.assert_allclose(predicted, expected, atol=1e-5)
