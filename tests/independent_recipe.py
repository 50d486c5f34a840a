"""Scores of the recipe's arms recomputed from its predictions with scikit-learn and scipy alone.

    python tests/independent_recipe.py RUN

Prints each number of ``recipe.json`` beside its own; the largest difference decides the exit status.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.metrics import accuracy_score, roc_auc_score

MOST = 1e-6


def corrected_interval(by_fold, ratio, confidence, value, lowest, highest):
    """Nadeau and Bengio (2003, eq. 4): the variance of a mean over folds, back and forth on the logit of the range."""
    folds = len(by_fold)
    error = np.sqrt((1 / folds + ratio) * np.var(by_fold, ddof=1))
    place = (value - lowest) / (highest - lowest)
    reach = t.ppf((1 + confidence) / 2, folds - 1) * error / (highest - lowest) / (place * (1 - place))
    return [lowest + (highest - lowest) * expit(logit(place) + side * reach) for side in (-1, 1)]


def cross_fitted(rows: pd.DataFrame, positive: str, rate: str, share: str) -> dict[str, float]:
    """Sensitivity and specificity, each fold at the threshold that reaches the wanted rate on the other folds.

    Of all cuts that reach it, at scores or just above: the highest for a sensitivity, the lowest for a specificity.
    """
    is_positive, score = (rows["label"] == positive).to_numpy(), rows[f"p_{positive}"].to_numpy()
    right = np.zeros(len(rows), bool)
    for fold in rows["fold"].unique():
        own = (rows["fold"] == fold).to_numpy()
        kind = ~own & (is_positive if rate == "sensitivity" else ~is_positive)
        candidates = [*np.unique(score[~own]), *np.nextafter(np.unique(score[~own]), np.inf)]
        called = [(score[kind] >= cut) == is_positive[kind] for cut in candidates]
        reaching = [cut for cut, hits in zip(candidates, called, strict=True) if hits.mean() >= float(share)]
        cut = max(reaching) if rate == "sensitivity" else min(reaching)
        right[own] = (score[own] >= cut) == is_positive[own]
    return {"sensitivity": right[is_positive].mean(), "specificity": right[~is_positive].mean()}


def compare(run: Path) -> pd.DataFrame:
    """Each number as stored and as found here."""
    made = json.loads((run / "artifacts" / "recipe.json").read_text())
    table = pd.read_csv(run / "artifacts" / "recipe_predictions.csv")
    columns = [name for name in table if name.startswith("p_")]
    classes = np.array([name.removeprefix("p_") for name in columns])
    positive = made["pair"].split(" against ")[0]
    images, folds = made["images"], made["folds"]
    ratio = (images / folds) / (images - images / folds)
    per_fold: dict[str, pd.DataFrame] = {}
    for arm, rows in table.groupby("arm"):
        by_fold = []
        for _, fold in rows.groupby("fold"):
            lesions = fold[fold["label"] != "normal"]
            by_fold.append(
                {
                    "accuracy": accuracy_score(
                        fold["label"], classes[fold[columns].to_numpy().argmax(axis=1)]
                    ),
                    "pair_area": roc_auc_score(lesions["label"] == positive, lesions[f"p_{positive}"]),
                }
            )
        per_fold[arm] = pd.DataFrame(by_fold)
    lines = []

    def hold(arm, name, ours):
        stored = made["steps"][arm][name]
        lines.append({"arm": arm, "what": name, "stored": stored, "found": ours})

    for arm in made["titles"]:
        rows = table[table["arm"] == arm]
        hold(arm, "accuracy", accuracy_score(rows["label"], classes[rows[columns].to_numpy().argmax(axis=1)]))
        areas = per_fold[arm]["pair_area"].to_numpy()
        hold(arm, "pair_area", areas.mean())
        if 0 < areas.mean() < 1 and np.ptp(areas):
            ends = corrected_interval(areas, ratio, made["confidence"], areas.mean(), 0, 1)
            for end, value in zip(("low", "high"), ends, strict=True):
                hold(arm, f"pair_area_{end}", value)
        if against := made["against"][arm]:
            for what in ("accuracy", "pair_area"):
                gaps = (per_fold[arm][what] - per_fold[against][what]).to_numpy()
                gap = gaps.mean()
                if what == "accuracy":
                    gap = made["steps"][arm]["accuracy"] - made["steps"][against]["accuracy"]
                hold(arm, f"{what}_gain", gap)
                if np.ptp(gaps) > 1e-9:
                    ends = corrected_interval(gaps, ratio, made["confidence"], gap, -1, 1)
                    for end, value in zip(("low", "high"), ends, strict=True):
                        hold(arm, f"{what}_gain_{end}", value)
    final = next((name for name in ("flips", "tuned") if name in made["titles"]), made["stairs"][-1])
    rows = table[table["arm"] == final]
    for wanted, stored in made["thresholds"].items():
        for name, value in cross_fitted(rows, positive, *wanted.split()).items():
            lines.append({"arm": wanted, "what": name, "stored": stored[name], "found": value})
    found = pd.DataFrame(lines)
    return found.assign(difference=(found["stored"].astype(float) - found["found"].astype(float)).abs())


if __name__ == "__main__":
    compared = compare(Path(sys.argv[1]))
    print(compared.to_string())
    sys.exit(int(compared["difference"].max() > MOST))
