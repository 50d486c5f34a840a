"""The classical rows and linear probes of a comparison again, by scikit-learn alone, from saved features and folds.

    python tests/independent_comparison.py reports/comparison

It imports nothing of this project. For each candidate it can train, it prints its own scores beside those of the run's
``comparison.json``, and ends with an error if any differs by more than 0.001.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


def candidates(name: str, seed: int):
    """The models that a candidate chooses from on validation images; none of one that this script does not know."""
    if name == "svm":
        return [SVC(C=C) for C in (0.1, 1.0, 10.0, 100.0)]
    if name == "random_forest":
        return [RandomForestClassifier(500, min_samples_leaf=leaf, random_state=seed) for leaf in (1, 3, 10)]
    if name == "gradient_boosting":
        options = {"n_estimators": 200, "subsample": 0.5, "max_features": "sqrt", "random_state": seed}
        return [GradientBoostingClassifier(learning_rate=rate, **options) for rate in (0.03, 0.1)]
    known = name == "logistic_regression" or name.endswith("-linear")
    return [LogisticRegression(C=C, max_iter=5000) for C in PENALTIES if known]


def predict_folds(name: str, vectors: np.ndarray, folds: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Out-of-fold probabilities of one candidate; one column a class."""
    labels = folds["label"].to_numpy()
    predicted = pd.DataFrame(np.nan, index=folds.index, columns=sorted(set(labels)))
    for number, column in enumerate([column for column in folds if column.startswith("fold_")]):
        rows = {part: np.flatnonzero(folds[column] == part) for part in ("train", "validation", "test")}
        scale = StandardScaler().fit(vectors[rows["train"]])
        given = {part: scale.transform(vectors[rows[part]]) for part in rows}
        best, lowest = None, np.inf
        for model in candidates(name, seed + number):
            model.fit(given["train"], labels[rows["train"]])
            if isinstance(model, SVC):  # a logistic curve over its decision values, fitted on validation
                model = make_pipeline(FunctionTransformer(model.decision_function), LogisticRegression())
                model.fit(given["validation"], labels[rows["validation"]])
            found = model.predict_proba(given["validation"]).astype(float)
            loss = log_loss(labels[rows["validation"]], found, labels=model.classes_)
            if loss < lowest:
                best, lowest = model, loss
        predicted.loc[rows["test"], best.classes_] = best.predict_proba(given["test"])
    return predicted


def scores(labels: pd.Series, predicted: pd.DataFrame) -> dict[str, float]:
    """The comparison's scores, from scikit-learn's functions."""
    chosen = predicted.idxmax(axis=1)
    malignant, called = labels == "malignant", chosen == "malignant"
    return {
        "accuracy": accuracy_score(labels, chosen),
        "f1_macro": f1_score(labels, chosen, average="macro"),
        "kappa": cohen_kappa_score(labels, chosen),
        "roc_auc": float(np.mean([roc_auc_score(labels == label, predicted[label]) for label in predicted])),
        "sensitivity_malignant": (malignant & called).sum() / malignant.sum(),
        "specificity_malignant": (~malignant & ~called).sum() / (~malignant).sum(),
    }


def compare(run: Path) -> pd.DataFrame:
    """Own and reported scores of every candidate that can be trained from the saved features."""
    artifacts = run / "artifacts"
    folds = pd.read_csv(artifacts / "folds.csv", dtype=str)
    reported = json.loads((artifacts / "comparison.json").read_text())["contenders"]
    seed = json.loads((run / "study.json").read_text())["seed"]
    with np.load(artifacts / "contender_features.npz") as stored:
        features = {name: stored[name].astype(float) for name in stored}
    rows = []
    for name, candidate in reported.items():
        vectors = features.get(name.removesuffix("-linear") if name.endswith("-linear") else "handcrafted")
        if "scores" not in candidate or vectors is None or not candidates(name, seed):
            continue
        own = scores(folds["label"], predict_folds(name, vectors, folds, seed))
        for metric, value in own.items():
            theirs = candidate["scores"][metric]["value"]
            rows.append((name, metric, value, theirs, abs(value - theirs)))
    return pd.DataFrame(rows, columns=["contender", "metric", "own", "reported", "difference"])


if __name__ == "__main__":
    found = compare(Path(sys.argv[1]))
    sys.stdout.write(found.to_string(index=False) + "\n")
    sys.exit(found.empty or bool((found["difference"] > 1e-3).any()))
