"""All notebooks, without external images, on two classes of made-up names: no name and no kind of image is assumed."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from builders import TINY_SETTINGS, TinyStudy
from papers import compiled, paper_of, strange_numbers
from sklearn import metrics

pytestmark = [pytest.mark.slow, pytest.mark.long]
NAMES = {"benign": "fa, ruhig", "malignant": "Übergang"}
POSITIVE = "fa, ruhig"
NOTEBOOKS = (
    "01_data_exploration", "02_preprocessing", "03_train_resnet50", "04_evaluation", "05_gradcam", "06_data_audit",
    "07_split_lottery", "08_paper_forensics", "09_external_test", "10_model_comparison",
)  # fmt: skip


@pytest.fixture(scope="module")
def finished_two(quick, tmp_path_factory):
    """Folder of the finished run."""
    from bcd_utils.datasets.phantom_files import write_phantoms

    folder = tmp_path_factory.mktemp("two")
    write_phantoms(folder / "drawn", {"benign": 16, "malignant": 14}, 7)
    for label, name in NAMES.items():
        (folder / "images" / name).mkdir(parents=True)
        for path in (folder / "drawn" / label).iterdir():
            path.rename(folder / "images" / name / path.name.replace(label, name))
    source = {"dataset": "folder", "data_dir": str(folder / "images"), "modality": "breast histopathology"}
    settings = {key: value for key, value in TINY_SETTINGS.items() if key not in ("dataset", "phantoms")}
    settings |= {
        "backbone": yaml.safe_load(quick.file.read_text())["backbone"],
        "source": source | {"positive": POSITIVE, "look_alikes": "none"},
        "notebooks": list(NOTEBOOKS),
        "epochs": 1,
        "repeated_splits": {"splits": 2, "folds": 2, "repeats": 1, "crossed_splits": 2, "crossed_seeds": 2},
        "rival_explanations": {"names": ["crop", "mask"]},
        "comparison": {
            "candidates": ["logistic_regression", "outline-logistic_regression"],
            "folds": 2,
            "curve_candidates": [],
            "imbalance_candidates": [],
        },
    }  # fmt: skip
    (folder / "two.yaml").write_text(yaml.safe_dump(settings))
    return TinyStudy(folder / "two.yaml", folder / "cache", quick.python).run(folder / "run")


@pytest.fixture(scope="module")
def summary(finished_two) -> dict:
    return json.loads((finished_two / "summary.json").read_text(encoding="utf-8"))


def page_text(path) -> str:
    """What a reader of a page sees, without the table of settings."""
    page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    for tag in page(["style", "details"]):
        tag.extract()
    return page.get_text(" ")


def test_scores_of_two_classes_agree_with_scikit_learn(finished_two, summary):
    predictions = pd.read_csv(finished_two / "artifacts" / "predictions.csv").query("split == 'test'")
    truth, said, shares = predictions["label"], predictions["predicted"], predictions[f"p_{POSITIVE}"]
    expected = {
        "accuracy": metrics.accuracy_score(truth, said),
        "f1_macro": metrics.f1_score(truth, said, average="macro"),
        f"f1_{POSITIVE}": metrics.f1_score(truth, said, pos_label=POSITIVE),
        f"sensitivity_{POSITIVE}": metrics.recall_score(truth, said, pos_label=POSITIVE),
        f"roc_auc_{POSITIVE}": metrics.roc_auc_score(truth == POSITIVE, shares),
        "roc_auc": metrics.roc_auc_score(truth == POSITIVE, shares),
    }
    test = summary["metrics"]["test"]
    assert {name: test[name] for name in expected} == pytest.approx(expected, abs=1e-5)
    assert summary["dataset"]["positive"] == summary["operating_points"]["positive"] == POSITIVE
    by_class = [summary["intervals"][f"roc_auc_{name}"]["value"] for name in NAMES.values()]
    assert by_class[0] == pytest.approx(by_class[1])


def test_nothing_of_the_papers_is_held_against_other_classes(summary):
    assert summary["paper"] == {"train": {}, "validation": {}, "test": {}}
    assert summary["lottery"]["plain"]["accuracy"]["percentile"] is None
    forensics = summary["forensics"]
    assert forensics["readings_of_f1"] == ["macro"] and forensics["paper"] == {}
    assert {row["rival"] for row in forensics["rivals"]} == {"image", "mask", "crop"}
    assert not any({"place", "allowed", "perfect_all"} & row.keys() for row in forensics["rivals"])


def test_the_comparison_is_about_the_positive_class(summary):
    scores = summary["comparison"]["contenders"]["logistic_regression"]["scores"]
    assert f"sensitivity_{POSITIVE}" in scores
    outlines = summary["comparison"]["outline"]
    assert {"logistic_regression", "outline"} & {
        row["name"].split()[0].lower() for row in outlines
    } or outlines
    assert all(f"specificity_{POSITIVE}" in row for row in outlines)


@pytest.mark.parametrize("word", ["normal", "benign", "malignant", "ultrasound", "BUSI", "cancer"])
def test_no_page_names_what_the_study_does_not_have(finished_two, word):
    pages = {path.stem: page_text(path) for path in finished_two.glob("*.html")}
    assert len(pages) == len(NOTEBOOKS) + 3
    # 08 examines the paper's own table, whose classes these are; the checklists and banners quote the field
    shown = {name for name, text in pages.items() if re.search(rf"\b{word}\b", text, re.IGNORECASE)}
    assert shown - {"08_paper_forensics"} == set()
    assert "no score of the paper's is comparable" in pages["index"].replace("’", "'")


def test_an_empty_mask_tells_no_class_where_all_have_lesions(finished_two):
    text = page_text(finished_two / "01_data_exploration.html")
    assert "Lesions are drawn in images of every class" in text


def test_no_cell_of_a_page_holds_what_python_calls_nothing(finished_two):
    cells = {
        (path.name, cell.parent.get_text(" ", strip=True))
        for path in finished_two.glob("*.html")
        for cell in BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select(".output td")
        if cell.get_text(strip=True) in ("None", "nan", "<NA>")
    }
    assert cells == set()


def test_every_number_of_the_papers_tables_is_the_runs(finished_two, tmp_path):
    assert strange_numbers(*paper_of(finished_two, out=tmp_path / "paper")) == []


@pytest.mark.tex
def test_the_paper_compiles(finished_two, tmp_path):
    folder, _ = paper_of(finished_two, out=tmp_path / "paper")
    compiled(folder)
