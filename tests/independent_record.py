"""Image and record again, by scikit-learn alone, from a run's rows and folds; of CBIS-DDSM from its four tables.

    python tests/independent_record.py reports/image_and_record ~/CBIS-DDSM

It imports nothing of this project. It trains every arm anew on the folds (and on the published split) that the run's
``record_predictions.csv`` names, and prints the largest difference of a probability, and its own area under the ROC
curve with its interval beside the run's; it ends with an error if any differs by more than 1e-6. With a folder of
CBIS-DDSM's tables the records are read from there, and held to the run's ``records.csv`` first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MOST = 1e-6
RECORD = "record: "


def cbis_tables(folder: Path, move: bool = True) -> pd.DataFrame:
    """Every abnormality of CBIS-DDSM's tables, under the names that the run's table has; index: its id."""
    parts = []
    for short, kind in (("mass", "mass"), ("calc", "calcification")):
        for split in ("train", "test"):
            (file,) = folder.rglob(f"{short}_case_description_{split}_set.csv")
            table = pd.read_csv(file, dtype=str, keep_default_na=False)
            table = table.rename(columns=lambda name: name.replace("breast density", "breast_density"))
            parts.append(table.assign(split=split, kind=kind))
    table = pd.concat(parts, ignore_index=True)
    patient, side, view = table["patient_id"], table["left or right breast"], table["image view"]
    found = pd.DataFrame(
        {"label": np.where(table["pathology"] == "MALIGNANT", "malignant", "benign"), "patient": patient}
    )
    found["official_split"] = table["split"]
    if move:
        both = set(patient[table["split"] == "train"]) & set(patient[table["split"] == "test"])
        found.loc[patient.isin(both), "official_split"] = "train"
    told = {
        "density": table["breast_density"], "side": side, "view": view, "abnormality": table["kind"],
        "mass_shape": table["mass shape"].fillna("not a mass"),
        "mass_margins": table["mass margins"].fillna("not a mass"),
        "calc_type": table["calc type"].fillna("not a calcification"),
        "calc_distribution": table["calc distribution"].fillna("not a calcification"),
        "assessment": table["assessment"], "subtlety": table["subtlety"],
    }  # fmt: skip
    for name, values in told.items():
        found[RECORD + name] = values.replace("N/A", "")
    names = [patient, side, view, table["kind"], table["abnormality id"]]
    return found.set_axis(pd.Series(zip(*names, strict=True)).map("_".join), axis=0)


def encoded(table: pd.DataFrame, numbers: list[str], training: np.ndarray) -> np.ndarray:
    """The record's columns as numbers, standardised on training rows; their total variance is one."""
    parts = []
    for name in table:
        if name in numbers:
            values = table[name].to_numpy(float)
            median = np.nanmedian(values[training])
            parts.append(np.where(np.isnan(values), median if np.isfinite(median) else 0.0, values)[:, None])
            if np.isnan(values[training]).any():
                parts.append(np.isnan(values)[:, None])
        else:
            coder = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=5)
            values = table[[name]].to_numpy(object)
            parts.append(coder.fit(values[training]).transform(values).toarray())
    return scaled(np.hstack(parts).astype(float), training)


def scaled(columns: np.ndarray, training: np.ndarray) -> np.ndarray:
    return StandardScaler().fit(columns[training]).transform(columns) / np.sqrt(columns.shape[1])


def learned(
    values: np.ndarray, labels: np.ndarray, training: np.ndarray, force: float, image: bool
) -> np.ndarray:
    """Probabilities of all rows by a model of the training rows."""
    solver = {"solver": "lbfgs", "tol": 1e-6} if image else {"solver": "newton-cholesky", "tol": 1e-8}
    model = LogisticRegression(C=force, max_iter=5000, **solver).fit(values[training], labels[training])
    return model.predict_proba(values)


def single(blocks, labels, groups, training, test, seed: int, image: bool) -> np.ndarray:
    """Of training rows probabilities out of inner folds, of test rows those of all training rows.

    ``blocks(rows)`` gives what a model reads that learns from these rows.
    """
    fewest = min(len(set(groups[training][labels[training] == label])) for label in set(labels))
    splitter = StratifiedGroupKFold(min(5, fewest), shuffle=True, random_state=seed)
    found = {force: np.zeros((len(labels), len(set(labels)))) for force in (0.1, 1.0, 10.0, 100.0, 1000.0)}
    for rest, held in splitter.split(training, labels[training], groups[training]):
        values = blocks(training[rest])
        for force, predicted in found.items():
            predicted[training[held]] = learned(values, labels, training[rest], force, image)[training[held]]
    losses = {force: log_loss(labels[training], given[training]) for force, given in found.items()}
    best = min(losses, key=losses.__getitem__)
    found[best][test] = learned(blocks(training), labels, training, best, image)[test]
    return found[best]


def stacked(members: list[np.ndarray], labels, training, test) -> np.ndarray:
    logs = np.hstack([np.log(np.clip(member, 1e-7, 1)) for member in members])
    model = LogisticRegression(C=1.0, max_iter=5000).fit(logs[training], labels[training])
    return model.predict_proba(logs[test])


