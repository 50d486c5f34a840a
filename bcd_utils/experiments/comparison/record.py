"""What is kept of a contest: the findings that claims are judged by, all predictions, and the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.evaluation.cross_validation import Scored, out_of_fold, training_accuracy
from bcd_utils.evaluation.predictions import positive_class
from bcd_utils.experiments.comparison.claims import Findings
from bcd_utils.experiments.comparison.run import NEVER_MEMBERS, FittedComparison
from bcd_utils.experiments.comparison.training import PLAIN
from bcd_utils.models.candidates.frozen import title_of
from bcd_utils.utils.backend import device, keras


def findings(
    fitted: FittedComparison,
    costs: pd.DataFrame,
    pointing: pd.DataFrame,
    of_curves: Mapping[tuple[str, float], Scored],
    rebalanced: Mapping[str, Mapping[str, Scored]],
    synthetic: bool,
    modalities: Mapping[str, Any] | None = None,
) -> Findings:
    """What the claims are judged by."""
    setup, study = fitted.setup, fitted.setup.study
    ensemble, member = next(iter(fitted.members.items()), (None, None))
    if ensemble is None and "best_two-average" in fitted.scored:
        ensemble = "best_two-average"
        member = [name for name in fitted.scored if fitted.families[name] not in ("ensemble", *NEVER_MEMBERS)]
    trained = "paper" in fitted.scored
    return Findings(
        network=title_of(study),
        is_the_papers=study.backbone == "resnet50"
        and study.weights == "imagenet"
        and study.input == "image"
        and not synthetic,
        scored=fitted.scored,
        titles=fitted.titles,
        best_classical=fitted.best_on_validation(fitted.of_family("classical")),
        average_head="paper" if study.pooling == "average" else "paper-average",
        best_member=fitted.best_on_validation(member) if ensemble else None,
        ensemble=ensemble,
        ensemble_is_the_papers=ensemble in fitted.members,
        curves=of_curves,
        rebalanced={arm: each for arm, each in rebalanced.get("paper", {}).items() if arm != "none"},
        training_accuracy=training_accuracy(fitted.plain("paper"), setup.folds, setup.labels)
        if trained
        else np.nan,
        training_seconds=costs["training_seconds"].dropna().to_dict(),
        pointing={} if pointing.empty else pointing.to_dict("index"),
        classes=setup.classes,
        positive=setup.classes[positive_class(setup.classes)],
        majority=float(np.bincount(setup.labels).max() / len(setup.labels)),
        confidence=study.confidence,
        modalities=modalities,
    )


def predictions_table(fitted: FittedComparison) -> pd.DataFrame:
    """Out-of-fold probabilities of everyone: candidate, id, label, fold, predicted, ``p_<class>``."""
    setup = fitted.setup
    fold = np.select([split == "test" for split in setup.folds], range(1, len(setup.folds) + 1))
    parts = []
    for name in dict.fromkeys(name for name, how, _ in fitted.results if how == PLAIN):
        predicted = out_of_fold(fitted.plain(name), setup.folds)
        there = np.isfinite(predicted).all(axis=1)
        part = setup.images.table.loc[there, ["id", "label"]].assign(contender=name, fold=fold[there])
        part["predicted"] = np.asarray(setup.classes)[predicted[there].argmax(axis=1)]
        for index, label in enumerate(setup.classes):
            part[f"p_{label}"] = predicted[there, index].round(7)
        parts.append(part)
    columns = ["contender", "id", "label", "fold", "predicted", *(f"p_{label}" for label in setup.classes)]
    return pd.concat(parts, ignore_index=True)[columns]


def record(
    fitted: FittedComparison,
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

    setup, absent = fitted.setup, fitted.absent
    rows = {}
    for name, title in fitted.titles.items():
        rows[name] = {"title": title, "family": fitted.families.get(name, "ensemble")}
        if name in absent:
            rows[name] |= {"status": "weights not available", "command": absent[name]}
        if name in fitted.scored:
            found = {
                metric: fitted.scored[name].interval(metric, setup.study.confidence) for metric in metrics
            }
            rows[name] |= {"status": "compared", "scores": found}
            rows[name]["choices"] = [str(result["choices"]) for result in fitted.plain(name)]
            rows[name]["costs"] = plain(costs.loc[name]) if name in costs.index else None
    origin = next(
        (encoder.origin for name, encoder in fitted.encoders.items() if name == "paper"), {"untrained": False}
    )
    return {
        "folds": len(setup.folds),
        "images": len(setup.labels),
        "groups": int(setup.images.table["group"].nunique()),
        "reference": fitted.reference,
        "contenders": rows,
        "paired": {name: plain(row) for name, row in paired.iterrows()},
        "claims": claims.reset_index().to_dict("records"),
        **{key: _rows(table) for key, table in tables.items()},
        "network": {**origin, "device": device(), "backend": keras.backend.backend()},
    }


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = table.reset_index(names="name" if "name" not in table else "place").astype(object)
    return rows.where(rows.notna(), None).to_dict("records")
