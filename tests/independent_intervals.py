"""The intervals of a run's evaluation again, from its tables of predictions and splits.

    python tests/independent_intervals.py reports/runs/...

It imports nothing of this project: Wilson's interval from its formula, DeLong's from all pairs, Newcombe's method 5 on
a grid, and BCa from SciPy. It prints its own ends beside those of the run's ``evaluation.json``, and ends with an error
if any differs by more than ``TOLERANCE``.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import bootstrap, norm
from sklearn.metrics import cohen_kappa_score, f1_score

#: Both are of resamples, and not of the same.
TOLERANCE = {"exact": 1e-5, "resampled": 0.04}


def wilson(successes: float, trials: int, z: float) -> tuple[float, float]:
    """Wilson 1927."""
    centre, reach = successes + z**2 / 2, z * (successes * (trials - successes) / trials + z**2 / 4) ** 0.5
    return (centre - reach) / (trials + z**2), (centre + reach) / (trials + z**2)


def newcombe(area: float, m: int, n: int, z: float) -> tuple[float, float]:
    """Newcombe 2006, method 5: of all areas on a fine grid, those no further than z errors of their own."""
    grid = np.unique(np.concatenate([np.linspace(0, 1, 400_001), [area]]))
    more = (m + n) / 2 - 1
    bracket = 1 + more * (1 - grid) / (2 - grid) + more * grid / (1 + grid)
    near = grid[np.abs(area - grid) <= z * np.sqrt(grid * (1 - grid) * bracket / (m * n))]
    return float(min(near.min(), area)), float(max(near.max(), area))


def placements(positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Share of the others that each image ranks rightly against (DeLong et al. 1988)."""
    gap = np.subtract.outer(scores[positive], scores[~positive])
    won, share = np.where(gap == 0, 0.5, gap > 0), np.empty(len(scores))
    share[positive], share[~positive] = won.mean(axis=1), won.mean(axis=0)
    return share


def area(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, z: float
) -> tuple[float, float, float]:
    """A mean of one-vs-rest areas: on the logit from the variances and covariances of classes, or Newcombe's."""
    used = np.flatnonzero(weights)
    kinds = [labels == column for column in used]
    if any(not kind.any() or kind.all() for kind in kinds):
        return (np.nan,) * 3
    areas, added = [], np.zeros(len(labels))
    for column, kind in zip(used, kinds, strict=True):
        share, m, n = placements(kind, probabilities[:, column]), kind.sum(), (~kind).sum()
        areas.append(share[kind].mean())
        if min(m, n) > 1:
            scale = np.where(kind, 1 / (m * (m - 1)) ** 0.5, 1 / (n * (n - 1)) ** 0.5)
            added += weights[column] * scale * (share - areas[-1])
    value, error = float(weights[used] @ areas), float((added**2).sum() ** 0.5)
    alone = any(min(kind.sum(), (~kind).sum()) < 2 for kind in kinds)
    if alone or error < 1e-9 or not 0.05 <= value <= 0.95:
        ends = [newcombe(a, kind.sum(), (~kind).sum(), z) for a, kind in zip(areas, kinds, strict=True)]
        return value, *(weights[used] @ ends)
    low, high = expit(logit(value) + np.array([-z, z]) * error / (value * (1 - value)))
    return value, float(low), float(high)


def of_matrix(name: str, true: np.ndarray, called: np.ndarray, size: int) -> float:
    """F1 or kappa from the confusion matrix: scikit-learn's functions give the same, but are slow by the thousand."""
    matrix = np.bincount(true * size + called, minlength=size * size).reshape(size, size)
    actual, predicted, total = matrix.sum(axis=1), matrix.sum(axis=0), len(true)
    if name == "kappa":
        chance = actual @ predicted / total**2
        return (np.trace(matrix) / total - chance) / (1 - chance)
    return float(
        np.average(2 * np.diag(matrix) / (actual + predicted), weights=actual if "weighted" in name else None)
    )


