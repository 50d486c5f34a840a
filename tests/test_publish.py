"""The summary of a run, whole or cut short, and what every page must say first."""

from __future__ import annotations

import json

import nbformat
import pandas as pd
import pytest

from bcd_utils.publish import announcements, page_context, publish, reported_by_paper, summarise_run, title_of
from bcd_utils.runs import Run
from bcd_utils.study import make_study

STAGE = "01_data_exploration"


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", make_study({"name": "mine", "title": "Mine", "notebooks": [STAGE]}))


@pytest.fixture
def executed(run):
    """The run's one executed notebook."""
    path = run.folder / "notebooks" / f"{STAGE}.ipynb"
    path.parent.mkdir()
    heading = nbformat.v4.new_markdown_cell("# Data exploration\n\nmore")
    nbformat.write(nbformat.v4.new_notebook(cells=[heading]), path)
    return path


def test_the_papers_numbers_are_those_it_prints():
    paper = reported_by_paper()
    assert list(paper) == ["train", "validation", "test"]
    assert paper["test"] == {"accuracy": 0.9402, "f1_macro": 0.9452, "kappa": 0.8977, "roc_auc": 0.9870}


@pytest.mark.parametrize(
    ("synthetic", "untrained", "starts"),
    [
        (False, False, []),
        (True, False, ["Synthetic data:"]),
        (False, True, ["Untrained weights:"]),
        (True, True, ["Synthetic data:", "Untrained weights:"]),
    ],
)
def test_synthetic_data_and_untrained_weights_are_announced(synthetic, untrained, starts):
    said = announcements({"synthetic": synthetic}, {"untrained": untrained})
    assert [" ".join(text.split()[:2]) for text in said] == starts


def test_a_run_that_has_done_nothing_has_a_summary_without_results(run):
    summary = summarise_run(run)
    for key in ("split", "metrics", "intervals", "cam", "epochs", "best_epoch"):
        assert summary[key] is None, key
    assert summary["announcements"] == [] and summary["seconds"] == {}
    assert (summary["study"], summary["title"]) == ("mine", "Mine")
    json.dumps(summary, allow_nan=False)


def test_sets_are_counted(run):
    splits = ["train"] * 4 + ["test"] * 2 + ["validation"]
    run.save_csv(pd.DataFrame({"id": list("abcdefg"), "split": splits}), "splits.csv")
    assert summarise_run(run)["split"] == {"train": 4, "validation": 1, "test": 2}


def test_a_study_of_one_notebook_is_published(run, executed):
    run.save_json(
        {"name": "busi", "title": "BUSI", "synthetic": True, "classes": {}, "images": 0}, "dataset.json"
    )
    index = publish(run)
    assert index == run.folder / "index.html"
    assert json.loads((run.folder / "summary.json").read_text())["dataset"]["name"] == "busi"
    for page in (index, run.folder / f"{STAGE}.html"):
        text = page.read_text(encoding="utf-8")
        assert "Synthetic data: " in text and "Data exploration" in text, page


def test_a_notebooks_title_is_its_first_heading(executed):
    assert title_of(executed) == "Data exploration"


def test_a_page_knows_its_place_among_the_pages(run):
    pages = [{"title": "One", "file": "1.html"}, {"title": "Two", "file": "2.html"}]
    context = page_context(summarise_run(run), "folder", pages, "2.html")
    assert (context["title"], context["study"], context["run"]) == ("Two", "Mine", "folder")
    assert [(page["file"], page["current"]) for page in context["pages"]] == [
        ("index.html", False), ("1.html", False), ("2.html", True),
    ]  # fmt: skip
    assert context["footer"]["Seed"] == 42 and "python" in context["footer"]["Versions"]
