"""What is kept of a contest: the findings that claims are judged by, all predictions, and the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.evaluation.cross_validation import Scored, out_of_fold, training_accuracy
from bcd_utils.evaluation.predictions import positive_class
from bcd_utils.experiments.comparison.claims import Findings
from bcd_utils.experiments.comparison.run import NEVER_MEMBERS, Contest
from bcd_utils.experiments.comparison.training import PLAIN
from bcd_utils.models.candidates.frozen import title_of
from bcd_utils.utils.backend import device, keras


def findings(
    contest: Contest,
    costs: pd.DataFrame,
    pointing: pd.DataFrame,
    of_curves: Mapping[tuple[str, float], Scored],
    arms: Mapping[str, Mapping[str, Scored]],
    synthetic: bool,
    modalities: Mapping[str, Any] | None = None,
) -> Findings:
    """What the claims are judged by."""
    entry, study = contest.entry, contest.entry.study
    ensemble, member = next(iter(contest.members.items()), (None, None))
    if ensemble is None and "best_two-average" in contest.scored:
        ensemble = "best_two-average"
        member = [
            name for name in contest.scored if contest.families[name] not in ("ensemble", *NEVER_MEMBERS)
        ]
    trained = "paper" in contest.scored
    return Findings(
        network=title_of(study),
        is_the_papers=study.backbone == "resnet50"
        and study.weights == "imagenet"
        and study.input == "image"
        and not synthetic,
        scored=contest.scored,
        titles=contest.titles,
        best_classical=contest.best_on_validation(contest.of_family("classical")),
        average_head="paper" if study.pooling == "average" else "paper-average",
        best_member=contest.best_on_validation(member) if ensemble else None,
        ensemble=ensemble,
        ensemble_is_the_papers=ensemble in contest.members,
        curves=of_curves,
        rebalanced={arm: each for arm, each in arms.get("paper", {}).items() if arm != "none"},
        training_accuracy=training_accuracy(contest.plain("paper"), entry.folds, entry.labels)
        if trained
        else np.nan,
        training_seconds=costs["training_seconds"].dropna().to_dict(),
        pointing={} if pointing.empty else pointing.to_dict("index"),
        classes=entry.classes,
        positive=entry.classes[positive_class(entry.classes)],
        majority=float(np.bincount(entry.labels).max() / len(entry.labels)),
        confidence=study.confidence,
        modalities=modalities,
    )


def predictions_table(contest: Contest) -> pd.DataFrame:
    """Out-of-fold probabilities of everyone: contender, id, label, fold, predicted, ``p_<class>``."""
    entry = contest.entry
    fold = np.select([split == "test" for split in entry.folds], range(1, len(entry.folds) + 1))
    parts = []
    for name in dict.fromkeys(name for name, how, _ in contest.results if how == PLAIN):
        predicted = out_of_fold(contest.plain(name), entry.folds)
        there = np.isfinite(predicted).all(axis=1)
        part = entry.images.table.loc[there, ["id", "label"]].assign(contender=name, fold=fold[there])
        part["predicted"] = np.asarray(entry.classes)[predicted[there].argmax(axis=1)]
        for index, label in enumerate(entry.classes):
            part[f"p_{label}"] = predicted[there, index].round(7)
        parts.append(part)
    columns = ["contender", "id", "label", "fold", "predicted", *(f"p_{label}" for label in entry.classes)]
    return pd.concat(parts, ignore_index=True)[columns]


def record(
    contest: Contest,
    costs: pd.DataFrame,
    claims: pd.DataFrame,
    paired: pd.DataFrame,
    metrics: Sequence[str],
    tables: Mapping[str, pd.DataFrame],
) -> dict[str, Any]:
    """What ``comparison.json`` holds; plain values, None where undefined.

    Parameters
    ----------
    tables : mapping of key to pandas.DataFrame
        What else is reported, row by row.
    """

    def plain(row: Mapping[str, float]) -> dict[str, float | None]:
        return {name: None if pd.isna(value) else float(value) for name, value in row.items()}

    entry, absent = contest.entry, contest.absent
    rows = {}
    for name, title in contest.titles.items():
        rows[name] = {"title": title, "family": contest.families.get(name, "ensemble")}
        if name in absent:
            rows[name] |= {"status": "weights not available", "command": absent[name]}
        if name in contest.scored:
            found = {
                metric: contest.scored[name].interval(metric, entry.study.confidence) for metric in metrics
            }
            rows[name] |= {"status": "compared", "scores": found}
            rows[name]["choices"] = [str(result["choices"]) for result in contest.plain(name)]
            rows[name]["costs"] = plain(costs.loc[name]) if name in costs.index else None
    origin = next(
        (encoder.origin for name, encoder in contest.encoders.items() if name == "paper"),
        {"untrained": False},
    )
    return {
        "folds": len(entry.folds),
        "images": len(entry.labels),
        "groups": int(entry.images.table["group"].nunique()),
        "reference": contest.reference,
        "contenders": rows,
        "paired": {name: plain(row) for name, row in paired.iterrows()},
        "claims": claims.reset_index().to_dict("records"),
        **{key: _rows(table) for key, table in tables.items()},
        "network": {**origin, "device": device(), "backend": keras.backend.backend()},
    }


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.reset_index(names="name" if "name" not in table else "place").astype(object)
    return rows.where(rows.notna(), None).to_dict("records")
