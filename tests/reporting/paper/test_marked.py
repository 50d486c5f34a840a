"""Numbers that remember their keys."""

from __future__ import annotations

import json

import pytest
from summaries import FULL

from bcd_utils.reporting.paper.marked import MarkedSummary, Shown, leaves, unmarked
from bcd_utils.reporting.statements.base import STATEMENTS, answer


@pytest.mark.parametrize("name", list(STATEMENTS))
def test_a_statement_of_marked_numbers_is_the_statement(name):
    sentence = STATEMENTS[name][0]
    marked = MarkedSummary(FULL)
    text = answer(sentence, marked.values)
    assert unmarked(text) == answer(sentence, FULL)
    shown = [part for part in marked.parts(text) if isinstance(part, Shown)]
    assert "".join(part.text if isinstance(part, Shown) else part for part in marked.parts(text)) == unmarked(
        text
    )
    for part in shown:
        value = FULL
        for key in part.path:
            value = value[key]
        digits = part.text.rstrip("%").lstrip("+−").replace(",", "")
        scale = 100 if part.text.endswith("%") else 1
        decimals = len(digits.partition(".")[2])
        assert float(digits) == pytest.approx(abs(value) * scale, abs=0.5 * 10**-decimals + 1e-9), part


def test_every_number_is_a_leaf_and_nothing_else_is():
    summary = {"a": 1, "b": [0.5, {"c": -2}], "d": True, "e": None, "f": "7", "g": {}}
    assert leaves(summary) == {("a",): 1, ("b", 0): 0.5, ("b", 1, "c"): -2}
    marked = MarkedSummary(summary)
    assert marked.paths == list(leaves(summary))
    assert marked.values["d"] is True and marked.values["b"][1]["c"] == -2


def test_what_is_computed_is_a_plain_number():
    marked = MarkedSummary({"right": 3, "images": 4}).values
    assert f"{marked['right'] / marked['images']:.2f}" == "0.75"
    assert json.dumps(sum(marked.values())) == "7"
