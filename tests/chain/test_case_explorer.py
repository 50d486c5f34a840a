"""Notebook 12 in a study: a still of three cases, and how to open it."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from figures import check_figures

pytestmark = pytest.mark.slow
STAGE = "12_case_explorer"


@pytest.fixture(scope="module")
def run(finished, quick, tmp_path_factory):
    """The tiny study's run, taken up with this notebook alone added."""
    folder = shutil.copytree(finished, tmp_path_factory.mktemp("explorer") / "run")
    names = sorted(path.stem for path in (folder / "notebooks").glob("*.ipynb"))
    return quick.run(folder, f"notebooks=[{', '.join([*names, STAGE])}]")


def test_three_cases_are_shown_with_what_is_said_of_them(run):
    table = pd.read_csv(run / "tables" / "case_explorer.csv", index_col=0, dtype=str)
    predictions = pd.read_csv(run / "artifacts" / "predictions.csv").query("split == 'test'")
    predictions = predictions.sort_values("probability", ascending=False, kind="stable").set_index("id")
    right = predictions[predictions["label"] == predictions["predicted"]]
    wrong = predictions[predictions["label"] != predictions["predicted"]]
    assert len(table.columns) == 3 and len(right) and len(wrong)
    assert table.columns[0] == right.index[0] and table.columns[1] == wrong.index[0]
    for name in table.columns:
        row = predictions.loc[name]
        assert table.loc[["class", "predicted"], name].tolist() == [row["label"], row["predicted"]]
        assert float(table.loc["malignant as trained", name]) == pytest.approx(row["p_malignant"], abs=6e-4)
    record = json.loads((run / "artifacts" / "evaluation.json").read_text())
    for wanted, point in record["operating_points"]["wanted"].items():
        said = table.loc[f"threshold for {wanted} ({point['threshold']:.3f})"]
        reached = predictions.loc[table.columns, "p_malignant"] >= point["threshold"]
        assert said.tolist() == ["reached" if each else "not reached" for each in reached]
    check_figures(run)


def test_the_page_says_how_to_open_it_and_what_it_is_not_for(run):
    page = BeautifulSoup((run / f"{STAGE}.html").read_text(encoding="utf-8"), "html.parser")
    text = page.get_text()
    assert "bcd app" in text and "bcd lab" in text and "Not for clinical use" in text
    assert "Synthetic data" in text
    assert page.select_one("#figure-case_explorer img")["alt"].startswith("Rows of three pictures")
    assert page.find("script") is None and STAGE in (run / "index.html").read_text(encoding="utf-8")
