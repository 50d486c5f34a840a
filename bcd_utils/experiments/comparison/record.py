"""What is kept of a comparison: the findings that claims are judged by, all predictions, and the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bcd_utils.evaluation.cross_validation import out_of_fold, training_accuracy
from bcd_utils.evaluation.format import plain_rows
from bcd_utils.evaluation.intervals import Scored
from bcd_utils.evaluation.predictions import with_predictions
from bcd_utils.experiments.comparison.claims import Findings
from bcd_utils.experiments.comparison.run import NEVER_MEMBERS, FittedComparison
from bcd_utils.experiments.comparison.tables import NOT_AT_HAND
from bcd_utils.experiments.comparison.training import PLAIN
from bcd_utils.models.candidates.frozen import title_of
from bcd_utils.study.networks import is_the_papers
from bcd_utils.utils.backend import device, keras


def findings(
    fitted: FittedComparison,
    costs: pd.DataFrame,
    pointing: pd.DataFrame,
    of_curves: Mapping[tuple[str, float], Scored],
    rebalanced: Mapping[str, Mapping[str, Scored]],
    synthetic: bool,
) -> Findings:
    """What the claims are judged by."""
    setup, study, named = fitted.setup, fitted.setup.study, held_against(fitted)
    accuracy = np.nan
    if "paper" in fitted.scored:
        accuracy = training_accuracy(fitted.plain("paper"), setup.folds, setup.labels)
    return Findings(
        network=title_of(study),
        is_the_papers=is_the_papers(study) and not synthetic,
        scored=fitted.scored,
        titles=fitted.titles,
        **named,
        ensemble_is_the_papers=named["ensemble"] in fitted.members,
        curves=of_curves,
        rebalanced={way: scored for way, scored in rebalanced.get("paper", {}).items() if way != "none"},
        training_accuracy=accuracy,
        training_seconds=costs["training_seconds"].dropna().to_dict(),
        pointing={} if pointing.empty else pointing.to_dict("index"),
        classes=setup.classes,
        positive=setup.images.dataset.positive,
        majority=float(np.bincount(setup.labels).max() / len(setup.labels)),
        confidence=study.confidence,
    )


def held_against(fitted: FittedComparison) -> dict[str, str | None]:
    """Who the claims hold whom against: fields of `Findings`."""
    ensemble, members = next(iter(fitted.members.items()), (None, ()))
    if ensemble is None and "best_two-average" in fitted.scored:
        never = ("ensemble", *NEVER_MEMBERS)
        ensemble = "best_two-average"
        members = tuple(name for name in fitted.scored if fitted.families[name] not in never)
    return {
        "best_classical": fitted.best_on_validation(fitted.of_family("classical")),
        "average_head": "paper" if fitted.setup.study.pooling == "average" else "paper-average",
        "best_member": fitted.best_on_validation(members),
        "ensemble": ensemble,
    }


def predictions_table(fitted: FittedComparison) -> pd.DataFrame:
    """Out-of-fold probabilities of each candidate ("contender"): id, label, fold, predicted, ``p_<class>``."""
    setup = fitted.setup
    fold = np.select([split == "test" for split in setup.folds], range(1, len(setup.folds) + 1))
    table = setup.images.table[["id", "label"]].assign(fold=fold)
    parts = []
    for name in dict.fromkeys(name for name, how, _ in fitted.results if how == PLAIN):
        predicted = out_of_fold(fitted.plain(name), setup.folds)
        tested = np.isfinite(predicted).all(axis=1)
        rows = table[tested].assign(contender=name)
        parts.append(with_predictions(rows, predicted[tested], setup.classes))
    columns = ["contender", "id", "label", "fold", "predicted", *(f"p_{label}" for label in setup.classes)]
    return pd.concat(parts, ignore_index=True)[columns].round(7)


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
    setup, absent, measured = fitted.setup, fitted.absent, plain_rows(costs)
    rows: dict[str, dict[str, Any]] = {}
    for name, title in fitted.titles.items():
        rows[name] = {"title": title, "family": fitted.families[name]}
        if name in absent:
            rows[name] |= {"status": NOT_AT_HAND, "command": absent[name]}
        if scored := fitted.scored.get(name):
            scores = {metric: scored.interval(metric, setup.study.confidence) for metric in metrics}
            choices = [str(result["choices"]) for result in fitted.plain(name)]
            rows[name] |= {"status": "compared", "scores": scores, "choices": choices}
            rows[name]["costs"] = measured.get(name)
    origin = fitted.encoders["paper"].origin if "paper" in fitted.encoders else {"untrained": False}
    return {
        "folds": len(setup.folds),
        "images": len(setup.labels),
        "groups": int(setup.images.table["group"].nunique()),
        "reference": fitted.reference,
        "held_against": held_against(fitted),
        "contenders": rows,
        "paired": plain_rows(paired.astype(float)),
        "claims": claims.reset_index().to_dict("records"),
        **{key: _rows(table) for key, table in tables.items()},
        "network": {**origin, "device": device(), "backend": keras.backend.backend()},
    }


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return plain_rows(table.reset_index(names="name" if "name" not in table else "place"), "records")
