"""Tables as TeX."""

from __future__ import annotations

import re

import pytest
from tex_reading import read_table

from bcd_utils.reporting.paper.tables import LONGEST_TABLE, Table, as_tex


def read(table: Table, folder) -> tuple[str, list[list[str]]]:
    text = as_tex(table)
    (folder / "table.tex").write_text(text)
    return text, read_table(folder / "table.tex")


@pytest.mark.parametrize("rows", [3, LONGEST_TABLE + 1])
def test_cells_are_read_back_whatever_they_hold(tmp_path, rows):
    cells = [("[0.1, 0.2]", "50% & more"), ("a_b", "−0.250 [−0.300, −0.200]"), ("*", "κ {x} \\ ~^")]
    table = Table("odd", "Odd cells.", ("First", "Second"), (cells * rows)[:rows])
    text, found = read(table, tmp_path)
    assert found == [list(row) for row in table.rows]
    assert ("longtable" in text) == (rows > LONGEST_TABLE)
    assert not re.search(r"\\\\\n[\[*]", text), "TeX would take these for an argument of the line's end"


def test_a_name_stands_once_and_groups_are_apart(tmp_path):
    rows = [("train", "a", "0.500"), ("train", "b", "0.250"), ("test", "a", "1.000")]
    text, found = read(Table("t", "T.", ("Set", "Score", "Value"), rows), tmp_path)
    assert found == [list(row) for row in rows]
    assert text.count("train") == 1 and text.count(r"\addlinespace") == 1


def test_numbers_stand_right_and_wide_tables_are_set_smaller():
    narrow = as_tex(Table("t", "T.", ("Class", "N"), [("a", "1,200"), ("b", "–")]))
    assert r"{@{}lr@{}}" in narrow and r"\normalsize" in narrow
    scores = tuple(["0.744 [0.658, 0.814]"] * 5)
    wide = as_tex(Table("t", "T.", ("Class", *"ABCDE"), [("benign", *scores)]))
    assert r"{@{}lrrrrr@{}}" in wide and re.search(r"\\(footnotesize|scriptsize)", wide)
    assert r"max width=\linewidth" in wide


def test_long_texts_break_their_lines():
    text = as_tex(Table("t", "T.", ("Claim", "Verdict"), [("a claim of many words " * 3, "refuted")]))
    assert r"\begin{tabularx}{\linewidth}" in text and "X" in text


def test_a_table_without_rows_is_a_heading():
    assert r"\midrule" + "\n" + r"\bottomrule" in as_tex(Table("t", "T.", ("A", "B"), []))
