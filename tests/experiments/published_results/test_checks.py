"""What fits published rows: those whose matrix is printed, those whose test set is not, and matrices made up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcd_utils.evaluation.counts import Counts
from bcd_utils.evaluation.printed_scores import printed
from bcd_utils.experiments.published_results.checks import (
    FITS,
    NONE_FOUND,
    ONLY_IF,
    UNCHECKED,
    check_row,
    check_rows,
)
from bcd_utils.experiments.published_results.fits import examined, reported_of
from bcd_utils.experiments.published_results.rows import Published, Row, load_published
from bcd_utils.utils.paths import STUDIES

BUSI = load_published(STUDIES / "published" / "busi.yaml")
#: How many matrices fit the rows that print one.
PRINTED = {
    "R01": 1,
    "R04": 1,
    "R05": 1,
    "R22": 1,
    "R23": 1,
    "R24": 1,
    "R25": 2,
    "R26": 3,
    "R27": 1,
    "R31": 1,
    "R34": 1,
}


def check(key: str):
    return check_row(BUSI.rows[key], BUSI)


@pytest.mark.parametrize("key", PRINTED)
def test_a_printed_matrix_is_found_from_the_scores_beside_it(key):
    row, found = BUSI.rows[key], check(key)
    assert found.outcome in (FITS, ONLY_IF) and sum(fit.matrices for fit in found.fits) == PRINTED[key]
    ends = np.array(found.fits[0].cells)
    assert ((ends[..., 0] <= row.matrix) & (ends[..., 1] >= np.array(row.matrix))).all()
    counts = tuple(row.test.values())
    matrices = [
        each.matrices.tolist() for each in examined(row, row.classes, [counts], row.scores, "nearest")
    ]
    assert [list(line) for line in row.matrix] in sum(matrices, [])


def test_every_printed_matrix_is_tried():
    assert {key for key, row in BUSI.rows.items() if row.matrix} == set(PRINTED)


def test_two_classes_leave_one_test_set():
    found = check("R09")
    assert (found.outcome, found.says) == (ONLY_IF, "the test set has 39 malignant and 91 benign")
    (fit,) = found.fits
    assert fit.drawn and fit.cells == [[[36, 36], [3, 3]], [[4, 4], [87, 87]]]


def test_digits_that_were_cut_off():
    found = check("R12")
    assert "the test set has 117 images, averages are macro, digits were cut off" in found.says
    cut = [fit for fit in found.fits if fit.rounding == "down"]
    assert [fit.cells for fit in cut] == [
        [[[64, 64], [2, 2], [0, 0]], [[0, 0], [31, 31], [0, 0]], [[0, 0], [0, 0], [20, 20]]]
    ]
    assert cut[0].classes["normal"] == [1, 1, 1, 1]


def test_a_row_whose_other_networks_fix_the_test_set():
    found = check("R21")
    assert found.says == "the test set has 156 images, averages are macro"
    (fit,) = [fit for fit in found.fits if not fit.drawn]
    assert fit.cells[0] == [[82, 82], [3, 3], [2, 2]] and fit.counts == {
        "benign": 87,
        "malignant": 42,
        "normal": 27,
    }
    assert fit.classes["normal"] == [1, 1, round(27 / 31, 6), round(27 / 31, 6)]
    assert [name for name, fits in found.further.items() if not fits] == ["MambaVision"]


def test_no_usual_test_set_has_the_accuracy_of_r13():
    found = check("R13")
    assert found.outcome == ONLY_IF and not [
        fit for fit in found.fits if fit.rounding == "nearest" and not fit.copied
    ]


def test_what_no_single_run_can_print():
    found = check("R33")  # 134 of 156 are 0.859, 135 are 0.865
    assert found.outcome == NONE_FOUND and "the stated class counts" in found.says and not found.fits


def test_a_second_table_of_the_same_test_set():
    assert check("R04").further == {"table in the README": False}


def test_means_over_models_and_folds_are_bounded():
    models, folds = check("R30"), check("R32")
    assert {fit.matrices for fit in models.fits + folds.fits} == {None}
    assert all(high <= 1 for fit in models.fits + folds.fits for _, high, *_ in fit.classes.values())
    of_malignant = next(fit for fit in models.fits if fit.reading == "malignant").classes["malignant"]
    # five models on 35 malignant images: only 166 of 175 are 0.949
    assert models.outcome == FITS and of_malignant[:2] == [round(166 / 175, 6)] * 2
    assert folds.says == "scores are means over folds"


@pytest.mark.parametrize("key", ["R15", "R35", "R36", "R44"])
def test_too_little_is_said_to_be_too_little(key):
    found = check(key)
    assert found.outcome == UNCHECKED and found.says and not found.tried


@settings(max_examples=25, deadline=None, database=None)
@given(
    st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=3, max_size=3),
    st.sampled_from([2, 3, 4]),
    st.booleans(),
)
def test_a_rows_own_rounded_scores_find_its_matrix_again(cells, digits, named):
    matrix = np.array(cells) + np.diag([20, 15, 10])
    classes = ("a", "b", "c")
    counts = dict(zip(classes, matrix.sum(axis=1).tolist(), strict=True))
    scores, values = {}, printed(classes)
    for name in ("accuracy", "recall", "precision", "f1"):
        full = name if name == "accuracy" else f"{name}_macro"
        scores[full if named else name] = f"{float(values[full].value(Counts(matrix))):.{digits}f}"
    row = Row(
        "made up", "here", ("output",), scores, classes=classes, test=counts, matrix=tuple(map(tuple, cells))
    )
    found = check_row(row, Published("made up", counts, "a", "c", {"A": row}))
    assert found.fits and found.outcome in (FITS, ONLY_IF)
    matrices = [
        each.matrices.tolist() for each in examined(row, classes, [tuple(counts.values())], scores, "nearest")
    ]
    assert matrix.tolist() in sum(matrices, [])


def test_rows_are_checked_side_by_side_and_kept(cache, quick_workers):
    few = Published(
        BUSI.data, BUSI.images, "malignant", "normal", {key: BUSI.rows[key] for key in ("R22", "R35")}
    )
    told = []
    first = check_rows(few, lambda done, total: told.append((done, total)))
    assert told[-1] == (2, 2) and first["R22"] == check("R22") and first["R35"] == check("R35")
    assert check_rows(few) == first


def test_a_row_is_handed_on_as_reported_scores():
    reported = reported_of(BUSI.rows["R30"], {"malignant": 35, "benign": 70}, "nearest")
    assert reported.models == 5 and reported.counts() == {"test": {"malignant": 35, "benign": 70}}
