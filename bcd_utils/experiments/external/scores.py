"""How good a model is on images from another source: scores and calibration beside those at home."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from bcd_utils.evaluation.bootstrap import mean_interval, resampled_scores
from bcd_utils.evaluation.calibration import (
    apply_temperature,
    calibration_scores,
    fit_temperature,
    reliability_tables,
    squared_errors,
)
from bcd_utils.evaluation.cross_validation import Scored, difference
from bcd_utils.evaluation.format import with_interval
from bcd_utils.evaluation.metric_registry import main_metrics
from bcd_utils.evaluation.metrics import confusion, score
from bcd_utils.evaluation.predictions import labels_and_probabilities
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
        is also "difference": external minus internal, whose resamples are drawn independently. `WITHOUT_COPIES`
        is there where some images, and not all, are ``learned``.
    """
    sets = {source: predictions[predictions["split"] == name] for source, name in SOURCES.items()}
    if learned:
        external = sets["external"]
        sets[WITHOUT_COPIES] = external[~external["id"].isin(learned)]
    scored = {
        source: score_set(rows, classes, study, study.seed + number)
        for number, (source, rows) in enumerate(sets.items())
        if len(rows)
    }
    confidence = study.confidence
    intervals = {
        source: {metric: each.interval(metric, confidence) for metric in each.values}
        for source, each in scored.items()
    }
    if all(source in scored for source in SOURCES):
        own, other = (scored[source] for source in SOURCES)
        intervals["difference"] = {name: difference(other, own, name, confidence) for name in other.values}
    return intervals


def score_set(rows: pd.DataFrame, classes: Sequence[str], study: Study, seed: int) -> Scored:
    """Scores of some predictions; resamples are of NaN where all are of one group."""
    labels, probabilities = labels_and_probabilities(rows, classes, rows["split"].iloc[0])
    values = score(labels, probabilities, classes)
    resampled = dict.fromkeys(values, np.array([np.nan]))
    if rows["group"].nunique() > 1:
        drawn = (study.bootstrap_samples, seed)
        resampled = resampled_scores(labels, probabilities, classes, *drawn, rows["group"])
    return Scored(probabilities, values, resampled)


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
            amounts = (study.bootstrap_samples, study.confidence, study.seed)
            ends = mean_interval(squared_errors(*given), groups, *amounts)
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
