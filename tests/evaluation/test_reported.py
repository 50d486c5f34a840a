"""The paper's own numbers, and a run's beside them."""

from __future__ import annotations

import pytest

from bcd_utils.evaluation.reported import beside_paper, load_reported, reported_by_paper
from bcd_utils.experiments.paper_forensics.search import fitting_matrices
from bcd_utils.utils.errors import StudyError

MAIN = ("accuracy", "f1_macro", "kappa", "mcc", "roc_auc")


def test_the_papers_numbers_are_those_it_prints():
    paper = reported_by_paper()
    assert list(paper) == ["train", "validation", "test"]
    assert paper["test"] == {"accuracy": 0.9402, "f1_macro": 0.9452, "kappa": 0.8977, "roc_auc": 0.9870}


def test_the_difference_is_ours_minus_the_papers_and_only_test_has_an_interval():
    ours, theirs = (
        {name: dict.fromkeys(MAIN, value) for name in ("train", "validation", "test")}
        for value in (0.5, 0.75)
    )
    ours["validation"]["roc_auc"] = None
    del theirs["test"]["mcc"]
    intervals = dict.fromkeys(MAIN, {"low": 0.4, "high": 0.6})
    table = beside_paper(ours, intervals, theirs)
    assert table.index.tolist() == [
        (name, metric) for name in ("train", "validation", "test") for metric in MAIN
    ]
    assert table.loc[("test", "kappa")].to_dict() == {
        "paper": 0.75, "this run": 0.5, "low": 0.4, "high": 0.6, "difference": -0.25,
    }  # fmt: skip
    assert table.loc[("train", "kappa"), ["low", "high"]].isna().all()
    assert table.loc[("validation", "roc_auc"), ["this run", "difference"]].isna().all()
    assert table.loc[("test", "mcc"), "this run"] == 0.5
    assert table.loc[("test", "mcc"), ["paper", "difference"]].isna().all()


@pytest.fixture
def read(tmp_path):
    """Reads reported test scores of 5 ill and 7 well."""

    def read(scores):
        path = tmp_path / "reported.yaml"
        path.write_text(f"class_counts: {{test: {{ill: 5, well: 7}}}}\nreported: {{test: {{{scores}}}}}\n")
        return load_reported(path)

    return read


@pytest.mark.parametrize(
    "scores",
    [
        "mcc: 0.657",  # (3 * 7 - 2 * 0) / sqrt(5 * 7 * 3 * 9)
        "accuracy: 0.833, matthews: 0.68",
        "balanced_accuracy: 0.80",
        "sensitivity_ill: 0.60, specificity_ill: 1.00",
        "recall_ill: 60%, sensitivity_well: 100%",
        "specificity_well: 0.60, precision_ill: 1.00",
        "f1_ill: 0.75, f1_well: 0.875",
    ],
)
def test_every_metric_that_the_matrix_determines_constrains_it(read, scores):
    reported = read(scores)
    ((_, constraints),) = reported.readings("test").items()
    found = fitting_matrices(reported.counts()["test"], constraints).tolist()
    assert reported.unused() == []
    # 3 of 5 ill found, all well left alone; of the 48 matrices few others round alike
    assert ([[3, 2], [0, 7]] in found) == (scores != "mcc: 0.657")
    assert len(found) < 8


def test_what_needs_probabilities_is_accepted_and_only_the_auc_of_two_classes_is_used(read):
    reported = read("accuracy: 0.83, roc_auc: 0.9, auc_ill: 0.9, loss: 0.4")
    assert reported.unused() == ["loss"]
    assert reported.readings("test") == {"": {"accuracy": "0.83", "roc_auc": "0.9", "auc_ill": "0.9"}}


@pytest.mark.parametrize(
    ("scores", "readings"),
    [
        ("precision: 0.9, recall: 0.8", {"macro", "weighted", "ill", "well"}),
        ("precision: 0.9, f1_macro: 0.8", {"macro", "weighted", "ill", "well"}),
        # under the reading that contradicts what is stated beside it, nothing is tried
        ("precision: 0.9, precision_ill: 0.8", {"macro", "weighted", "well"}),
        ("jaccard_ill: 0.5, iou_macro: 0.5", {""}),
    ],
)
def test_scores_without_a_class_or_an_average_are_read_alike_in_every_way(read, scores, readings):
    found = read(scores).readings("test")
    assert set(found) == readings
    if "precision: 0.9, recall" in scores:
        assert found["ill"] == {"precision_ill": "0.9", "recall_ill": "0.8"}


def test_the_old_word_for_digits_cut_off_is_read_and_the_new_one_named(tmp_path, caplog):
    path = tmp_path / "old.yaml"
    path.write_text(
        "class_counts: {test: {ill: 5, well: 7}}\nrounding: truncated\nreported: {test: {accuracy: 0.83}}\n"
    )
    assert load_reported(path).rounding == "down"
    assert [line for line in caplog.messages if "'truncated' is now called 'down'" in line]


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ("mcc: -1.2", "write a number from -1 to 1"),
        ("sensitivity_ill: -0.1", "write a number from 0 to 1"),
        ("loss: -0.1", "write a number from 0 to inf"),
        ("sensitivity_malignant: 0.9", "no class 'malignant' here: write sensitivity_ill, sensitivity_well"),
        ("specificity_wel: 0.9", "did you mean 'specificity_well'?"),
        ("sensitivty_ill: 0.9", "did you mean 'sensitivity_ill'?"),
        ("balanced_acuracy: 0.9", "did you mean 'balanced_accuracy'?"),
    ],
)
def test_values_out_of_range_and_other_classes_are_refused(read, scores, said):
    with pytest.raises(StudyError) as error:
        read(scores)
    assert said in str(error.value) or said in error.value.fix
