"""A metric is one entry of `METRICS`: a made-up one is evaluated, reported, compared and accepted at once."""

from __future__ import annotations

import copy
import io
import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from summaries import FULL, bounds

from bcd_utils.evaluation.counts import Counts, ratio
from bcd_utils.evaluation.cross_validation import score_on, score_table, shown_metrics
from bcd_utils.evaluation.intervals import score_intervals
from bcd_utils.evaluation.metric_registry import (
    BCA,
    DELONG,
    METRICS,
    WILSON,
    Metric,
    main_metrics,
    named,
    paper_metrics,
)
from bcd_utils.evaluation.metrics import per_class_table, score
from bcd_utils.evaluation.reported import beside_paper, load_reported, reported_by_paper
from bcd_utils.experiments.comparison.tables import main_table
from bcd_utils.experiments.external.scores import score_table as external_table
from bcd_utils.experiments.paper_forensics.console import print_findings
from bcd_utils.experiments.paper_forensics.matrices import examine, matrix_table
from bcd_utils.pipeline.stages import all_stages
from bcd_utils.reporting import console as module
from bcd_utils.reporting.checklist import fill_checklists
from bcd_utils.reporting.index import render_index
from bcd_utils.reporting.model_card import model_card
from bcd_utils.reporting.plots import results as plots
from bcd_utils.study.loading import make_study

CLASSES = ["benign", "malignant"]
LABELS = np.repeat([0, 1], 10)
#: 8 of 10 and 9 of 10 are called right.
PROBABILITIES = np.array([[0.9, 0.1]] * 8 + [[0.2, 0.8]] * 2 + [[0.3, 0.7]] * 9 + [[0.6, 0.4]])


@pytest.fixture
def new():
    """Two made-up metrics, one of a set and one of each class."""
    entries = [
        Metric("error_rate", "error rate", lambda given: 1 - ratio(given.hits.sum(axis=-1), given.total),
               higher_is_better=False),
        Metric("miss_rate", "miss rate", lambda given: 1 - given.recall, per_class=True,
               higher_is_better=False, other_names=("false_negative_rate",)),
    ]  # fmt: skip
    METRICS.extend(entries)
    yield
    del METRICS[-len(entries) :]


@pytest.fixture
def summary():
    """A finished run's summary that knows the made-up metrics, and the Matthews correlation."""
    summary = copy.deepcopy(FULL)
    for values in summary["metrics"].values():
        values |= {"error_rate": 0.25, "mcc": 0.125}
    summary["intervals"] |= {"error_rate": bounds(0.25, 0.2, 0.3), "miss_rate_benign": bounds(0.2, 0.1, 0.4)}
    summary["intervals"]["mcc"] = bounds(0.125, -0.1, 0.3)
    summary["paper"] = reported_by_paper()
    return summary


def shown(summary, folder):
    """What `bcd show` prints."""
    (folder / "summary.json").write_text(json.dumps(summary))
    text = io.StringIO()
    before, module.console = module.console, Console(file=text, width=200)
    try:
        module.show_summary(folder)
    finally:
        module.console = before
    return text.getvalue()


def test_a_run_that_only_looked_at_the_images_says_no_more_than_that(summary, tmp_path):
    looked = shown(summary | {"split": None, "metrics": None, "announcements": []}, tmp_path)
    assert looked.splitlines()[-1].endswith(" set aside")


def test_it_is_evaluated_with_an_interval(new):
    assert score(LABELS, PROBABILITIES, CLASSES)["error_rate"] == pytest.approx(3 / 20)
    found = score_intervals(LABELS, PROBABILITIES, CLASSES, samples=200)
    assert found["error_rate"]["low"] < 3 / 20 < found["error_rate"]["high"]
    assert found["miss_rate_benign"]["value"] == pytest.approx(0.2)
    assert per_class_table(LABELS, PROBABILITIES, CLASSES)["miss_rate"].tolist() == pytest.approx([0.2, 0.1])


