"""Runs side by side; the tests between them are computed again with scipy and scikit-learn."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from builders import make_run
from scipy.stats import binom, binomtest
from sklearn.metrics import roc_auc_score
from summaries import FULL, bounds

from bcd_utils.reporting.runs_compared import compare, write_page
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError

CLASSES = ["benign", "malignant"]
IMAGES = 30


def predictions(seed: int, certain: float) -> pd.DataFrame:
    """Of the same images under every seed: half of them are benign; some are for training."""
    labels = np.array(CLASSES)[np.arange(IMAGES) % 2]
    generator = np.random.default_rng(seed)
    malignant = np.clip(
        (np.arange(IMAGES) % 2 - 0.5) * certain + generator.normal(0.5, 0.3, IMAGES), 0.01, 0.99
    )
    table = pd.DataFrame({"id": [f"i{n:02}" for n in range(IMAGES)], "label": labels, "split": "test"})
    table.loc[:3, "split"] = "train"
    table["p_benign"], table["p_malignant"] = 1 - malignant, malignant
    table["predicted"] = np.array(CLASSES)[(malignant > 0.5).astype(int)]
    return table


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Folders of two finished runs, tested on the same images."""
    monkeypatch.chdir(tmp_path)

    def run(name, table, **settings):
        study = make_study({"name": "mine", "seed": 1, "source": {"dataset": "busi"}, **settings})
        made = make_run(tmp_path / name, study)
        (made.folder / "artifacts").mkdir(exist_ok=True)
        table.to_csv(made.folder / "artifacts" / "predictions.csv", index=False)
        splits = table[["id", "label", "split"]].assign(group=[f"g{n // 2}" for n in range(len(table))])
        splits.to_csv(made.folder / "artifacts" / "splits.csv", index=False)
        record = {"classes": dict.fromkeys(CLASSES, 15), "positive": "malignant"}
        (made.folder / "artifacts" / "dataset.json").write_text(json.dumps(record))
        right = (table["label"] == table["predicted"])[table["split"] == "test"].mean()
        summary = {
            **FULL,
            "settings": study.as_dict(),
            "split": {"test": 26},
            "announcements": ["Synthetic <data>."],
        }
        summary["intervals"] = {"accuracy": bounds(right, 0.2, 0.9)}
        (made.folder / "summary.json").write_text(json.dumps(summary))
        return made

    return run("first", predictions(1, 0.5)), run("second", predictions(2, 0.1), epochs=3, pooling="average")


def number(cell: str) -> float:
    return float(cell.split(" ")[0].replace("−", "-"))


def test_the_settings_that_differ_and_the_scores_are_listed(two):
    found = compare(two)
    assert found.settings.to_dict("index") == {
        "pooling": {"first": "flatten", "second": "average"}, "epochs": {"first": "30", "second": "3"},
    }  # fmt: skip
    assert list(found.scores.columns) == ["first", "second"]
    assert list(found.scores.loc["Test images"]) == ["26", "26"]
    assert re.fullmatch(r"0\.\d{3} \[0.200, 0.900\]", found.scores.loc["Accuracy", "second"])
    assert found.announcements == ["Synthetic <data>."]


def test_the_paired_tests_are_those_of_other_libraries(two):
    found = compare(two)
    first, second = (run.read_csv("predictions.csv").query("split == 'test'") for run in two)
    right = [table["label"].eq(table["predicted"]) for table in (first, second)]
    only = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    areas = [roc_auc_score(table["label"] == "malignant", table["p_malignant"]) for table in (first, second)]
    assert only[0] > only[1] > 0 and areas[0] > areas[1], "else nothing is asked"
    row = found.tests.loc["second"]
    assert number(row["accuracy, this minus the first"]) == pytest.approx((only[1] - only[0]) / 26, abs=6e-4)
    assert [row["only the first right"], row["only this right"]] == [str(count) for count in only]
    assert number(row["McNemar p"]) == pytest.approx(
        binomtest(only[0], sum(only)).pvalue - binom.pmf(only[0], sum(only), 0.5),
        abs=1e-4,  # mid-p
    )
    assert number(row["ROC AUC of malignant, this minus the first"]) == pytest.approx(
        areas[1] - areas[0], abs=6e-4
    )
    assert "Holm" in found.said


def test_more_runs_are_all_held_against_the_first(two, tmp_path):
    import shutil

    from bcd_utils.study.run import Run

    shutil.copytree(two[1].folder, tmp_path / "third")
    found = compare([*two, Run.open(tmp_path / "third")])
    alone = compare(two)
    assert list(found.tests.index) == ["second", "third"]
    p = number(alone.tests.loc["second", "McNemar p"])
    assert number(found.tests.loc["second", "McNemar p"]) == pytest.approx(min(1, 2 * p), abs=2e-4)


@pytest.mark.parametrize("change", ["other images", "other labels", "no predictions"])
def test_runs_with_other_test_images_are_not_tested_against_each_other(two, change):
    path = two[1].folder / "artifacts" / "predictions.csv"
    table = pd.read_csv(path)
    if change == "other images":
        table.loc[4, "split"] = "train"
    elif change == "other labels":
        table.loc[4, "label"] = "malignant"
    table.to_csv(path, index=False)
    if change == "no predictions":
        path.unlink()
    found = compare(two)
    assert found.tests is None and found.said.startswith("No test: ") and "second" in found.said


def test_the_same_run_twice_is_no_comparison(two):
    for runs in ([two[0]], [two[0], two[0]], []):
        with pytest.raises(StudyError, match="needs two runs"):
            compare(runs)


def test_the_page_holds_all_of_it_and_opens_alone(two, tmp_path):
    found = compare(two)
    write_page(found, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in text and "Synthetic &lt;data&gt;." in text and "Not for clinical use" in text
    for table in (found.settings, found.scores, found.tests):
        for cell in [*table.index, *table.to_numpy().ravel()]:
            assert str(cell) in text, cell