def resampled(labels: np.ndarray, called: np.ndarray, score, confidence: float) -> tuple[float, float, float]:
    """BCa with images drawn within each class; no ends where no resample differs."""
    kinds = np.unique(labels)
    parts = [called[labels == label] for label in kinds]

    def statistic(*drawn):
        return score(np.repeat(kinds, [len(part) for part in drawn]), np.concatenate(drawn))

    options = {
        "n_resamples": 1000,
        "vectorized": False,
        "method": "percentile",
        "confidence_level": confidence,
    }
    options["random_state"] = np.random.default_rng(1)
    value, first = statistic(*parts), bootstrap(parts, statistic, **options)
    if np.ptp(first.bootstrap_distribution) < 1e-9:
        return value, np.nan, np.nan
    found = bootstrap(
        parts, statistic, **options | {"n_resamples": 0, "method": "BCa", "bootstrap_result": first}
    )
    return value, *found.confidence_interval


def compare(run: Path) -> pd.DataFrame:
    """Own and reported value and ends of every score that is recomputed here; a row a score."""
    artifacts = run / "artifacts"
    reported = json.loads((artifacts / "evaluation.json").read_text())["intervals"]
    study = json.loads((run / "study.json").read_text())
    splits = pd.read_csv(artifacts / "splits.csv", dtype=str, keep_default_na=False)
    predictions = pd.read_csv(artifacts / "predictions.csv")
    if "patient" in splits and (splits["patient"] != "").any():
        raise SystemExit("images of one patient vary together, which is not recomputed here")
    test = predictions[predictions["id"].isin(splits.loc[splits["split"] == "test", "id"])]
    classes = [column.removeprefix("p_") for column in test if column.startswith("p_")]
    labels = test["label"].map(classes.index).to_numpy()
    probabilities = test[[f"p_{label}" for label in classes]].to_numpy()
    called, confidence = probabilities.argmax(axis=1), study["confidence"]
    z, size = norm.ppf((1 + confidence) / 2), len(classes)

    rows: dict[str, tuple] = {}

    def share(name, among, counts):
        trials, successes = int(among.sum()), int((among & counts).sum())
        rows[name] = (
            ("exact", successes / trials, *wilson(successes, trials, z))
            if trials
            else ("exact",) + (np.nan,) * 3
        )

    share("accuracy", np.ones(len(labels), bool), called == labels)
    rows["roc_auc"] = ("exact", *area(labels, probabilities, np.full(size, 1 / size), z))
    weights = np.bincount(labels, minlength=size) / len(labels)
    rows["roc_auc_weighted"] = ("exact", *area(labels, probabilities, weights, z))
    for column, name in enumerate(classes):
        true, so_called = labels == column, called == column
        share(f"sensitivity_{name}", true, so_called)
        share(f"specificity_{name}", ~true, ~so_called)
        share(f"precision_{name}", so_called, true)
        if true.any() and not so_called.any():
            rows[f"precision_{name}"] = ("exact", 0.0, np.nan, np.nan)
        rows[f"roc_auc_{name}"] = ("exact", *area(labels, probabilities, np.eye(size)[column], z))
    if len(np.unique(labels)) == size:
        for name in ("f1_macro", "f1_weighted", "kappa"):
            score = partial(of_matrix, name, size=size)
            rows[name] = ("resampled", *resampled(labels, called, score, confidence))
        f1 = f1_score(labels, called, average="macro", zero_division=0)
        if not np.allclose([rows["f1_macro"][1], rows["kappa"][1]], [f1, cohen_kappa_score(labels, called)]):
            raise AssertionError("scikit-learn finds other scores")
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["method", "value", "low", "high"])
    theirs = pd.DataFrame({name: reported[name] for name in rows}).T.astype(float).add_prefix("reported_")
    return table.join(theirs)


def disagreements(table: pd.DataFrame) -> pd.DataFrame:
    """The rows in which a value or an end differs, or is known to one side only."""
    own, theirs = (
        table[[prefix + end for end in ("value", "low", "high")]].to_numpy(float)
        for prefix in ("", "reported_")
    )
    allowed = table["method"].map(TOLERANCE).to_numpy()[:, None] * [1e-3, 1, 1]
    one_sided = np.isnan(own) != np.isnan(theirs)
    return table[(one_sided | (np.abs(own - theirs) > allowed + 1e-6)).any(axis=1)]


if __name__ == "__main__":
    found = compare(Path(sys.argv[1]))
    sys.stdout.write(found.to_string() + "\n")
    sys.exit(0 if disagreements(found).empty else f"differ:\n{disagreements(found).to_string()}")
