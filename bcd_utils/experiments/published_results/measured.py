"""Scores of our own arms over many splits, in a small file: published numbers are held against them without images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.evaluation.counts import Predictions
from bcd_utils.experiments.published_results.rows import BY_IMAGE, COPIES, GROUPED, MASKS
from bcd_utils.experiments.rival_explanations.declared import PLAIN, RIVALS
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import read_json

#: Which rivals are kept, and what they state, as a published row would; plain images by group stand before them.
ARMS = {PLAIN: BY_IMAGE} | dict.fromkeys(("copies-1", "copies-3"), COPIES)
ARMS |= dict.fromkeys(("crop", "outline", "overlay-0.4", "mask"), MASKS)
BY_GROUP = "grouped"
DIGITS = 4


def measure(run: Run) -> dict[str, Any]:
    """Test accuracy and area under the ROC curve of each arm over its splits, and copies that were found.

    Parameters
    ----------
    run : Run
        A finished run of a study such as ``studies/trust.yaml``.

    Returns
    -------
    dict
        ``data``, ``positive``, ``network``, ``synthetic``, ``copies`` (``rule``, ``with_a_copy``, ``groups``), and
        ``arms``: arm to ``title``, ``kind`` (of `rows.KINDS`), ``accuracy`` and ``auc`` (of the
        positive class against all others), a value a split.
    """
    dataset, audit = run.read_json("dataset.json"), run.read_json("audit.json")
    training = run.read_json("training.json")
    lottery = run.read_csv("lottery.csv")
    by_group = lottery[lottery["scheme"] == BY_GROUP]
    title = f"{RIVALS[0].title}, copies kept together"
    arms = {BY_GROUP: _arm(title, GROUPED, by_group["accuracy"], by_group[f"roc_auc_{dataset['positive']}"])}
    with np.load(run.artifact("rival_predictions.npz")) as stored:
        for rival in RIVALS:
            if rival.name in ARMS and f"{rival.name}/sets" in stored:
                values = _scores(stored, rival.name, list(dataset["classes"]).index(dataset["positive"]))
                arms[rival.name] = _arm(rival.title, ARMS[rival.name], *values.T)
    verdicts = ", and what a person saw" if audit.get("reviewed") else ""
    return {
        "data": dataset["title"],
        "positive": dataset["positive"],
        "network": training["backbone"],
        "synthetic": dataset["synthetic"],
        "copies": {
            "rule": f"look from {audit['threshold']:g} on{verdicts}",
            "with_a_copy": audit["images_in_groups"],
            "groups": audit["groups"],
        },
        "arms": arms,
    }


def _arm(title: str, kind: str, accuracy: np.ndarray, auc: np.ndarray) -> dict[str, Any]:
    columns = {"accuracy": accuracy, "auc": auc}
    return {"title": title, "kind": kind} | {
        name: [None if np.isnan(value) else round(float(value), DIGITS) for value in values]
        for name, values in columns.items()
    }


def _scores(stored: Mapping[str, np.ndarray], name: str, positive: int) -> np.ndarray:
    """Accuracy on test and area of the positive class, a row a split; float (splits, 2)."""
    labels, rows = stored[f"{name}/labels"], []
    for sets, probabilities in zip(stored[f"{name}/sets"], stored[f"{name}/probabilities"], strict=True):
        given = Predictions(labels[sets == 2], probabilities[sets == 2])
        rows.append((given.hits.sum() / given.total, given.areas[positive]))
    return np.array(rows)


def read_measured(path: Path | str | None) -> dict[str, Any]:
    """What `measure` wrote; without arms where no file is named.

    Raises
    ------
    StudyError
        If it cannot be read.
    """
    if path is None:
        return {"arms": {}, "copies": {}}
    values = read_json(Path(path))
    if not isinstance(values, dict) or "arms" not in values:
        raise StudyError(f"{path} holds no measured arms", "make it with 'bcd measured reports/trust FILE'")
    return values


def arms_table(measured: Mapping[str, Any]) -> pd.DataFrame:
    """Lowest, median and highest of each arm.

    Returns
    -------
    pandas.DataFrame
        Index ``arm``; columns title, kind, splits, and accuracy and auc each with ``_low`` and ``_high``.
    """
    rows = {}
    for name, arm in measured["arms"].items():
        row: dict[str, Any] = {"title": arm["title"], "kind": arm["kind"], "splits": len(arm["accuracy"])}
        for score in ("accuracy", "auc"):
            values = np.array(arm[score], float)
            row |= {
                score: np.nanmedian(values),
                f"{score}_low": np.nanmin(values),
                f"{score}_high": np.nanmax(values),
            }
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("arm")
