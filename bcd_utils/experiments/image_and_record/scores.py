"""Scores of the arms, what fusion gains, and what groups of columns are worth, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bcd_utils.datasets.splits import grouped_folds
from bcd_utils.evaluation.calibration import calibration_scores
from bcd_utils.evaluation.calibration_line import calibration_line
from bcd_utils.evaluation.cross_validation import score_on
from bcd_utils.evaluation.fold_intervals import fold_interval
from bcd_utils.evaluation.format import in_columns
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.means import UNKNOWN
from bcd_utils.evaluation.score_differences import difference
from bcd_utils.experiments.image_and_record.arms import Arm
from bcd_utils.experiments.image_and_record.material import Material
from bcd_utils.experiments.image_and_record.training import Trained, train
from bcd_utils.study.settings import Study
from bcd_utils.utils.counting import OnProgress, silent


@dataclass(frozen=True)
class Outcome:
    """What came of the arms on one way to split.

    Attributes
    ----------
    arms : dict of name to Arm
        The first is the one that others are held against.
    trained : Trained
    scored : dict of name to Scored
        On the rows that were tested; over folds, where there are several.
    labels : ndarray of int, shape (n,)
    """

    arms: dict[str, Arm]
    trained: Trained
    scored: dict[str, Scored]
    labels: np.ndarray

    @property
    def titles(self) -> dict[str, str]:
        """As tables call the arms."""
        return {name: arm.title for name, arm in self.arms.items()}

    @property
    def reference(self) -> str:
        """The arm that others are held against: the image alone, or where there is none the record."""
        return next(iter(self.arms))


def metrics_of(material: Material) -> dict[str, str]:
    """What the arms are scored by, and how tables call it."""
    of = material.positive
    rates = {f"sensitivity_{of}": f"{of} sensitivity", f"specificity_{of}": f"{of} specificity"}
    return {f"roc_auc_{of}": f"AUC, {of} against the rest", "accuracy": "accuracy"} | rates


def on_grouped_folds(material: Material, study: Study, on_progress: OnProgress = silent) -> Outcome:
    """Cross-validate every arm on the folds that other notebooks have too: no group is on both sides of one.

    Raises
    ------
    StudyError
        If there are too few images or groups.
    """
    settings = study.image_and_record
    folds = grouped_folds(material.table, settings.folds, study.validation_fraction, study.seed)
    tested = [np.flatnonzero((split == "test").to_numpy()) for split in folds]
    arms, trained = train(material, tested, study.seed, settings.permutations, on_progress)
    groups, labels = material.table["group"], material.labels
    given = labels, groups, material.classes, study, folds
    scored = {name: score_on(found, *given) for name, found in trained.probabilities.items()}
    return Outcome(arms, trained, scored, labels)


def on_published_split(material: Material, study: Study, on_progress: OnProgress = silent) -> Outcome | None:
    """Train every arm on the published training set, and test it on the published test set; None where there is none.

    A class that one of both lacks, or that few patients of the training set have, leaves nothing to score.
    """
    if "official_split" not in material.table:
        return None
    test = (material.table["official_split"] == "test").to_numpy()
    groups = material.table["group"].to_numpy()
    counts = [
        len(set(groups[rows & (material.labels == number)]))
        for rows in (test, ~test)
        for number in range(len(material.classes))
    ]
    if min(counts) < 2:
        return None
    arms, trained = train(material, [np.flatnonzero(test)], study.seed, 0, on_progress)
    given = material.labels, material.table["group"], material.classes, study
    scored = {name: score_on(found, *given) for name, found in trained.probabilities.items()}
    return Outcome(arms, trained, scored, material.labels)


def gains(outcome: Outcome, metric: str, confidence: float) -> pd.DataFrame:
    """How much higher each other arm scores than the reference: ``gain`` with ``_low`` and ``_high``, by arm."""
    first = outcome.scored[outcome.reference]
    rows = {
        name: in_columns({"gain": difference(scored, first, metric, confidence)})
        for name, scored in outcome.scored.items()
        if name != outcome.reference
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["gain", "gain_low", "gain_high"]).astype(
        float
    )


def calibration_of(outcome: Outcome, positive: str, confidence: float) -> pd.DataFrame:
    """Whether the arms' probabilities mean what they say.

    Returns
    -------
    pandas.DataFrame
        By arm: ``brier``, ``loss``, ``ece`` with what chance alone would give (``ece_by_chance``); ``slope`` and
        ``intercept`` of the positive class with ``_low`` and ``_high``, see `calibration_line`.
    """
    rows = {}
    for name, scored in outcome.scored.items():
        found = calibration_scores(scored.labels, scored.probabilities)
        place = scored.classes.index(positive)
        line = calibration_line(scored.labels == place, scored.probabilities[:, place], confidence)
        kept = {key: found[key] for key in ("brier", "loss", "ece", "ece_by_chance")}
        rows[name] = in_columns(line) | kept
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def importance(outcome: Outcome, positive: str, confidence: float) -> pd.DataFrame:
    """How much lower the area of the positive class is when a group of columns is shuffled among the test rows.

    The mean over all shuffles (Breiman 2001; Fisher, Rudin and Dominici 2019, of groups of columns). Columns that tell
    the same stand in for one another, so that each of them seems worth little.

    Returns
    -------
    pandas.DataFrame
        Index: arm and group. ``drop`` with ``_low`` and ``_high`` over folds.
    """
    rows = {}
    for name, groups in outcome.trained.shuffled.items():
        scored = outcome.scored[name]
        plain = _areas(outcome, outcome.trained.probabilities[name], positive)
        for group, shuffled in groups.items():
            turns = np.array([_areas(outcome, each, positive) for each in shuffled])
            whole, *by_fold = plain - turns.mean(axis=0)
            found = UNKNOWN | {"value": None if np.isnan(whole) else float(whole)}
            if len(by_fold) > 1:
                found = fold_interval(
                    found["value"], np.array(by_fold), scored.tested_share, confidence, (-1.0, 1.0)
                )
            rows[name, group] = in_columns({"drop": found})
    index = pd.MultiIndex.from_arrays(
        [[key[place] for key in rows] for place in (0, 1)], names=["arm", "group"]
    )
    return pd.DataFrame(list(rows.values()), index, columns=["drop", "drop_low", "drop_high"]).astype(float)


def _areas(outcome: Outcome, probabilities: np.ndarray, positive: str) -> np.ndarray:
    """The positive class's area of all tested rows, then of each fold's; NaN where a class is lacking."""
    from sklearn.metrics import roc_auc_score

    first = next(iter(outcome.scored.values()))
    place = first.classes.index(positive)
    rows = [np.concatenate(outcome.trained.tested), *outcome.trained.tested]
    truth = [outcome.labels[part] == place for part in rows]
    return np.array([
        roc_auc_score(true, probabilities[part, place]) if 0 < true.sum() < len(true) else np.nan
        for true, part in zip(truth, rows, strict=True)
    ])  # fmt: skip


def scores_of(outcome: Outcome, metrics: Mapping[str, str], confidence: float) -> dict[str, dict]:
    """Each arm's scores with their intervals, as plain values."""
    return {
        name: {metric: scored.interval(metric, confidence) for metric in metrics}
        for name, scored in outcome.scored.items()
    }
