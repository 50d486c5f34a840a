"""A threshold's counts, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_run
from figures import strings
from statsmodels.stats.proportion import proportion_confint

from bcd_utils.reporting.explorers.thresholds import explore_threshold
from bcd_utils.study.loading import make_study

LABELS = np.array([0, 0, 0, 1, 1])
MALIGNANT = np.array([0.1, 0.6, 0.2, 0.7, 0.4])
GIVEN = LABELS, np.column_stack([1 - MALIGNANT, MALIGNANT])
BY_SET = {"train": GIVEN, "validation": (LABELS[:0], GIVEN[1][:0]), "test": GIVEN}


@pytest.fixture
def live(tmp_path):
    run = make_run(tmp_path / "run", make_study({"name": "mine"})).explored()
    return explore_threshold(run, BY_SET, ("benign", "malignant"), "malignant")


@pytest.mark.parametrize(
    ("threshold", "found", "spared"), [(0.5, 1, 2), (0.0, 2, 0), (0.4, 2, 2), (1.0, 0, 3)]
)
def test_what_is_found_and_spared_is_counted_with_its_interval(live, threshold, found, spared):
    live.choices["threshold"].value = threshold
    facts = live.view.facts
    for name, count, of in (("sensitivity", found, 2), ("specificity", spared, 3)):
        low, high = proportion_confint(count, of, method="wilson")
        assert facts[name].startswith(f"{count / of:.3f} [{max(low, 0):.3f}, {high:.3f}]"), facts
        assert facts[name].endswith(f" {count} of {of}")
    called = found + 3 - spared
    assert facts["called malignant"].startswith(f"{called} of 5 test images")
    shown = strings(live.view.figure)
    assert [text for text in shown if text.isdigit()][-4:] == [
        str(n) for n in (found, 2 - found, 3 - spared, spared)
    ]


def test_sets_without_images_cannot_be_chosen_and_the_other_class_can(live):
    assert live.choices["set"].options == ("test", "train")
    live.choices["class"].value = "benign"
    assert live.view.facts["called benign"].startswith("3 of 5")
