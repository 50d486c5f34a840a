"""The rival explanations of a run judged again, by scikit-learn and SciPy alone, from its saved predictions.

    python tests/independent_rivals.py reports/trust

It imports nothing of this project. From ``rival_predictions.npz`` it computes every score of the run's
``forensics.json`` and each p-value, prints them side by side, and ends with an error if any differs by more than 1e-4.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist
from scipy.stats import zscore
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, roc_auc_score

SETS = ("train", "validation", "test")


def scores(
    labels: np.ndarray, probabilities: np.ndarray, classes: list[str], asked: list[str]
) -> dict[str, float]:
    """Scores of one set of images; NaN where one does not exist."""
    chosen, every = probabilities.argmax(axis=1), range(len(classes))
    present = [(labels == label).any() for label in every]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {
            "accuracy": accuracy_score(labels, chosen),
            "f1_macro": f1_score(labels, chosen, average="macro", labels=list(every), zero_division=0),
            "kappa": cohen_kappa_score(labels, chosen),
            "roc_auc": np.mean([roc_auc_score(labels == each, probabilities[:, each]) for each in every]),
        }
    if not all(present):
        found |= {"f1_macro": np.nan, "roc_auc": np.nan}
    for name in asked:
        true, called = labels == classes.index(name), chosen == classes.index(name)
        found[f"recall_{name}"] = (true & called).sum() / true.sum() if true.any() else np.nan
        found[f"false_{name}"] = (called & ~true).sum()
    return found


def table(stored, name: str, classes: list[str], asked: list[str]) -> pd.DataFrame:
    """One row a split: scores of each set under ``<set>_<score>``, four decimals, and whether all asked are perfect."""
    labels, rows = stored[f"{name}/labels"], []
    for sets, probabilities in zip(stored[f"{name}/sets"], stored[f"{name}/probabilities"], strict=True):
        row, perfect = {}, {}
        for number, part in enumerate(SETS):
            found = scores(labels[sets == number], probabilities[sets == number], classes, asked)
            row |= {f"{part}_{score}": value for score, value in found.items()}
            perfect[part] = all(
                found[f"recall_{each}"] == 1 and found[f"false_{each}"] == 0 for each in asked
            )
        rows.append(row | {"perfect_test": perfect["test"], "perfect_all": all(perfect.values())})
    return pd.DataFrame(rows).round(4)


def p_value(splits: np.ndarray, row: np.ndarray) -> float:
    """Share of splits and row, pooled, that lie as far out as the row."""
    pool = np.vstack([splits, row])
    spread = pool.std(axis=0)
    pool = zscore(pool[:, spread > 1e-9])
    distances = cdist(pool, np.zeros((1, pool.shape[1])))[:, 0]
    return float((distances >= distances[-1] - 1e-9).mean())


def compare(run: Path) -> pd.DataFrame:
    """Own and reported values of every rival."""
    artifacts = run / "artifacts"
    record = json.loads((artifacts / "forensics.json").read_text())
    classes = list(json.loads((artifacts / "dataset.json").read_text())["classes"])
    best_of = json.loads((run / "study.json").read_text())["rival_explanations"]["best_of"]
    rows, plain = [], pd.DataFrame()
    with np.load(artifacts / "rival_predictions.npz") as stored:
        for rival in record["rivals"]:
            if rival["rival"] == "luckiest":
                blocks = (
                    plain[start : start + best_of] for start in range(0, len(plain) - best_of + 1, best_of)
                )
                splits = pd.DataFrame([block.loc[block["test_accuracy"].idxmax()] for block in blocks])
            else:
                splits = table(stored, rival["rival"], classes, record["asked"])
            plain = splits if rival["rival"] == "image" else plain
            own = {"splits": len(splits)}
            for column in splits.filter(like="test_"):
                if column != "perfect_test":
                    values, short = splits[column].astype(float), column.removeprefix("test_")
                    own |= {short: values.mean(), f"{short}_low": values.min(), f"{short}_high": values.max()}
            if record["asked"]:
                own |= {name: splits[name].astype(float).mean() for name in ("perfect_test", "perfect_all")}
            if record["paper"]:
                known = splits[list(record["paper"])].astype(float).dropna().to_numpy()
                own["p"] = p_value(known, np.array(list(record["paper"].values())).round(4))
            for name, value in own.items():
                theirs = np.nan if rival.get(name) is None else rival[name]
                rows.append((rival["rival"], name, value, theirs, abs(value - theirs)))
    return pd.DataFrame(rows, columns=["rival", "score", "own", "reported", "difference"])


if __name__ == "__main__":
    found = compare(Path(sys.argv[1]))
    sys.stdout.write(found.to_string(index=False) + "\n")
    sys.exit(found.empty or not (found["difference"] <= 1e-4).all())
