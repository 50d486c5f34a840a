"""Cases are found by what is asked for."""

from __future__ import annotations

import pandas as pd
import pytest

from bcd_utils.explorer.collection import ALL, CONFIDENCE, cases_of, chosen, three_of

ROWS = [
    ("a", "test", "benign", "benign", 0.6),
    ("b", "test", "benign", "malignant", 0.95),
    ("c", "train", "malignant", "malignant", 0.99),
    ("d", "test", "malignant", "malignant", 0.9),
    ("e", "test", "malignant", "benign", 0.45),
    ("f", "validation", "benign", "benign", 1.0),
]
PREDICTIONS = pd.DataFrame(ROWS, columns=["id", "split", "label", "predicted", "probability"])


def test_the_surest_come_first_and_places_lead_back():
    cases = cases_of(PREDICTIONS)
    assert cases["id"].tolist() == ["f", "c", "b", "d", "a", "e"]
    assert PREDICTIONS["id"][cases["place"]].tolist() == cases["id"].tolist()
    assert cases["set"].tolist()[:3] == ["tuning", "training", "internal test"]


@pytest.mark.parametrize(
    ("confidence", "kinds", "found"),
    [
        (ALL, {"set": "internal test"}, "bdae"),
        (ALL, {"set": "internal test", "verdict": "wrong"}, "be"),
        (ALL, {"label": "malignant", "verdict": "right"}, "cd"),
        ("0.9 and above", {"set": ALL}, "fcbd"),
        ("below 0.5", {"set": "internal test", "label": "malignant"}, "e"),
        ("0.5 to 0.7", {"set": "tuning"}, ""),
    ],
)
def test_kinds_and_confidence_are_chosen_together(confidence, kinds, found):
    assert "".join(chosen(cases_of(PREDICTIONS), confidence, **kinds)["id"]) == found


def test_every_confidence_is_in_one_band():
    bands = [band for name, band in CONFIDENCE.items() if name != ALL]
    for value in (0.34, 0.5, 0.7, 0.9, 1.0):
        assert sum(low <= value < high for low, high in bands) == 1


@pytest.mark.parametrize(
    ("kept", "found"), [("abcdef", "dbe"), ("ade", "dea"), ("ad", "da"), ("be", "be"), ("cf", "")]
)
def test_a_still_shows_the_surest_right_the_surest_wrong_and_the_least_sure(kept, found):
    cases = cases_of(PREDICTIONS)
    shown = three_of(cases[cases["id"].isin(list(kept))])
    assert "".join(PREDICTIONS["id"][list(shown)]) == found
