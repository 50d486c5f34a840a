"""The curves as tables for reading."""

from __future__ import annotations

import pandas as pd

from bcd_utils.evaluation.format import number, p_value, span, with_interval
from bcd_utils.experiments.fewer_labels.declared import CHOICES, ELSEWHERE, RIVALS, TITLES, WAYS, WITHOUT_OWN
from bcd_utils.experiments.fewer_labels.scores import Curves


def ways_table(curves: Curves) -> pd.DataFrame:
    """Who is compared, on which labels, and what the labelled images chose for it."""
    rows = {}
    for way in curves.areas:
        rows[TITLES[way]] = {
            "labels": "bought whatever their class" if way in CHOICES else "the same number of each class",
            "unlabelled images": _unlabelled(way),
            "held against": TITLES.get(RIVALS.get(way, ""), "–"),
            "chosen, at fewest and most labels": "; ".join(
                curves.trained.choices[way][place] for place in (0, -1)
            ),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _unlabelled(way: str) -> str:
    if way in ELSEWHERE:
        return "another source's" if way in WITHOUT_OWN else "own and another source's"
    return "yes" if way in RIVALS and way in WAYS else "no"


def shown_curve(table: pd.DataFrame) -> pd.DataFrame:
    """`scores.curve_table` as text: the area with its interval over folds, and the spread over draws."""
    shown = {}
    for _, row in table.iterrows():
        whole = row["way"] == "full"
        name = "all" if whole else f"{row['point']:.0f}"
        spread = (
            "–" if whole else f"{number(row['draws_sd'])} ({span(row['draws_lowest'], row['draws_highest'])})"
        )
        shown["all labels, as in the comparison" if whole else TITLES[row["way"]], name] = {
            "labelled lesions": number(row["lesions"], 0),
            "AUC": with_interval(row, name="auc"),
            "SD over draws (lowest to highest)": spread,
            "SD over folds": number(row["folds_sd"]),
        }
    return pd.DataFrame.from_dict(shown, orient="index").rename_axis(["", "lesions a class"])


def shown_gains(table: pd.DataFrame) -> pd.DataFrame:
    """`scores.gain_table` as text."""
    shown = {}
    for _, row in table.iterrows():
        shown[f"{TITLES[row['way']]}, against {TITLES[row['against']]}", str(row["point"])] = {
            "gain in AUC": with_interval(row, sign="+", name="gain"),
            "Holm p": p_value(row["holm_p"]),
            "ahead in draws": f"{row['draws_ahead']:.0%}",
        }
    return pd.DataFrame.from_dict(shown, orient="index").rename_axis(["", "lesions a class"])


def shown_needed(table: pd.DataFrame) -> pd.DataFrame:
    """`scores.needed_table` as text."""
    texts = {TITLES[way]: with_interval(row, 0, name="lesions") for way, row in table.iterrows()}
    return pd.DataFrame({"labelled lesions": texts})
