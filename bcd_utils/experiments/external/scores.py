"""How good a model is on images from another source: scores and calibration beside those at home."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.calibration import (
    apply_temperature,
    calibration_scores,
    fit_temperature,
    reliability_tables,
    squared_errors,
)
from bcd_utils.evaluation.format import with_interval
from bcd_utils.evaluation.intervals import score_intervals
from bcd_utils.evaluation.means import share_interval
from bcd_utils.evaluation.metric_registry import main_metrics
from bcd_utils.evaluation.metrics import confusion
from bcd_utils.evaluation.predictions import labels_and_probabilities
from bcd_utils.evaluation.score_differences import independent_difference
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study

#: Name in tables and figures -> ``split`` in the predictions.
SOURCES = {"internal test": "test", "external": "external"}
#: The same of those external images of which the model has learned no copy.
WITHOUT_COPIES = "external without copies"
ENDS = ("value", "low", "high")


def beside_own(run: Run, external: pd.DataFrame) -> pd.DataFrame:
    """The run's predictions for its own images and, as the set "external", for the external ones."""
    own = run.read_csv("predictions.csv").assign(group=run.read_csv("splits.csv")["group"])
    return pd.concat([own, external.assign(split="external")], ignore_index=True)


def score_sources(
    predictions: pd.DataFrame, classes: Sequence[str], study: Study, learned: Collection[str] = ()
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Every score of the internal test and of the external images, with intervals over whole groups.

    Parameters
    ----------
    predictions : pandas.DataFrame
        As `beside_own` gives them.
    learned : collection of str
        Ids of the external images that are copies of what the model has learned from.

    Returns
    -------
    dict of source to dict of score to dict
        ``value``, ``low``, ``high``; None where undefined, such as the recall of a class that is absent, and no
        interval where all images are of one group. A source without images is left out; where none is, there
        is also "difference": external minus internal. `WITHOUT_COPIES`
        is there where some images, and not all, are ``learned``.
    """
    sets = {source: predictions[predictions["split"] == name] for source, name in SOURCES.items()}
    if learned:
        external = sets["external"]
        sets[WITHOUT_COPIES] = external[~external["id"].isin(learned)]
    intervals = {
        source: score_intervals(
            *labels_and_probabilities(rows, classes, rows["split"].iloc[0]),
            classes,
            study.bootstrap_samples,
            study.confidence,
            study.seed,
            rows["group"],
        )
        for source, rows in sets.items()
        if len(rows)
    }
    if all(source in intervals for source in SOURCES):
        own, other = (intervals[source] for source in SOURCES)
        intervals["difference"] = {name: independent_difference(other[name], own[name]) for name in other}
    return intervals


def score_table(
    scores: Mapping[str, Mapping[str, Mapping[str, float | None]]], classes: Sequence[str]
) -> pd.DataFrame:
    """Overall scores and sensitivities side by side.

    Returns
    -------
    pandas.DataFrame of float
        Index: the scores; columns (source, "value"), (source, "low"), (source, "high"); NaN where undefined.
    """
    names = [*main_metrics(), *(f"sensitivity_{name}" for name in classes)]
    columns = {
        (source, end): [intervals[name][end] for name in names]
        for source, intervals in scores.items()
        for end in ENDS
    }
    return pd.DataFrame(columns, index=names).astype(float)


def as_text(table: pd.DataFrame) -> pd.DataFrame:
    """Values with their intervals in brackets, a column a source."""
    sources = dict.fromkeys(source for source, _ in table)
    cells = {source: [with_interval(row) for _, row in table[source].iterrows()] for source in sources}
    return pd.DataFrame(cells, index=table.index)


def calibrate(predictions: pd.DataFrame, classes: Sequence[str], study: Study) -> tuple[float, pd.DataFrame]:
    """Temperature fitted on the study's own validation images alone, and what it does to each source.

    Returns
    -------
    temperature : float
        See `evaluation.calibration.fit_temperature`.
    table : pandas.DataFrame
        Index source and state ("before", "after"); columns ``ece``, ``ece_by_chance``, ``brier`` with
        ``brier_low`` and ``brier_high`` (over groups), and ``loss``. A source without images is left out.
    """
    temperature = fit_temperature(*labels_and_probabilities(predictions, classes, "validation"))
    rows = {}
    for source, name in SOURCES.items():
        groups = predictions.loc[predictions["split"] == name, "group"]
        if groups.empty:
            continue
        labels, raw = labels_and_probabilities(predictions, classes, name)
        for state, probabilities in (("before", raw), ("after", apply_temperature(raw, temperature))):
            given = (labels, probabilities)
            scores = calibration_scores(*given, samples=study.bootstrap_samples, seed=study.seed)
            ends = share_interval(squared_errors(*given), groups, study.confidence, highest=2.0)
            rows[source, state] = {**scores, "brier_low": ends["low"], "brier_high": ends["high"]}
    columns = ["ece", "ece_by_chance", "brier", "brier_low", "brier_high", "loss"]
    table = pd.DataFrame(rows).T[columns].astype(float)
    return temperature, table.rename_axis(["images", "temperature scaling"])


def reliability(
    predictions: pd.DataFrame, classes: Sequence[str], positive: str, temperature: float, confidence: float
) -> dict[str, dict[str, pd.DataFrame]]:
    """`evaluation.calibration.reliability_tables` of the external images before and after temperature scaling."""
    labels, raw = labels_and_probabilities(predictions, classes, "external")
    states = {"before": raw, "after": apply_temperature(raw, temperature)}
    return {
        state: reliability_tables(labels, probabilities, classes, confidence=confidence, positive=positive)
        for state, probabilities in states.items()
    }


def confusions(predictions: pd.DataFrame, classes: Sequence[str]) -> dict[str, np.ndarray]:
    """Confusion matrix of each source."""
    return {
        source: confusion(*labels_and_probabilities(predictions, classes, name), classes)
        for source, name in SOURCES.items()
    }
