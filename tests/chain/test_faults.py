"""A short draw of the campaign that ``make faults`` runs: whatever befalls a run, it ends the same or says why.

Kills are in ``test_chain``: one in every stage.
"""

from __future__ import annotations

import random

import pytest
from faults import Campaign

pytestmark = pytest.mark.slow


@pytest.fixture
def tried(quick, finished, tmp_path):
    return Campaign(quick, tmp_path, finished, 12.0, random.Random(0))


@pytest.mark.parametrize(("kind", "number"), [("settings", 100), ("places", 1), ("corruptions", 1)])
def test_what_befalls_a_run_leaves_its_results_or_a_message(tried, kind, number):
    getattr(tried, kind)(number)
    assert tried.failures == []
    assert sum(tried.ends.values()) >= number
