"""Test sets that a publication may have had."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from bcd_utils.experiments.published_results.test_sets import Accuracies, balanced, drawn_sets, usual_sets

BUSI = {"benign": 437, "malignant": 210, "normal": 133}
LABELS = np.repeat(list(BUSI), list(BUSI.values()))


@pytest.mark.parametrize("share", [0.1, 0.15, 0.2, 0.25, 0.3])
def test_scikit_learns_cut_is_among_the_usual(share):
    _, test = train_test_split(LABELS, test_size=share, stratify=LABELS, random_state=0)
    assert tuple((test == label).sum() for label in BUSI) in usual_sets(BUSI, share)


def test_what_other_ways_leave():
    # 30% of 437, 210 and 133 is 131.1, 63 and 39.9; of 70 and 15% rounded down 305, 147, 93 and 65, 31, 19 are gone
    assert {(131, 63, 39), (132, 63, 40), (131, 63, 40)} <= set(usual_sets(BUSI, 0.3))
    assert (67, 32, 21) in usual_sets(BUSI)
    # 20% of three times 437: 262.2, and chance decides which class has one more
    assert (88, 88, 87) in usual_sets(balanced(BUSI))


def test_random_draws_hold_nearly_all_that_happens():
    rng, drawn = np.random.default_rng(0), drawn_sets(BUSI, 117)
    hits = 0
    for _ in range(500):
        test = rng.choice(LABELS, 117, replace=False)
        hits += tuple(int((test == label).sum()) for label in BUSI) in drawn
    assert 0.8 < hits / 500 < 1 and all(sum(counts) == 117 for counts in drawn)


@pytest.mark.parametrize(
    ("images", "rounding", "allowed"),
    # 251 of 263 are 0.95437; 110 of 115 are 0.95652, 111 of 116 0.95690; 149 of 156 are 0.95513, 148 of 155 0.95484
    [(263, "nearest", True), (115, "nearest", False), (156, "nearest", False), (155, "up", False)],
)
def test_sizes_that_an_accuracy_allows(images, rounding, allowed):
    assert Accuracies("95.44%").allow(images, rounding) is allowed


def test_other_networks_may_have_been_rounded_otherwise():
    # 142 of 156 are 0.910256, which is 91.03% to the nearest and 91.02% cut off
    assert Accuracies("91.67%", ("91.02%",)).allow(156, "nearest")
    assert not Accuracies("91.02%").allow(156, "nearest") and Accuracies("91.02%").allow(156, "down")
    assert Accuracies("91.67%", ("91.02%",)).sizes(200) == [156]
