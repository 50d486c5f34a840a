"""Areas, gains, enough labels, and what is said of them, from predictions whose areas are known by counting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from bcd_utils.evaluation.verdicts import INCONCLUSIVE, NOT_TESTED, REFUTED, SUPPORTED
from bcd_utils.experiments.fewer_labels import tables, words
from bcd_utils.experiments.fewer_labels.declared import (
    CHOICES,
    ELSEWHERE,
    ENOUGH,
    FLOOR,
    RIVALS,
    TITLES,
    WAYS,
)
from bcd_utils.experiments.fewer_labels.record import judge
from bcd_utils.experiments.fewer_labels.scores import (
    Curves,
    crossing,
    curve_table,
    gain_table,
    needed_table,
)
from bcd_utils.experiments.fewer_labels.training import Trained

FOLDS, DRAWS, IMAGES = 4, 3, 80
POINTS = (5, 10)
TESTED = [np.arange(fold, IMAGES, FOLDS) for fold in range(FOLDS)]
POSITIVE = np.arange(IMAGES) // FOLDS % 2 == 1  # ten of the twenty that a fold tests


def scores_with(wrong: int, seed: int) -> np.ndarray:
    """Scores (n, 2) in which so many positives of every fold lie below all negatives: areas are 1 - wrong / 10."""
    random = np.random.default_rng(seed)
    second = np.where(POSITIVE, 0.7, 0.4) + 0.1 * random.random(IMAGES)
    for rows in TESTED:
        second[random.permutation(rows[POSITIVE[rows]])[:wrong]] = 0.1
    return np.column_stack([1 - second, second])


def curves(wrong: dict, full: int = 0) -> Curves:
    """Curves of which ``wrong[way]`` names the wrong positives of a fold, for each point and draw."""
    probabilities = {
        way: np.array([[scores_with(point[draw], draw) for point in wrong[way]] for draw in range(DRAWS)])
        for way in wrong
    }
    bought = np.zeros((FOLDS, DRAWS, len(POINTS), IMAGES), dtype=bool)
    for fold, rows in enumerate(TESTED):
        pool = np.setdiff1d(np.arange(IMAGES), rows)
        for place, point in enumerate(POINTS):
            bought[fold, :, place, pool[: 2 * point]] = True
    trained = Trained(
        probabilities,
        dict.fromkeys(probabilities, bought),
        {way: ["C=1 (2 of 2)"] * 2 for way in probabilities},
    )
    groups = np.arange(IMAGES)
    return Curves(trained, scores_with(full, 9), POINTS, TESTED, POSITIVE, 1, groups, 0.95)


SAME = dict.fromkeys((*WAYS, *CHOICES), [[2, 3, 4], [1, 1, 1]])


def test_areas_are_counted_and_both_spreads_stand_apart():
    table = curve_table(curves(SAME)).set_index(["way", "point"])
    row = table.loc[("probe", 5)]
    assert row["auc"] == pytest.approx(0.7), "of 0.8, 0.7 and 0.6 in three draws"
    assert (row["draws_lowest"], row["draws_highest"]) == pytest.approx((0.6, 0.8))
    assert row["draws_sd"] == pytest.approx(0.1) and row["folds_sd"] == pytest.approx(0, abs=1e-9)
    assert row["lesions"] == 10 and table.loc[("probe", 10), "lesions"] == 20
    full = table.iloc[-1]
    assert (full["auc"], full["lesions"]) == (1, 60)


def test_a_gain_is_paired_and_its_p_that_of_the_folds():
    found = curves(
        SAME | {"label_spreading": [[1, 1, 1], [1, 1, 1]], "self_training": [[2, 3, 5], [1, 1, 1]]}
    )
    varied = found.trained.probabilities["label_spreading"]
    varied[:, 0, TESTED[0][0]] = [0.2, 0.8]  # one negative of the first fold above most positives
    table = gain_table(found).set_index(["way", "point"])
    by_fold = found.areas["label_spreading"][:, 0, 1:] - found.areas["probe"][:, 0, 1:]
    assert table.loc[("self_training", 5), "gain"] == pytest.approx(-0.1 / 3)
    assert table.loc[("label_spreading", 5), "draws_ahead"] == 1
    mean = by_fold.mean(axis=0)
    plain = ttest_1samp(mean, 0).statistic * np.sqrt(0.25 / (0.25 + 1 / 3))
    whole = table.loc[("label_spreading", 5)]
    assert mean[0] < mean[1] and whole["gain_low"] < whole["gain"] < whole["gain_high"]
    from scipy.stats import t

    assert whole["p"] == pytest.approx(2 * t.sf(plain * whole["gain"] / mean.mean(), FOLDS - 1))
    assert whole["strict_low"] < whole["gain_low"] and whole["strict_high"] > whole["gain_high"]


def test_holm_is_within_a_question_and_the_common_start_is_no_try():
    table = gain_table(curves(SAME))
    assert table.groupby("way")["point"].apply(list).to_dict() == {
        "label_spreading": [5, 10], "self_training": [5, 10], "least_confident": [10], "k_centre": [10],
    }  # fmt: skip
    assert (table["gain"] == 0).all() and table["p"].isna().all()
    assert table["against"].tolist() == [RIVALS[way] for way in table["way"]]


def test_another_source_is_a_question_of_its_own_against_the_same_floor():
    other = {way: [[1, 2, 3], [1, 1, 1]] for way in ELSEWHERE}
    found = curves(SAME | other)
    for way in ("label_spreading", *ELSEWHERE):  # so that folds differ, and p are numbers
        found.trained.probabilities[way][:, :, TESTED[0][0]] = [0.2, 0.8]
    table = gain_table(found).set_index(["way", "point"])
    without = curves(SAME)
    without.trained.probabilities["label_spreading"][:, :, TESTED[0][0]] = [0.2, 0.8]
    pd.testing.assert_frame_equal(table.iloc[:6], gain_table(without).set_index(["way", "point"]))
    rows = table.loc[list(ELSEWHERE)]
    assert (rows["against"] == FLOOR).all() and len(rows) == 4 * len(POINTS)
    assert rows.xs(5, level="point")["gain"].tolist() == pytest.approx([0.1 - 0.25 * 0.2 / 4] * 4, abs=0.05)
    lowest = rows["p"].min()
    assert rows["holm_p"].min() == pytest.approx(min(1, 8 * lowest))
    assert tables.ways_table(found)["unlabelled images"].tolist()[6:] == [
        "another source's", "another source's", "own and another source's", "own and another source's",
    ]  # fmt: skip


def test_with_one_number_of_labels_nothing_is_chosen_next():
    found = curves(SAME)
    one = replace(
        found,
        lesions=(5,),
        trained=Trained(
            {way: said[:, :1] for way, said in found.trained.probabilities.items()},
            {way: rows[:, :, :1] for way, rows in found.trained.bought.items()},
            found.trained.choices,
        ),
    )
    assert gain_table(one)["way"].tolist() == ["label_spreading", "self_training"]


def test_enough_labels_lie_between_the_points_on_a_logarithmic_scale():
    # 0.7 at 10 lesions, 0.9 at 20, 1.0 at 60; 0.95 is half way from 20 to 60: their geometric mean
    table = needed_table(curves(SAME))
    assert ENOUGH == 0.95
    assert table.loc["probe"].tolist() == pytest.approx([np.sqrt(20 * 60)] * 3), "folds do not differ"
    at_once = needed_table(curves(SAME | {"k_centre": [[0, 0, 0], [0, 0, 0]]}))
    assert at_once.loc["k_centre"].tolist() == [10, 10, 10]


@pytest.mark.parametrize(
    ("heights", "last", "expected"),
    [
        ([-1, 1], False, 10**1.5),
        ([-1, 3], False, 10**1.25),
        ([1, 1], False, 10),
        ([1, -1], False, 10),
        ([1, -1], True, None),
        ([-1, -1], False, None),
    ],
)
def test_crossings(heights, last, expected):
    found = crossing([10, 100], np.array(heights, dtype=float), last)
    assert found == (None if expected is None else pytest.approx(expected))


def gains_of(*rows) -> pd.DataFrame:
    names = ["way", "point", "gain", "gain_low", "gain_high", "strict_low", "strict_high"]
    return pd.DataFrame(rows, columns=names)


ABOVE = ("self_training", 5, 0.1, 0.06, 0.14, 0.02, 0.18)
AROUND = ("label_spreading", 10, 0.01, -0.01, 0.03, -0.05, 0.07)
BELOW = ("label_spreading", 5, -0.1, -0.14, -0.06, -0.18, -0.02)
CHOSEN = ("k_centre", 10, 0.2, 0.1, 0.3, 0.1, 0.3)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([ABOVE, AROUND, BELOW], SUPPORTED),
        ([AROUND, BELOW, CHOSEN], INCONCLUSIVE),
        ([BELOW, BELOW, CHOSEN], REFUTED),
    ],
)
def test_the_claim_is_judged_by_intervals_that_hold_for_all_at_once(rows, expected):
    assert judge(gains_of(*rows), settles=True)["verdict"] == expected
    other = judge(gains_of(*rows), settles=False)
    assert (other["verdict"], other["this run's network"]) == (NOT_TESTED, expected)
    assert "k-centre" not in other["evidence"] and "smallest" in other["evidence"]


def made(**changes) -> dict:
    row = {"point": 5, "gain": 0.1, "gain_low": 0.05, "gain_high": 0.15, "holm_p": 0.01}
    others = [row | {"way": way} for way in RIVALS]
    others[0] |= {"gain": -0.1, "gain_low": -0.2, "gain_high": -0.01}
    others[1] |= {"holm_p": 0.2}
    curve = [{"way": "probe", "lesions": 10.0}, {"way": "full", "auc": 0.9, "lesions": 600.0}]
    return {
        "curve": curve, "gains": others, "ways": TITLES, "against": RIVALS, "confidence": 0.95, "enough": 0.95,
        "needed": {"probe": {"lesions": 100.0, "lesions_low": 40.0, "lesions_high": 200.0}},
        "claim": {"this run's network": INCONCLUSIVE, "evidence": "gains"},
    } | changes  # fmt: skip


def test_words_say_where_each_gains_where_it_loses_and_where_it_is_not_told():
    lines = words.said_of_gains(made()).splitlines()
    assert "label spreading" in lines[0] and "loses at 5 a class (−0.100 [−0.200, −0.010])" in lines[0]
    assert "self-training" in lines[1] and "is not told from it at 5 a class" in lines[1]
    assert "gains at 5 a class (+0.100" in lines[2] and "against labelled at random" in lines[2]


def test_words_say_how_many_are_enough():
    text = "95% of the AUC of all labels (0.900 with 600 lesions)"
    assert words.said_of_needed(made()) == (
        f"Labelled images alone: {text} takes 100 [40, 200] labelled lesions."
    )
    fewest = {"probe": {"lesions": 12.0, "lesions_low": 10.0, "lesions_high": 200.0}}
    assert words.said_of_needed(made(needed=fewest)).endswith("or fewer: 10 is the fewest that was tried.")
    never = {"probe": {"lesions": None, "lesions_low": None, "lesions_high": None}}
    assert words.said_of_needed(made(needed=never)).endswith("was not reached.")


@pytest.mark.parametrize(
    ("verdict", "begins"),
    [
        (SUPPORTED, "Unlabelled images are shown to replace labels"),
        (REFUTED, "Unlabelled images cost rather than gain"),
        (INCONCLUSIVE, "Unlabelled images are not shown to replace labels"),
    ],
)
def test_words_follow_the_verdict(verdict, begins):
    claim = {"this run's network": verdict, "evidence": "gains"}
    assert words.said_of_claim(made(claim=claim)).startswith(begins)


def test_tables_show_everyone():
    found = curves(SAME)
    shown = tables.shown_curve(curve_table(found))
    assert len(shown) == 6 * len(POINTS) + 1
    assert shown.loc[(TITLES["probe"], "5"), "SD over draws (lowest to highest)"] == "0.100 (0.600 to 0.800)"
    ways = tables.ways_table(found)
    assert ways["unlabelled images"].tolist() == ["no", "yes", "yes", "no", "no", "no"]
    assert len(tables.shown_gains(gain_table(found))) == 6
    assert tables.shown_needed(needed_table(found)).iloc[0, 0] == "35 [35, 35]"
