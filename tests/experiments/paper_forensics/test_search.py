"""Many class counts of one size searched at once: as one by one, and up to eight classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from bcd_utils.experiments.paper_forensics import search
from bcd_utils.experiments.paper_forensics.search import TooManyError, fitting_matrices, fitting_of_all

quick = settings(max_examples=25, deadline=None, database=None)


def as_printed(matrix: np.ndarray, digits: int) -> dict[str, str]:
    """The scores of a matrix by scikit-learn, rounded."""
    truth, called = np.divmod(np.repeat(np.arange(matrix.size), matrix.ravel()), len(matrix))
    options = {"average": "macro", "labels": range(len(matrix)), "zero_division": 0}
    scores = {
        "accuracy": accuracy_score(truth, called),
        "recall_macro": recall_score(truth, called, **options),
        "precision_macro": precision_score(truth, called, **options),
        "f1_macro": f1_score(truth, called, **options),
    }
    return {name: f"{value:.{digits}f}" for name, value in scores.items()}


@st.composite
def matrix_and_decoys(draw):
    size = draw(st.integers(2, 4))
    hits, errors = st.integers(1, 40), st.integers(0, {2: 8, 3: 3, 4: 1}[size])
    matrix = np.array(
        [[draw(hits if row == column else errors) for column in range(size)] for row in range(size)]
    )
    counts = matrix.sum(axis=1)
    shifted = np.stack(
        [counts, np.roll(counts, 1), counts + np.eye(size, dtype=int)[0] - np.eye(size, dtype=int)[1]]
    )
    return matrix, shifted[(shifted > 0).all(axis=1)], draw(st.integers(2, 4))


@quick
@given(matrix_and_decoys())
def test_a_matrix_is_found_again_among_other_class_counts(case):
    matrix, counts, digits = case
    classes, printed = [f"c{index}" for index in range(len(matrix))], as_printed(matrix, digits)
    found = fitting_of_all(classes, counts, printed)
    assert matrix.tolist() in found[0].tolist()
    for index, row in enumerate(counts.tolist()):
        alone = fitting_matrices(dict(zip(classes, row, strict=True)), printed)
        assert sorted(found.get(index, alone[:0]).tolist()) == sorted(alone.tolist())


def test_eight_classes_of_which_few_are_wrong():
    matrix = np.diag(range(10, 18))
    matrix[0, 1], matrix[3, 2], matrix[7, 0] = 1, 1, 2
    classes = list("abcdefgh")
    found = fitting_of_all(classes, matrix.sum(axis=1)[None], as_printed(matrix, 4))
    assert matrix.tolist() in found[0].tolist()
    with pytest.raises(TooManyError, match="would have to be tried"):
        fitting_of_all(classes, matrix.sum(axis=1)[None], {"accuracy": "0.5", "f1_macro": "0.5"})


def test_blocks_do_not_change_the_result(monkeypatch):
    counts, printed = np.array([[9, 6, 5], [8, 7, 5]]), {"accuracy": "0.75", "kappa": "0.62"}
    whole = fitting_of_all(["a", "b", "c"], counts, printed)
    monkeypatch.setattr(search, "BLOCK", 9 * 7)
    again = fitting_of_all(["a", "b", "c"], counts, printed)
    assert set(whole) == {0, 1} and all(np.array_equal(whole[row], again[row]) for row in whole)
