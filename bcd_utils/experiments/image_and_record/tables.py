"""What arms scored, as tables for reading and files for programs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bcd_utils.evaluation.cross_validation import score_table
from bcd_utils.evaluation.format import as_text, number, with_interval
from bcd_utils.evaluation.predictions import with_predictions
from bcd_utils.experiments.image_and_record.material import Material
from bcd_utils.experiments.image_and_record.scores import Outcome


def composition_table(material: Material) -> pd.DataFrame:
    """Images and groups of each class, and of each published set where there is one."""
    columns = ["label", "official_split"] if "official_split" in material.table else ["label"]
    counts = material.table.groupby(columns, sort=False).agg(
        images=("id", "size"), groups=("group", "nunique")
    )
    return counts.rename_axis(["class", "published set"][: len(columns)])


def missing_table(table: pd.DataFrame) -> pd.DataFrame:
    """`missing.missing_by_class` as text, a row a column."""
    shown = {
        (name, label): f"{with_interval(row, name='missing')}{' (leak)' if row['leak'] else ''}"
        for (name, label), row in table.iterrows()
    }
    return pd.Series(shown, dtype=object).unstack().rename_axis("column") if shown else pd.DataFrame()


def arms_table(outcome: Outcome) -> pd.DataFrame:
    """Who is compared, and what each is given."""
    rows = {}
    for arm in outcome.arms.values():
        given = ["the image"] if arm.image else []
        given += arm.columns
        given += [f"what “{outcome.arms[member].title}” says" for member in arm.members]
        rows[arm.title] = {
            "is given": ", ".join(given),
            "chosen, fold after fold": "; ".join(outcome.trained.choices[arm.name]),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def shown_scores(outcome: Outcome, metrics: dict[str, str], confidence: float) -> pd.DataFrame:
    """Scores with their intervals as text, a row an arm."""
    table = score_table(outcome.scored, list(metrics), confidence)
    return as_text(table.rename(index=outcome.titles), metrics)


def shown_calibration(table: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """`scores.calibration_of` as text."""
    headings = {"slope": "slope", "intercept": "intercept", "brier": "Brier", "loss": "cross-entropy"}
    headings |= {"ece": "calibration error", "ece_by_chance": "of it by chance"}
    shown = {
        heading: [
            with_interval(row, name=name) if f"{name}_low" in table else number(row[name])
            for _, row in table.iterrows()
        ]
        for name, heading in headings.items()
    }
    return pd.DataFrame(shown, index=[titles[name] for name in table.index])


def shown_importance(table: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """`scores.importance` as text: a row a group of columns, a column an arm; "" where the arm does not read it."""
    shown = {(group, titles[arm]): with_interval(row, name="drop") for (arm, group), row in table.iterrows()}
    if not shown:
        return pd.DataFrame()
    wide = pd.Series(shown, dtype=object).unstack(sort=False).fillna("")
    return wide.rename_axis("columns shuffled together")


def predictions_table(material: Material, outcome: Outcome, published: Outcome | None) -> pd.DataFrame:
    """Probabilities of every arm for the rows that it was tested on.

    Returns
    -------
    pandas.DataFrame
        ``split`` ("folds" or "published"), ``arm``, ``id``, ``label``, ``group``, ``fold`` (from 1), ``predicted`` and
        ``p_<class>``.
    """
    parts = []
    for split, found in {"folds": outcome, "published": published}.items():
        if found is None:
            continue
        fold = np.zeros(len(material.table), dtype=int)
        for place, rows in enumerate(found.trained.tested, start=1):
            fold[rows] = place
        for name, probabilities in found.trained.probabilities.items():
            rows = material.table[["id", "label", "group"]].assign(split=split, arm=name, fold=fold)
            tested = fold > 0
            parts.append(with_predictions(rows[tested], probabilities[tested], material.classes))
    columns = ["split", "arm", "id", "label", "group", "fold", "predicted"]
    return pd.concat(parts, ignore_index=True)[columns + [f"p_{label}" for label in material.classes]]


def records_table(material: Material) -> pd.DataFrame:
    """The rows with their records, as arms read them."""
    return material.table.drop(columns="status").join(material.records.values.add_prefix("record: "))
