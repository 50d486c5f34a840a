"""One notation for numbers and intervals, and nobody who writes them by hand."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest

from bcd_utils.evaluation.format import as_text, interval, number, with_interval
from bcd_utils.utils.paths import NOTEBOOKS, ROOT

#: Two formatted numbers with brackets around them, or "to", a comma or a dash between them.
BY_HAND = re.compile(
    r"\[\{[^{}]*:[^{}]*f\}"
    r"|\{[^{}]*:[^{}]*f\}(,|,.| to |–)\{[^{}]*:[^{}]*f\}"
    r"|\{[^{}]*\} to \{[^{}]*:[^{}]*f\}"
    r"|NO-BREAK SPACE\}\{"
)


def sources():
    """Every module of the package but the one that may, and the code of every notebook."""
    for path in sorted((ROOT / "bcd_utils").rglob("*.py")):
        if path.name != "number_format.py":
            yield path, path.read_text(encoding="utf-8")
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield path, "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def test_no_other_module_writes_an_interval():
    found = [(path.name, match.group()) for path, text in sources() for match in BY_HAND.finditer(text)]
    assert found == []


@pytest.mark.parametrize(
    "written",
    [
        'f"{value:.3f} [{low:.3f}, {high:.3f}]"',
        'f"{value:.3f} ({low:.3f} to {high:.3f})"',
        '"{:+.3f} [{:+.2f},\\N{NO-BREAK SPACE}{:+.2f}]"',
        'f"{low:.2f}–{high:.2f}"',
    ],
)
def test_the_ways_in_which_intervals_were_written_are_found(written):
    assert BY_HAND.search(written)


@pytest.mark.parametrize("missing", [None, np.nan, float("nan"), pd.NA, "text"])
def test_what_is_not_known_is_a_dash_and_where_no_interval_is_known_words_say_so(missing):
    assert number(missing) == "–"
    assert with_interval({"value": missing, "low": 0.1, "high": 0.2}) == "–"
    assert with_interval({"value": 0.5, "low": missing, "high": 0.6}) == "0.500 (no interval)"
    assert with_interval({"value": 0.5}) == "0.500"
    assert interval(missing, 0.5) == ""


def test_minus_is_a_true_one_and_zero_has_none():
    assert number(-1234.5678) == "−1,234.568"
    assert number(-0.0001) == "0.000" and number(-0.0001, sign="+") == "+0.000"
    assert number(np.float32(-0.5)) == "−0.500" and number(7, 0) == "7"


def test_a_table_shows_intervals_counts_shares_and_p_values():
    table = pd.DataFrame(
        {"gap": [0.1, np.nan], "gap_low": [-0.1, np.nan], "gap_high": [0.3, np.nan], "n": [5, 1200],
         "share": [0.25, -0.5], "test_p": [1e-6, 0.04]}, index=["a", "b"],
    )  # fmt: skip
    shown = as_text(table, {"gap": "Gap", "n": "images", "share": "Share", "test_p": "p"})
    assert shown.loc["a"].tolist() == ["0.100 [−0.100, 0.300]", "5", "0.250", "<0.0001"]
    assert shown.loc["b"].tolist() == ["–", "1,200", "−0.500", "0.0400"]
    assert as_text(table.iloc[:0], {"gap": "Gap", "n": "images"}).columns.tolist() == ["Gap", "images"]
