"""Runs side by side: the settings in which they differ, their scores, and tests where they share test images."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets import recorded_dataset
from bcd_utils.evaluation.cross_validation import paired_table, score_on
from bcd_utils.evaluation.format import as_text, number, with_interval
from bcd_utils.evaluation.metric_registry import capital, main_metrics
from bcd_utils.evaluation.predictions import labels_and_probabilities
from bcd_utils.reporting.console import summary_of
from bcd_utils.reporting.html import render_page
from bcd_utils.study.differences import differing
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.paths import readable

#: What the reader of a paired test must know.
HELD = (
    "Each further run against the first, on the same test images. The difference in accuracy has an interval over "
    "whole groups (patients or copies, where they are known); the p-values are Holm-adjusted for the number of runs "
    "and take images for independent."
)


@dataclass(frozen=True)
class Compared:
    """Runs side by side, as text.

    Attributes
    ----------
    settings : pandas.DataFrame
        A row a setting that differs, a column a run.
    scores : pandas.DataFrame
        A row a metric of the test set, with its interval, a column a run.
    tests : pandas.DataFrame or None
        A row a run that is held against the first.
    said : str
        What the tests are, or why there are none.
    announcements : list of str
        What must be said first of any of the runs.
    """

    settings: pd.DataFrame
    scores: pd.DataFrame
    tests: pd.DataFrame | None
    said: str
    announcements: list[str]


def compare(runs: Sequence[Run]) -> Compared:
    """Put finished runs side by side.

    Parameters
    ----------
    runs : sequence of Run
        At least two, in folders of their own.

    Raises
    ------
    StudyError
        If there are fewer, one is named twice, or one is not finished.
    """
    named = {readable(run.folder): run for run in runs}
    if len(named) < 2 or len(named) < len(runs):
        raise StudyError("A comparison needs two runs or more, each named once", "list them with 'bcd runs'")
    summaries = {name: summary_of(run.folder) for name, run in named.items()}
    settings = differing(*(_comparable(summary) for summary in summaries.values()))
    columns = list(named)
    tests, said = _tests(list(named.values()), columns)
    announced = [text for summary in summaries.values() for text in summary["announcements"]]
    return Compared(
        pd.DataFrame([list(map(_plain, row)) for row in settings.values()], list(settings), columns),
        _scores(summaries),
        tests,
        said,
        list(dict.fromkeys(announced)),
    )


def _comparable(summary: Mapping[str, Any]) -> dict[str, Any]:
    """A run's settings, and the images that they led to."""
    provenance = summary.get("provenance") or {}
    images = {
        "images (SHA-256)": str(provenance.get("data_sha256"))[:12],
        "code (commit)": provenance.get("commit"),
    }
    settings = {key: value for key, value in summary["settings"].items() if key not in ("name", "title")}
    return settings | images


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _scores(summaries: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    columns = {}
    for name, summary in summaries.items():
        intervals = summary["intervals"] or {}
        scores = {capital(title): with_interval(intervals.get(key)) for key, title in main_metrics().items()}
        columns[name] = {"Test images": number((summary["split"] or {}).get("test"), 0)} | scores
    return pd.DataFrame(columns)


def _tests(runs: Sequence[Run], names: Sequence[str]) -> tuple[pd.DataFrame | None, str]:
    """The paired tests of each further run against the first, or None and why."""
    first = runs[0]
    try:
        tables = [run.read_csv("predictions.csv") for run in runs]
        groups = first.read_csv("splits.csv").set_index("id")["group"]
    except StudyError as error:
        return None, f"No test: {error.problem}."
    tested = [table[table["split"] == "test"].sort_values("id") for table in tables]
    for name, table in zip(names, tested, strict=True):
        if not (_images(table) == _images(tested[0])):
            return None, f"No test: {name} was tested on other images than {names[0]}, or under other labels."
    dataset = recorded_dataset(first)
    given = [labels_and_probabilities(table, dataset.classes, "test") for table in tested]
    labels = given[0][0]
    whole = groups.reindex(tested[0]["id"])
    scored = {
        name: score_on(probabilities.astype(np.float64), labels, whole, dataset.classes, first.study)
        for name, (_, probabilities) in zip(names, given, strict=True)
    }
    found = paired_table(scored, names[0], labels, dataset.classes, dataset.positive, first.study.confidence)
    headings = {
        "accuracy_difference": "accuracy, this minus the first",
        "only_reference_right": "only the first right",
        "only_this_right": "only this right",
        "mcnemar_p": "McNemar p",
        "auc_difference": f"ROC AUC of {dataset.positive}, this minus the first",
        "delong_p": "DeLong p",
    }
    return as_text(found, headings), HELD


def _images(table: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(table["id"], table["label"], strict=True))


def write_page(compared: Compared, page: Path) -> None:
    """Write a comparison as a page that opens without a network."""
    head = {"title": "Runs compared", "study": "Runs compared", "announcements": compared.announcements}
    with_tables = {
        "settings": compared.settings,
        "scores": compared.scores,
        "tests": compared.tests,
        "said": compared.said,
    }
    render_page("runs_compared.html.j2", page.parent, page.name, head, **with_tables)