def interval(areas: list[float], value: float, share: float, confidence: float) -> tuple[float, float]:
    """Nadeau and Bengio's interval over folds, on the logit."""
    error = np.sqrt((1 / len(areas) + share) * np.var(areas, ddof=1))
    reach = t.ppf((1 + confidence) / 2, len(areas) - 1) * error / (value * (1 - value))
    return tuple(expit(logit(value) + np.array([-1, 1]) * reach))


def compare(run: Path, tables: Path | None = None) -> pd.DataFrame:
    """Own and reported area of every arm, with the largest difference of a probability and of an end."""
    artifacts = run / "artifacts"
    made, study = (
        json.loads(path.read_text()) for path in (artifacts / "image_and_record.json", run / "study.json")
    )
    kinds = {RECORD + name: column for name, column in made["columns"].items()}
    numbers = [name for name, column in kinds.items() if column["values"] == "number"]
    given = pd.read_csv(
        artifacts / "records.csv", dtype=str, keep_default_na=False, na_values=dict.fromkeys(numbers, [""])
    )
    given = given.set_index("id").astype(dict.fromkeys(numbers, float))
    if tables:
        own = cbis_tables(tables, study["source"]["cbis_ddsm"]["move_crossing_patients"]).loc[given.index]
        pd.testing.assert_frame_equal(own, given[list(own)], check_dtype=False, check_names=False)
        given = given.assign(**{name: own[name] for name in own})
    classes = list(made["classes"])
    labels = given["label"].map(classes.index).to_numpy()
    groups, place = given["group"].to_numpy(), classes.index(made["positive"])
    features = artifacts / "record_features.npy"
    features = np.load(features) if features.exists() else None
    gaps = given[list(kinds)].isna() | (given[list(kinds)] == "")
    gaps = gaps.loc[:, gaps.any()].astype(float)
    of_kind = {kind: [name for name in kinds if kinds[name]["kind"] == kind] for kind in ("known", "read")}
    of_kind["both"] = of_kind["known"] + of_kind["read"]

    def blocks_of(arm: str):
        kind = arm.rpartition("_")[2]
        if arm == "gaps":
            return lambda rows: encoded(gaps, list(gaps), rows)
        columns = order_of(given[of_kind.get(kind, [])], numbers)

        def blocks(rows: np.ndarray) -> np.ndarray:
            parts = [encoded(columns, numbers, rows)] if kind != "image" else []
            parts += [scaled(features, rows)] if arm[:5] in ("image", "early") else []
            return np.hstack(parts)

        return blocks

    reported = pd.read_csv(artifacts / "record_predictions.csv", dtype={"id": str}, keep_default_na=False)
    rows = []
    for split, part in reported.groupby("split", sort=False):
        scores = made["scores"] if split == "folds" else made["published"]["scores"]
        theirs = {arm: of.set_index("id").reindex(given.index) for arm, of in part.groupby("arm", sort=False)}
        fold = next(iter(theirs.values()))["fold"].fillna(0).to_numpy(int)
        folds = [
            (np.flatnonzero(fold != number), np.flatnonzero(fold == number))
            for number in sorted({*fold} - {0})
        ]
        alone = {
            arm: [
                single(blocks_of(arm), labels, groups, *of_fold, study["seed"] + number, arm[:5] in ("image", "early"))
                for number, of_fold in enumerate(folds)
            ]
            for arm in theirs if not arm.startswith("late")
        }  # fmt: skip
        for arm, of in theirs.items():
            members = ["image", arm.removeprefix("late_")] if arm.startswith("late") else [arm]
            found = np.full((len(labels), len(classes)), np.nan)
            for number, (training, test) in enumerate(folds):
                found[test] = stacked([alone[member][number] for member in members], labels, training, test)
            tested = fold > 0
            columns = [f"p_{label}" for label in classes]
            apart = np.abs(found[tested] - of[columns].to_numpy(float)[tested]).max()
            area = roc_auc_score(labels[tested] == place, found[tested, place])
            known = scores[arm][f"roc_auc_{made['positive']}"]
            ends = 0.0
            if split == "folds" and known["low"] is not None:
                by_fold = [roc_auc_score(labels[test] == place, found[test, place]) for _, test in folds]
                low, high = interval(by_fold, area, 1 / (len(folds) - 1), study["confidence"])
                ends = max(abs(low - known["low"]), abs(high - known["high"]))
            rows.append((split, arm, area, known["value"], abs(area - known["value"]), apart, ends))
    return pd.DataFrame(
        rows, columns=["split", "arm", "own", "reported", "difference", "probabilities", "ends"]
    )


def order_of(table: pd.DataFrame, numbers: list[str]) -> pd.DataFrame:
    """Numbers first."""
    return table[
        [name for name in table if name in numbers] + [name for name in table if name not in numbers]
    ]


if __name__ == "__main__":
    found = compare(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    sys.stdout.write(f"{found.to_string(index=False)}\n")
    sys.exit(found.empty or bool((found[["difference", "probabilities", "ends"]] > MOST).any(axis=None)))
