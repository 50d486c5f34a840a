"""scikit-learn pipelines of a record, of an image's features, and of both joined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

RAREST = 5  # training rows of a category; rarer ones, and those that only the test has, are taken together
FORCES = (0.1, 1.0, 10.0, 100.0, 1000.0)  # values to try of C, the inverse of the penalty


def make_encoder(numbers: Sequence[str], categories: Sequence[str], features: Sequence[str]) -> Any:
    """What makes numbers of some columns of a table; it has not learned yet.

    Numbers that are missing become the training rows' median, with a column that says so; a missing category is one
    of its own. Columns without variance become 0. The record and the image are each scaled to a total variance of one,
    so that a thousand features do not outvote three columns by their number (block scaling; Westerhuis et al. 1998, J
    Chemometrics 12:301-321).

    Parameters
    ----------
    numbers, categories : sequence of str
        Columns of the record.
    features : sequence of str
        Columns of the image.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    known = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    coded = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=RAREST, sparse_output=False)
    columns = [("numbers", known, list(numbers)), ("categories", coded, list(categories))]
    record = ColumnTransformer([column for column in columns if column[2]])
    blocks = [("record", record, [*numbers, *categories]), ("image", "passthrough", list(features))]
    return ColumnTransformer([
        (name, make_pipeline(own, StandardScaler(), FunctionTransformer(to_total_variance_one)), of)
        for name, own, of in blocks
        if of
    ])  # fmt: skip


def make_classifier(force: float, features: bool) -> Any:
    """A logistic regression that has not learned yet.

    Parameters
    ----------
    force : float
        One of `FORCES`.
    features : bool
        Whether it reads the image's: a thousand would make a Hessian of millions of entries. A record's is small, and
        Newton's method exact.
    """
    from sklearn.linear_model import LogisticRegression

    solver = {"solver": "lbfgs", "tol": 1e-6} if features else {"solver": "newton-cholesky", "tol": 1e-8}
    return LogisticRegression(C=force, max_iter=5000, **solver)


def to_total_variance_one(columns: np.ndarray) -> np.ndarray:
    """Standardised columns over the root of their number."""
    return columns / np.sqrt(columns.shape[1])
