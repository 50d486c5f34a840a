"""Scores of rivals against counts worked out by hand, and where a row lies among them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bcd_utils.evaluation.reported import paper_reported
from bcd_utils.experiments.paper_forensics import matrices as forensics
from bcd_utils.experiments.rival_explanations import scores
from bcd_utils.experiments.rival_explanations.declared import RIVALS
from bcd_utils.experiments.rival_explanations.training import Outcome

BY_NAME = {rival.name: rival for rival in RIVALS}
CLASSES = ("benign", "normal")


def outcome(*predicted: str) -> Outcome:
    """Two images of each class in each set; each split's predictions as a text of class numbers, set after set."""
    numbers = np.array([[int(digit) for digit in each] for each in predicted])
    sets = np.tile(np.repeat([0, 1, 2], 4), (len(predicted), 1)).astype(np.int8)
    return Outcome(np.tile([0, 0, 1, 1], 3), sets, np.eye(2, dtype=np.float32)[numbers])


def test_scores_of_each_set_and_what_is_perfect():
    table = scores.rival_scores(
        [BY_NAME["image"]],
        {"image": outcome("001100110011", "001101110011", "001100110001")},
        CLASSES,
        ["normal"],
        5,
    )
    assert table["test_accuracy"].tolist() == [1, 1, 0.75] and table["validation_accuracy"].tolist() == [
        1,
        0.75,
        1,
    ]
    assert table["validation_false_normal"].tolist() == [0, 1, 0]
    assert table["test_recall_normal"].tolist() == [1, 1, 0.5]
    assert table["perfect_test"].tolist() == [True, True, False]
    assert table["perfect_all"].tolist() == [True, False, False]
    # kappa by hand: accuracy 0.75, by chance 0.5
    assert table["test_kappa"].tolist() == [1, 1, 0.5]
    summary = scores.rivals_table(table, {"image": "plain images"}).loc["image"]
    assert summary["splits"] == 3 and summary["perfect_all"] == pytest.approx(1 / 3)
    assert (summary["accuracy"], summary["accuracy_low"]) == (pytest.approx(2.75 / 3), 0.75)


def test_of_each_block_of_splits_the_luckiest_is_taken():
    test = ["0011", "0111", "0001", "1111", "0010"]  # accuracy 1, 0.75, 0.75, 0.5, 0.75
    each = outcome(*("00110011" + digits for digits in test))
    chosen = [BY_NAME["image"], BY_NAME["luckiest"]]
    table = scores.rival_scores(chosen, {"image": each}, CLASSES, [], 2)
    lucky = table[table["rival"] == "luckiest"]
    assert lucky["split"].tolist() == [0, 2] and lucky["test_accuracy"].tolist() == [1, 0.75]
    assert not any(column.startswith("perfect") for column in table)


def test_the_papers_row_is_printed_scores_and_what_its_matrices_imply():
    fitting = [each for each in forensics.examine(paper_reported()) if len(each.matrices)]
    row = scores.printed_row(paper_reported(), fitting, forensics.without_error(fitting))
    assert row["validation_kappa"] == 0.843 and row["train_roc_auc"] == 0.9994
    assert [row[f"{name}_recall_normal"] for name in ("train", "validation", "test")] == [1, 1, 1]
    assert [row[f"{name}_false_normal"] for name in ("train", "validation", "test")] == [0, 0, 0]
    assert row["perfect_all"] == 1 and len(row) == 3 * 6 + 1


def test_a_row_is_placed_among_the_splits_of_each_rival():
    rng = np.random.default_rng(0)
    near = pd.DataFrame({"rival": "outline", "train_kappa": rng.normal(0.9, 0.02, 40)})
    far = pd.DataFrame({"rival": "image", "train_kappa": rng.normal(0.5, 0.02, 40)})
    few = near[:18].assign(rival="mask", train_kappa=[np.nan, *near["train_kappa"][1:18]])
    nothing = near[:2].assign(rival="crop", train_kappa=np.nan)
    places = scores.places_table(pd.concat([near, far, few, nothing]), {"train_kappa": 0.9}, 0.95)
    assert places["place"].to_dict() == {
        "outline": "inside", "image": "outside", "mask": "too few splits", "crop": "too few splits",
    }  # fmt: skip
    assert places.loc["image", "p"] == 1 / 41 and places.loc["image", "farthest"] == "Cohen’s kappa, train"
    assert places["compared"].tolist() == [40, 40, 17, 0] and np.isnan(places.loc["crop", "p"])
