"""The classical rows and linear probes of a comparison again, by scikit-learn alone, and the verdicts on the claims.

    python tests/independent_comparison.py reports/comparison

It imports nothing of this project. For each candidate it can train, it prints its own scores beside those of the run's
``comparison.json``, and ends with an error if any differs by more than 0.001. Verdicts on claims that follow from what
is saved are worked out with resamples of its own; one that differs is an error, unless an end of the interval lies so
near the criterion that other resamples may fall on its other side.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm, t
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


NEAR = 0.01


class Tested:
    """Out-of-fold predictions of all candidates, and intervals over the folds (Nadeau and Bengio 2003)."""

    def __init__(self, run: Path) -> None:
        artifacts = run / "artifacts"
        self.record = json.loads((artifacts / "comparison.json").read_text())
        self.confidence = json.loads((run / "study.json").read_text())["confidence"]
        table = pd.read_csv(artifacts / "folds.csv", dtype=str).set_index("id")
        given = pd.read_csv(artifacts / "contender_predictions.csv", dtype={"id": str}, keep_default_na=False)
        tables = {
            name: part.set_index("id").reindex(table.index) for name, part in given.groupby("contender")
        }
        self.predicted = {
            name: part["predicted"] for name, part in tables.items() if part["predicted"].notna().all()
        }
        self.labels, self.groups = table["label"], table["group"]
        self.folds = [
            (table[column] == "test").to_numpy() for column in table if str(column).startswith("fold_")
        ]
        tested = np.mean([fold.sum() for fold in self.folds])
        self.factor = 1 / len(self.folds) + tested / (len(table) - tested)

    def ahead(self, first: str | None, second: str | None, tries: int = 1) -> tuple[str, bool] | None:
        """Whether one is more accurate than another, of so many tries."""
        if not {first, second} <= self.predicted.keys():
            return None
        ours, theirs = ((self.predicted[name] == self.labels).to_numpy(float) for name in (first, second))
        return self.above_in_folds(
            [(ours - theirs)[fold].mean() for fold in self.folds], (ours - theirs).mean(), 0, tries
        )

    def above_in_folds(
        self, by_fold: list[float], value: float, border: float, tries: int = 1
    ) -> tuple[str, bool]:
        """Whether a difference's interval over folds, on the logit of -1 to 1, lies above a border."""
        error = np.sqrt(self.factor * np.var(by_fold, ddof=1))
        if error < 1e-9:
            return "inconclusive", False
        share = (value + 1) / 2
        reach = t.ppf(1 - (1 - self.confidence) / 2 / tries, len(by_fold) - 1) * error
        ends = 2 * expit(logit(share) + np.array([-1, 1]) * reach / 2 / (share * (1 - share))) - 1
        return judged(*ends, border)

    def rate_above(self, right: pd.Series, of: pd.Series, border: float) -> tuple[str, bool]:
        """Whether Wilson's interval of a share, for as many trials as its error over folds amounts to, lies above."""
        right, of = right.to_numpy(float), of.to_numpy()
        by_fold = [right[fold & of].mean() for fold in self.folds if (fold & of).any()]
        value, error = right[of].mean(), np.sqrt(self.factor * np.var(by_fold, ddof=1))
        upper = (1 + self.confidence) / 2
        z, trials = norm.ppf(upper), float(self.groups[of].nunique())
        if error > 1e-9 and 0 < value < 1:
            wide = t.ppf(upper, len(by_fold) - 1)
            trials = min(trials, value * (1 - value) / error**2 * (z / wide) ** 2)
        centre = (value + z**2 / (2 * trials)) / (1 + z**2 / trials)
        reach = z * np.sqrt(value * (1 - value) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
        return judged(centre - reach, centre + reach, border)


def judged(low: float, high: float, border: float) -> tuple[str, bool]:
    """The verdict of an interval, and whether one of its ends lies near the border."""
    verdict = "supported" if low > border else "refuted" if high < border else "inconclusive"
    return verdict, bool(min(abs(low - border), abs(high - border)) < NEAR)


def joined(parts: list[tuple[str, bool]], enough: str, otherwise: str) -> tuple[str, bool]:
    """A claim that one part decides: ``enough`` if any is so, ``otherwise`` if all are so."""
    found = {verdict for verdict, _ in parts}
    verdict = enough if enough in found else otherwise if found == {otherwise} else "inconclusive"
    return verdict, any(near for _, near in parts)


def verdicts(run: Path) -> pd.DataFrame:
    """Own and reported verdict of the claims that follow from what is saved; ``near``: neither is an error."""
    tested = Tested(run)
    record, held = tested.record, tested.record["held_against"]
    own = {
        "ResNet50 beats conventional machine learning": tested.ahead("paper", held["best_classical"]),
        "It beats a plain CNN in accuracy": tested.ahead("paper", "plain_cnn"),
        "An ensemble improves it (its literature)": tested.ahead(held["ensemble"], held["best_member"]),
    }
    attention = [name for name in ("paper-squeeze_excitation", "paper-cbam") if name in tested.predicted]
    if attention and held["average_head"] in tested.predicted:
        tries = [tested.ahead(name, held["average_head"], len(attention)) for name in attention]
        own["Attention improves it (its literature)"] = joined(tries, "supported", "refuted")
    costs = {
        name: (row.get("costs") or {}).get("training_seconds") for name, row in record["contenders"].items()
    }
    if costs.get("paper") and costs.get("plain_cnn"):
        ratio = costs["plain_cnn"] / costs["paper"]
        verdict = "supported" if ratio >= 1.25 else "refuted" if ratio <= 0.8 else "inconclusive"
        own["It beats a plain CNN in training efficiency"] = verdict, False
    for row in record["pointing"]:
        if row["name"] == "paper":
            low, high = row["over_centre_low"], row["over_centre_high"]
            verdict = "supported" if low > 0 else "refuted" if high < 0 else "inconclusive"
            own["Grad-CAM makes it trustworthy"] = verdict, False
    if "paper" in tested.predicted:
        right, truth = tested.predicted["paper"] == tested.labels, tested.labels
        recalls = right.groupby(truth).mean()
        best, worst = recalls.idxmax(), recalls.idxmin()
        by_fold = [right[fold].groupby(truth[fold]).mean() for fold in tested.folds]
        gaps = [part[best] - part[worst] for part in by_fold if {best, worst} <= set(part.index)]
        verdict, near = tested.above_in_folds(gaps, recalls[best] - recalls[worst], 0.1)
        other = {"supported": "refuted", "refuted": "supported"}
        own["Class imbalance is handled"] = other.get(verdict, verdict), near
        called = tested.predicted["paper"] == "malignant"
        parts = [
            tested.rate_above(~called, truth != "malignant", 0.9),
            tested.rate_above(called, truth == "malignant", 0.8),
        ]
        own["High specificity, few false alarms"] = joined(parts, "refuted", "supported")
    reported = {claim["claim"]: claim["this run's network"] for claim in record["claims"]}
    rows = [(claim, *found, reported[claim]) for claim, found in own.items() if found]
    return pd.DataFrame(rows, columns=["claim", "own", "near", "reported"])


if __name__ == "__main__":
    found, claims = compare(Path(sys.argv[1])), verdicts(Path(sys.argv[1]))
    sys.stdout.write(f"{found.to_string(index=False)}\n\n{claims.to_string(index=False)}\n")
    wrong = (claims["own"] != claims["reported"]) & ~claims["near"]
    sys.exit(found.empty or bool((found["difference"] > 1e-3).any()) or bool(wrong.any()))
