"""The paper's claim on modalities, judged by what is crossed."""

from __future__ import annotations

import pytest

from bcd_utils.evaluation.verdicts import INCONCLUSIVE, NOT_TESTED, REFUTED, SUPPORTED
from bcd_utils.experiments.modalities.record import judge


def modalities(low, synthetic=False, other="breast histopathology"):
    """A record of two data sets, each learned from and tested on; what is crossed has intervals from ``low``."""
    sources = {
        "here": {"title": "Here", "modality": "breast ultrasound", "synthetic": False},
        "there": {"title": "There", "modality": other, "synthetic": synthetic},
    }
    ends = [("here", "here", 0.9), ("here", "there", low[0]), ("there", "here", low[1])]
    pairs = [
        {"trained_on": one, "tested_on": two, "auc": least + 0.1, "auc_low": least, "auc_high": least + 0.2}
        for one, two, least in ends
    ]
    return {"sources": sources, "transfer": {"classes": ["benign", "malignant"], "pairs": pairs}}


@pytest.mark.parametrize(
    ("record", "expected", "of_network"),
    [
        (modalities((0.51, 0.6)), SUPPORTED, SUPPORTED),
        (modalities((0.51, 0.49)), INCONCLUSIVE, INCONCLUSIVE),
        (modalities((0.51, 0.29)), REFUTED, REFUTED),
        (modalities((0.51, 0.6), other="mammography", synthetic=True), NOT_TESTED, SUPPORTED),
        (modalities((0.51, 0.6), other="synthetic breast ultrasound"), NOT_TESTED, NOT_TESTED),
    ],
    ids=["all above chance", "one on both sides", "one below", "drawn images", "one kind alone"],
)
def test_generalising_takes_every_crossing_of_two_kinds(record, expected, of_network):
    claim = judge(record, papers=True)
    assert (claim["verdict"], claim["this run's network"]) == (expected, of_network)
    if of_network != NOT_TESTED:
        assert "0.610 [0.510, 0.710] (Here to There)" in claim["evidence"]


def test_of_another_network_the_claim_is_not_tested_and_yet_it_is_said_what_was_found():
    claim = judge(modalities((0.51, 0.6)), papers=False)
    assert (claim["verdict"], claim["this run's network"]) == (NOT_TESTED, SUPPORTED)
