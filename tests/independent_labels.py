"""Fewer labels again, by scikit-learn alone, from a run's features, folds and draws.

    python tests/independent_labels.py reports/fewer_labels [FOLD [DRAW [POINT]]]

It imports nothing of this project. From ``few_labels.npz`` it learns one point of each way anew (the first fold, draw
and number of labels, if no other is named, all from 0), and the probe with all labels on every fold; it prints the
largest difference of a probability, the AUC of all labels beside the run's, and ends with an error if any differs by
more than 1e-6.
"""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import LabelSpreading, SelfTrainingClassifier

MOST = 1e-6
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
BOUGHT_BY_PROBE = ("probe", "at_random", "least_confident", "k_centre")
ELSEWHERE = [
    f"{way}_{seen}" for way in ("label_spreading", "self_training") for seen in ("elsewhere", "both")
]


class Point:
    """One draw of one fold at one number of labels, as scikit-learn reads it."""

    def __init__(self, values, labels, groups, classes: int, seed: int):
        self.values, self.labels, self.groups, self.classes, self.seed = values, labels, groups, classes, seed
        self.rows = np.flatnonzero(labels >= 0)

    def said(self, model, values) -> np.ndarray:
        found = np.zeros((len(values), self.classes))
        with np.errstate(invalid="ignore"):
            found[:, model.classes_] = model.predict_proba(values)
        shares = np.bincount(self.labels[self.rows], minlength=self.classes) / len(self.rows)
        return np.where(np.isnan(found), shares, found)

    def best(self, fit, settings):
        """The setting with the least cross-entropy on labelled lesions that were held out."""
        labels, groups = self.labels[self.rows], self.groups[self.rows]
        folds = min(3, *(len(set(groups[labels == label])) for label in set(labels)))
        losses = np.zeros(len(settings))
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=self.seed)
        for rest, held in splitter.split(self.rows, labels, groups):
            if len(set(labels[rest])) < len(set(labels)):
                continue
            kept = np.ones(len(self.labels), dtype=bool)
            kept[self.rows[held]] = False
            part = Point(self.values[kept], self.labels[kept], self.groups[kept], self.classes, self.seed)
            for place, setting in enumerate(settings):
                said = np.clip(part.said(fit(part, setting), self.values[self.rows[held]]), 1e-7, 1 - 1e-7)
                losses[place] += -np.log(said[np.arange(len(held)), labels[held]]).sum()
        return settings[int(losses.argmin())]


def probe(point: Point, penalty: float):
    model = LogisticRegression(C=penalty, max_iter=5000, random_state=point.seed)
    return model.fit(point.values[point.rows], point.labels[point.rows])


def spreading(point: Point, settings):
    sharpness, clamping = settings
    gamma = sharpness / point.values.var(axis=0).sum()
    model = LabelSpreading(kernel="rbf", gamma=gamma, alpha=clamping, max_iter=1000)
    return model.fit(point.values, point.labels)


def self_training(point: Point, settings):
    penalty, threshold = settings
    if (point.labels >= 0).all():
        return probe(point, penalty)
    base = LogisticRegression(C=penalty, max_iter=5000, random_state=point.seed)
    return SelfTrainingClassifier(base, threshold=threshold, max_iter=5).fit(point.values, point.labels)


def with_others(way: str, point: Point, others) -> Point:
    """The point of a way that sees another source's images, which stand behind, alone or beside the pool's own."""
    kept = point.rows if way.endswith("elsewhere") else np.arange(len(point.labels))
    return Point(
        np.vstack([point.values[kept], others]),
        np.append(point.labels[kept], [-1] * len(others)),
        np.append(point.groups[kept], 10**6 + np.arange(len(others))),
        point.classes,
        point.seed,
    )


