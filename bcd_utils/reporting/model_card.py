"""The model card of a run (Mitchell et al. 2019, Model Cards for Model Reporting)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bcd_utils.evaluation.format import with_interval
from bcd_utils.evaluation.metric_registry import capital, main_metrics
from bcd_utils.reporting.checklist import fill_in
from bcd_utils.reporting.html import render_page
from bcd_utils.utils.paths import TEMPLATES


def model_card(summary: Mapping[str, Any]) -> dict[str, Any]:
    """What the card says.

    Parameters
    ----------
    summary : mapping
        What ``summary.json`` holds; any key may be missing or None.

    Returns
    -------
    dict
        ``source``; ``sections``, each with ``section`` and ``entries`` answered as by
        `bcd_utils.reporting.checklist.fill_in`; ``classes``, one dict a class (see `class_scores`).
    """
    card = yaml.safe_load((TEMPLATES / "model_card.yaml").read_text(encoding="utf-8"))
    for section in card["sections"]:
        section["entries"] = [entry | fill_in(entry, summary) for entry in section["entries"]]
    return card | {"classes": class_scores(summary)}


def class_scores(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    """Each class's test images and scores with intervals; empty where nothing was evaluated.

    Examples
    --------
    >>> bounds = {"value": 0.9, "low": 0.8, "high": 1.0}
    >>> class_scores({"dataset": {"classes": {"benign": 9}}, "intervals": {"roc_auc_benign": bounds},
    ...               "split_by_class": {"test": {"benign": 2}}})[0]["ROC AUC"]
    '0.900 [0.800, 1.000]'
    """
    intervals, titles = summary.get("intervals") or {}, main_metrics(per_class=True)
    classes = (summary.get("dataset") or {}).get("classes") or {}
    test = (summary.get("split_by_class") or {}).get("test", {})
    return [
        {"Class": label, "Test images": str(test.get(label, ""))}
        | {capital(title): with_interval(intervals.get(f"{name}_{label}")) for name, title in titles.items()}
        for label in (classes if intervals else ())
    ]


def write_model_card(folder: Path, summary: Mapping[str, Any], page: Mapping[str, Any]) -> None:
    """Write ``model_card.html`` and ``model_card.md`` of a run; parameters as for `write_checklists`."""
    card, maker = model_card(summary), (summary.get("stages") or {}).get("training")
    for kind in ("html", "md"):
        render_page(f"model_card.{kind}.j2", folder, f"model_card.{kind}", page, card=card, maker=maker)