def test_it_stands_in_tables_and_figures(new):
    values = dict.fromkeys(named(CLASSES), 0.5)
    of_sets, ends = dict.fromkeys(("train", "validation", "test"), values), bounds(0.5, 0.4, 0.6)
    table = beside_paper(of_sets, dict.fromkeys(values, ends), reported_by_paper())
    assert table.loc[("test", "error_rate"), ["this run", "low", "high"]].tolist() == [0.5, 0.4, 0.6]
    figure = plots.metrics_beside_paper(of_sets, {}, {})
    assert "error rate" in [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert "error_rate" in external_table({"external": dict.fromkeys(values, ends)}, CLASSES).index


def test_it_stands_on_the_index_page_and_in_the_terminal(new, summary, tmp_path):
    page = render_index(tmp_path, summary, [], all_stages()).read_text(encoding="utf-8")
    assert page.count("Error rate") >= 2  # its card, and a row of each set
    assert "[0.200, 0.300]" in page
    (line,) = [
        line for line in shown(summary, tmp_path).splitlines() if "error rate" in line and "test" in line
    ]
    assert "0.2500" in line and "[0.200, 0.300]" in line


def test_it_stands_in_checklists_and_on_the_model_card(new, summary):
    answers = [item["answer"] for checklist in fill_checklists(summary) for item in checklist["items"]]
    assert any("error rate 0.250 [0.200, 0.300]" in answer for answer in answers)
    assert any(
        "Higher is better, but for cross-entropy, error rate, miss rate." in answer for answer in answers
    )
    card = model_card(summary)
    told = " ".join(entry["answer"] for section in card["sections"] for entry in section["entries"])
    assert "error rate 0.250 [0.200, 0.300]" in told
    assert card["classes"][0]["Miss rate"] == "0.200 [0.100, 0.400]"


def test_it_is_compared(new):
    metrics = shown_metrics("malignant")
    assert metrics["error_rate"] == "error rate" and metrics["miss_rate_malignant"] == "malignant miss rate"
    study = make_study({"name": "tiny", "bootstrap_samples": 100})
    scored = score_on(PROBABILITIES, LABELS, pd.Series(np.arange(20).astype(str)), CLASSES, study)
    table = score_table({"mine": scored}, list(metrics), 0.95)
    text = main_table(table, pd.DataFrame(), metrics, {"mine": "Mine"}, {})
    assert text.loc["Mine", "error rate"].startswith("0.150 [")
    assert text.loc["Mine", "malignant miss rate"].startswith("0.100 [")


@pytest.mark.parametrize(
    "scores", ["error_rate: 0.1500, miss_rate_benign: 0.20", "mcc: 0.704, false_negative_rate_benign: 20%"]
)
def test_it_is_accepted_where_reported_and_implied_where_not(new, scores, tmp_path):
    path = tmp_path / "reported.yaml"
    path.write_text(
        f"class_counts: {{test: {{benign: 10, malignant: 10}}}}\nreported: {{test: {{{scores}}}}}\n"
    )
    findings = examine(load_reported(path))
    # (8 * 9 - 2 * 1) / sqrt(10 * 10 * 9 * 11) = 0.7035
    assert [found.matrices.tolist() for found in findings] == [[[[8, 2], [1, 9]]]]
    assert matrix_table(findings)["error_rate"].tolist() == pytest.approx([0.15])
    text = io.StringIO()
    print_findings(Console(file=text, width=200), load_reported(path), findings)
    assert "error rate 0.150" in text.getvalue() and "Matthews correlation 0.704" in text.getvalue()
    assert "miss rate" in text.getvalue()


def test_the_matthews_correlation_stands_in_all_these_places(summary, tmp_path):
    page = render_index(tmp_path, summary, [], all_stages()).read_text(encoding="utf-8")
    assert page.count("Matthews correlation") >= 2 and "[−0.100, 0.300]" in page
    assert "Matthews correlation" in shown(summary, tmp_path)
    told = json.dumps([fill_checklists(summary), model_card(summary)["sections"]], ensure_ascii=False)
    assert told.count("Matthews correlation 0.125 [−0.100, 0.300]") >= 2
    assert "mcc" in shown_metrics("malignant") and "mcc" not in paper_metrics()


def test_every_entry_keeps_what_it_declares():
    rng = np.random.default_rng(0)
    matrices = rng.integers(0, 9, (200, 3, 3))
    for metric in METRICS:
        assert metric.interval in (WILSON, DELONG, BCA)
        if metric.needs == "matrix":
            values = metric.compute(Counts(matrices))
            assert values.shape == ((200, 3) if metric.per_class else (200,))
            known = values[~np.isnan(values)]
            assert metric.lowest - 1e-12 <= known.min() and known.max() <= metric.highest + 1e-12
        else:
            with pytest.raises(AttributeError):
                metric.compute(Counts(matrices))
    keys = [(metric.name, metric.per_class) for metric in METRICS]
    assert len(set(keys)) == len(keys)


def test_a_run_from_before_a_metric_was_declared_is_still_shown(tmp_path):
    summary = copy.deepcopy(FULL) | {"paper": reported_by_paper()}
    assert "mcc" in main_metrics() and "mcc" not in summary["metrics"]["test"]
    assert "Matthews correlation │ –" in shown(summary, tmp_path).replace("  ", " ").replace("  ", " ")