def learned(way: str, point: Point):
    if way.startswith("label_spreading"):
        return spreading(point, point.best(spreading, [*product((1, 5, 20), (0.2, 0.9))]))
    penalty = point.best(probe, PENALTIES)
    if way.startswith("self_training"):
        return self_training(point, point.best(self_training, [(penalty, 0.75), (penalty, 0.95)]))
    return probe(point, penalty)


def with_all_labels(features, labels, sets, classes: int, seed: int) -> np.ndarray:
    """Out-of-fold probabilities of the comparison's probe: learned on train, its penalty chosen on validation."""
    said = np.zeros((len(labels), classes))
    for fold, of_fold in enumerate(sets):
        train, tuning, test = (of_fold == place for place in range(3))
        scaler = StandardScaler().fit(features[train])
        train_values, tuning_values, test_values = (
            scaler.transform(features[rows]) for rows in (train, tuning, test)
        )
        models = [
            LogisticRegression(C=penalty, max_iter=5000, random_state=seed + fold).fit(
                train_values, labels[train]
            )
            for penalty in PENALTIES
        ]
        losses = [
            log_loss(labels[tuning], model.predict_proba(tuning_values), labels=range(classes))
            for model in models
        ]
        said[test] = models[int(np.argmin(losses))].predict_proba(test_values)
    return said


def compare(run: Path, fold: int = 0, draw: int = 0, point: int = 0) -> pd.DataFrame:
    """Each way's largest difference of a probability on one point; of all labels also both areas."""
    artifacts = run / "artifacts"
    made, study = (
        json.loads(path.read_text()) for path in (artifacts / "fewer_labels.json", run / "study.json")
    )
    ids = pd.read_csv(artifacts / "splits.csv", dtype={"id": str})["id"]
    table = pd.read_csv(artifacts / "audited_manifest.csv", dtype=str).set_index("id").loc[ids]
    labels = table["label"].map(made["classes"].index).to_numpy()
    groups = np.unique(table["group"], return_inverse=True)[1]
    classes = len(made["classes"])
    with np.load(artifacts / "few_labels.npz") as stored:
        kept = dict(stored)
    features, sets = kept["features"].astype(float), kept["sets"]
    test = np.flatnonzero(sets[fold] == 2)
    pool = np.flatnonzero(sets[fold] != 2)
    scaler = StandardScaler().fit(features[pool])
    turned = PCA(svd_solver="full").fit(scaler.transform(features[pool]))
    values, asked = (turned.transform(scaler.transform(features[rows])) for rows in (pool, test))
    rows = {}
    others = kept.get("features_elsewhere")
    for way in (
        "label_spreading",
        "self_training",
        *BOUGHT_BY_PROBE,
        *(ELSEWHERE if others is not None else ()),
    ):
        known = np.where(kept[f"bought_{way}"][fold, draw, point, pool], labels[pool], -1)
        given = Point(values, known, groups[pool], classes, study["seed"] + 1000 * fold + draw)
        if way in ELSEWHERE:
            given = with_others(way, given, turned.transform(scaler.transform(others.astype(float))))
        said = given.said(learned(way, given), asked)
        rows[way] = {"difference": np.abs(said - kept[f"probabilities_{way}"][draw, point, test]).max()}
    own = with_all_labels(features, labels, sets, classes, study["seed"])
    positive = made["classes"].index(made["positive"])
    area = roc_auc_score(labels == positive, own[:, positive])
    rows["all labels"] = {"difference": np.abs(own - kept["full"]).max(), "own": area}
    rows["all labels"] |= {"reported": made["curve"][-1]["auc"]}
    found = pd.DataFrame.from_dict(rows, orient="index")
    found.loc["all labels", "difference"] = max(
        found.loc["all labels", "difference"], abs(area - made["curve"][-1]["auc"])
    )
    return found


if __name__ == "__main__":
    table = compare(Path(sys.argv[1]), *map(int, sys.argv[2:]))
    print(table.to_string())
    sys.exit(not (table["difference"] <= MOST).all())
