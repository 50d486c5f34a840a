"""A grouped test set that stays locked while a recipe is chosen; each opening is written down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.datasets.image_set import ImageSet
from bcd_utils.datasets.splits import split_by_group
from bcd_utils.evaluation.areas import area_interval, area_of
from bcd_utils.evaluation.cross_validation import score_on
from bcd_utils.evaluation.format import with_interval
from bcd_utils.evaluation.means import Interval, share_interval
from bcd_utils.experiments.recipe.operating_points import final_arm, thresholds_of
from bcd_utils.experiments.recipe.results import ACCURACY, PAIR, Steps
from bcd_utils.experiments.recipe.training import tune_arms, tuning_data
from bcd_utils.study.provenance import commit
from bcd_utils.study.run import Run
from bcd_utils.study.settings import Study
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import read_json, sha256_of_json, write_json
from bcd_utils.utils.paths import readable

LOG = "locked_test.json"
ARM = "tuned"


def locked_split(images: ImageSet, study: Study) -> pd.Series:
    """The set of each image: "test" is locked, and no group of it is in another."""
    return split_by_group(images.table, study.locked_test.share, study.validation_fraction, study.seed)


def locked_test(run: Run, steps: Steps, on_progress: OnProgress = silent) -> dict[str, Any] | None:
    """What is locked and, where the study's ``locked_test.open`` is set, what the tuned network scores on it.

    Its thresholds are chosen on out-of-fold predictions of the images that are not locked. Each opening adds an entry
    to the run's ``locked_test.json``.

    Returns
    -------
    dict or None
        ``images``, ``groups``, ``test_set`` (hash of its ids), ``opened``; where opened ``scores``: name to interval.
        None where the study locks nothing.

    Raises
    ------
    StudyError
        If no step tunes a network.
    """
    study, table = steps.study, steps.images.table
    if not study.locked_test.share:
        return None
    if ARM not in steps.arms:
        raise StudyError(f"locked_test needs the step {ARM}", f"add {ARM} to recipe.steps, or set share: 0")
    split = locked_split(steps.images, study)
    test = (split == "test").to_numpy()
    made: dict[str, Any] = {
        "images": int(test.sum()),
        "groups": int(table.loc[test, "group"].nunique()),
        "test_set": sha256_of_json(sorted(table.loc[test, "id"])),
        "opened": study.locked_test.open,
    }
    if not study.locked_test.open:
        return made
    data = {ARM: tuning_data(steps.arms[ARM], steps.images, study)}
    [result] = tune_arms(data, [split], steps.images, study.seed, on_progress).values()
    parts = [result[name] for name in ("probabilities", "flipped")][: 2 if final_arm(steps) == "flips" else 1]
    scores = _scores(steps, np.mean(parts, axis=0).round(7), test)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    entry = {"opened": now, "commit": commit(), "test_set": made["test_set"], "scores": scores}
    write_json(run.folder / LOG, [*openings(run), entry])
    return made | {"scores": scores}


def openings(run: Run) -> list[dict[str, Any]]:
    """The entries of a run's log, the first opening first; without a log, none.

    Raises
    ------
    StudyError
        If the log cannot be read.
    """
    log = run.folder / LOG
    entries = read_json(log) if log.exists() else []
    if not isinstance(entries, list):
        raise StudyError(
            f"{readable(log)} is damaged", "mend it, or give it another name: a new log begins then"
        )
    return entries


def _scores(steps: Steps, probabilities: np.ndarray, test: np.ndarray) -> dict[str, Interval]:
    """Accuracy, area and the rates at thresholds from out of fold, on the locked images, over groups."""
    images, confidence = steps.images, steps.study.confidence
    labels, groups, column = images.labels, images.table["group"], images.classes.index(steps.positive)
    positive, score = labels == column, probabilities[:, column]
    scored = score_on(probabilities[test], labels[test], groups[test], images.classes, steps.study)
    found = {ACCURACY: scored.interval(ACCURACY, confidence)}
    lesions = test & np.isin(
        labels, [images.classes.index(name) for name in (steps.positive, *steps.against)]
    )
    of_lesions = groups[lesions].to_numpy()
    area = area_of(positive[lesions], score[lesions], of_lesions)
    found[PAIR] = area_interval([area], [1.0], confidence, of_lesions)
    chosen_on = steps.probabilities(final_arm(steps))[~test, column]
    for wanted, threshold in thresholds_of(positive[~test], chosen_on).items():
        for rate, kind in (("sensitivity", positive), ("specificity", ~positive)):
            rows = test & kind
            right = (score[rows] >= threshold) == positive[rows] if threshold is not None else []
            of_rows = groups[rows].to_numpy() if threshold is not None else []
            found[f"{rate}, threshold for {wanted}"] = share_interval(right, of_rows, confidence)
    return found


def locked_table(made: dict[str, Any]) -> pd.DataFrame:
    """Scores on the locked images: value, low, high."""
    return pd.DataFrame.from_dict(made.get("scores", {}), orient="index").rename_axis("score")


def shown_locked(table: pd.DataFrame, pair: str) -> pd.DataFrame:
    """The same for reading; ``pair`` says which classes the area tells apart."""
    names = {PAIR: f"AUC, {pair}"}
    rows = {names.get(str(name), str(name)): with_interval(row) for name, row in table.iterrows()}
    return pd.Series(rows, dtype=str).to_frame("on the locked test set")


def said_of_locked(made: dict[str, Any] | None, entries: list[dict[str, Any]]) -> str:
    """Whether a set is locked, and how often it was opened."""
    if made is None:
        return "No test set is locked: the setting `locked_test.share` is 0."
    same = [entry for entry in entries if entry["test_set"] == made["test_set"]]
    text = f"{made['images']} images of {made['groups']} groups are locked; in this run's folder they were "
    if not same:
        return (
            text
            + "never opened. To train on the rest and look, once all is chosen: `locked_test.open: true`."
        )
    text += (
        f"opened {len(same)} time{'s' if len(same) > 1 else ''}, first on {same[0]['opened'][:10]} by commit "
    )
    return f"{text}`{same[0]['commit']}` (`{LOG}`). Whoever chooses something after that has seen them."
