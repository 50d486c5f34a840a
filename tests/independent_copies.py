"""What copies are worth, and split, seed and sampling apart, again from what a run has kept of each image.

    python tests/independent_copies.py reports/trust

It imports nothing of this project. It joins the groups anew from the pairs, scores the folds' predictions, makes
the intervals by whole groups, and takes the test accuracies apart. It prints its own values beside those of the
run's ``lottery.json``, and ends with an error if any differs by more than is allowed: nothing but
rounding.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import norm, t
from sklearn.metrics import accuracy_score


def joined(manifest: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """The number of each image's group: what pairs link, or equal pixels."""
    place = {image: row for row, image in enumerate(manifest["id"])}
    first = manifest.groupby("pixels_sha256")["id"].transform("first").map(place).to_numpy()
    ends = np.concatenate([pairs["id_a"].map(place), first])
    others = np.concatenate([pairs["id_b"].map(place), np.arange(len(manifest))])
    size = len(manifest)
    links = coo_array((np.ones(len(ends)), (ends.astype(int), others.astype(int))), shape=(size, size))
    return connected_components(links, directed=False)[1]


def same_parts(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two numberings of groups are the same but for names."""
    return len(set(zip(one, other, strict=True))) == len(set(one)) == len(set(other))


def accuracy(predictions: pd.DataFrame) -> float:
    """The mean over repeats of the accuracy in each."""
    return float(
        np.mean(
            [accuracy_score(part["label"], part["predicted"]) for _, part in predictions.groupby("repeat")]
        )
    )


def ends_over_groups(
    values: pd.Series, groups: pd.Series, confidence: float, lowest: float
) -> tuple[float, float]:
    """Wilson's interval of a mean within bounds, for as many trials as whole groups tell."""
    shares = ((values - lowest) / (1 - lowest)).to_numpy()
    images, mean = len(shares), shares.mean()
    sums = pd.Series(shares - mean).groupby(groups.to_numpy()).sum().to_numpy()
    upper = (1 + confidence) / 2
    z = norm.ppf(upper)
    by_group = len(sums) / (len(sums) - 1) * (sums**2).sum() / images**2
    alone = ((shares - mean) ** 2).sum() / images / (images - 1)
    trials = float(len(sums))
    if alone > 1e-20:
        trials = mean * (1 - mean) / max(by_group, alone) * images / (images - 1)
        if len(sums) < images:
            trials *= (t.ppf(upper, images - 1) / t.ppf(upper, len(sums) - 1)) ** 2
    centre = (mean + z**2 / (2 * trials)) / (1 + z**2 / trials)
    reach = z * np.sqrt(mean * (1 - mean) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    return tuple(lowest + (1 - lowest) * np.array([centre - reach, centre + reach]))


def worth(run: Path) -> list[tuple[str, float, float, float]]:
    """Name, own value, reported value and what is allowed, of each number of the table on copies."""
    artifacts = run / "artifacts"
    confidence = json.loads((run / "study.json").read_text())["confidence"]
    reported = json.loads((artifacts / "lottery.json").read_text())["copies"]
    manifest = pd.read_csv(artifacts / "audited_manifest.csv", dtype={"group": str, "strict_group": str})
    manifest = manifest[manifest["status"] == "ok"].set_index("id")
    predictions = pd.read_csv(artifacts / "fold_predictions.csv")
    right = (predictions["label"] == predictions["predicted"]).astype(float)
    shares = right.groupby([predictions["id"], predictions["scheme"]]).mean().unstack()
    rows = []
    for row in reported:
        own = row["joined"] == reported[0]["joined"]
        scheme, groups = ("folds", manifest["group"]) if own else ("strict_folds", manifest["strict_group"])
        several = groups.map(groups.value_counts()) > 1
        ids = groups.index[{"all": several | True, "with a copy": several, "alone": ~several}[row["images"]]]
        chosen = predictions[predictions["id"].isin(ids)]
        by = {
            name: accuracy(chosen[chosen["scheme"] == kind])
            for name, kind in (("by_image", "image_folds"), ("by_group", scheme))
        }
        values = {"by_image": shares["image_folds"], "by_group": shares[scheme]}
        values["difference"], by["difference"] = (
            shares["image_folds"] - shares[scheme],
            by["by_image"] - by["by_group"],
        )
        name = f"{row['joined']}, {row['images']}"
        rows.append((f"{name}: images", len(ids), row["count"], 0))
        for score, value in by.items():
            rows.append((f"{name}: {score}", value, row[score], 1e-9))
            low, high = row[f"{score}_low"], row[f"{score}_high"]
            if low is not None:
                lowest = -1.0 if score == "difference" else 0.0
                ends = ends_over_groups(values[score][ids], groups[ids], confidence, lowest)
                sides = zip(("low", "high"), ends, (low, high), strict=True)
                rows += [(f"{name}: {score}, {end}", one, other, 1e-9) for end, one, other in sides]
    return rows


def groups_again(run: Path) -> list[tuple[str, float, float, float]]:
    """Whether the groups, where no patients are named, are what the pairs say: 1 and 1."""
    artifacts = run / "artifacts"
    manifest = pd.read_csv(artifacts / "audited_manifest.csv", dtype=str, keep_default_na=False)
    manifest = manifest[manifest["status"] == "ok"].reset_index(drop=True)
    if (manifest["patient"] != "").any():
        return []
    pairs = pd.read_csv(artifacts / "duplicate_pairs.csv")
    same = pairs[pairs["same"] == "yes"]
    strict = same[(same["detail"] >= 0.6) | same["kind"].isin(["same file", "same pixels"])]
    found = {"group": joined(manifest, same), "strict_group": joined(manifest, strict)}
    return [
        (f"{column}s joined anew", same_parts(own, manifest[column]), 1, 0) for column, own in found.items()
    ]


def spread(run: Path) -> list[tuple[str, float, float, float]]:
    """As `worth`, of the standard deviations."""
    reported = json.loads((run / "artifacts" / "lottery.json").read_text())["variance"]
    table = pd.read_csv(run / "artifacts" / "crossed.csv")
    score = table["right"] / table["test_images"]
    grand, splits, seeds = score.mean(), table["split"].nunique(), table["seed"].nunique()
    of_split, of_seed = (score.groupby(table[name]).transform("mean") for name in ("split", "seed"))
    between = ((of_split - grand) ** 2).sum() / (splits - 1)
    rest = ((score - of_split - of_seed + grand) ** 2).sum() / ((splits - 1) * (seeds - 1))
    within = ((score - of_split) ** 2).sum() / (splits * (seeds - 1))
    split = max(0, (between - rest) / seeds)
    own = {"split": split, "seed": within, "split and seed": split + within}
    own["sampling"] = grand * (1 - grand) / table["test_images"].mean()
    return [(f"SD, {name}", value**0.5, reported[name], 1e-6) for name, value in own.items()]


def compare(run: Path) -> pd.DataFrame:
    """Own and reported values, and whether each is within what is allowed."""
    columns = ["what", "own", "reported", "allowed"]
    table = pd.DataFrame([*groups_again(run), *worth(run), *spread(run)], columns=columns)
    return table.assign(agrees=(table["own"].astype(float) - table["reported"]).abs() <= table["allowed"])


if __name__ == "__main__":
    found = compare(Path(sys.argv[1]))
    sys.stdout.write(found.to_string(index=False) + "\n")
    sys.exit(found.empty or not found["agrees"].all())
