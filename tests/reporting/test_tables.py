"""Tables as people read them: what they hold is the same in each format, and each format is sound."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from bcd_utils.reporting.tables import (
    MOST_ROWS,
    NUMBER,
    as_html,
    as_latex,
    as_markdown,
    cells,
    grid,
    heading,
    show_tables,
)

INDEX = pd.MultiIndex.from_tuples(
    [("train", "benign"), ("train", "normal"), ("test", "benign")], names=["set", "class"]
)


@pytest.fixture
def table() -> pd.DataFrame:
    columns = {
        "f1_macro": [0.135, 1.0, np.nan],
        "images": [437, 133, 5],
        "note": ["a | b", "50 % & <more>", ""],
    }
    made = pd.DataFrame(columns, index=INDEX)
    made.attrs["caption"] = "Scores of each set"
    return made


#: Headings and rows of `table`, as a person would write them; a heading that stands for two rows is written once.
HEADINGS = ["set", "class", "macro F1", "images", "note"]
ROWS = [
    ["training", "benign", "0.135", "437", "a | b"],
    ["", "normal", "1.000", "133", "50 % & <more>"],
    ["internal test", "benign", "", "5", ""],
]


def test_html_says_what_each_heading_heads(table):
    page = BeautifulSoup(as_html(table), "html.parser")
    assert page.caption.string == "Scores of each set"
    assert [(cell.get_text(), cell["scope"]) for cell in page.thead.find_all("th")] == [
        (name, "col") for name in HEADINGS
    ]
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in page.tbody.find_all("tr")]
    assert rows == [ROWS[0], ROWS[1][1:], ROWS[2]]
    assert {cell["scope"] for cell in page.tbody.find_all("th")} == {"row"}
    assert [cell.get("rowspan") for cell in page.tbody.find_all("th")] == ["2", None, None, None, None]
    numbers = [cell.get_text() for cell in page.find_all(class_="number")]
    assert numbers == ["macro F1", "images", "0.135", "437", "1.000", "133", "", "5"]


def test_html_is_in_balance(table):
    open_tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            open_tags.append(tag)

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

    Tags().feed(as_html(table))
    assert open_tags == []


def test_markdown_has_pipes_and_the_same_cells(table):
    caption, empty, *lines = as_markdown(table).splitlines()
    assert (caption, empty) == ("*Scores of each set*", "")
    assert lines[1] == "| --- | --- | ---: | ---: | --- |"
    read = [
        [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines
    ]
    assert [read[0], *read[2:]] == [HEADINGS, *ROWS]


def test_latex_has_the_same_cells_and_escapes_them(table):
    text = as_latex(table)
    assert text.startswith(r"\begin{longtable}{@{}llrrl@{}}") and text.endswith(r"\end{longtable}")
    assert r"\caption{Scores of each set}\\" in text
    rows = [line.removesuffix(r" \\").split(" & ") for line in text.splitlines() if " & " in line]
    assert rows[0] == HEADINGS and rows[1] == [*ROWS[0][:-1], r"a \textbar{} b"]
    assert rows[2][-1] == r"50 \% \& \textless{}more\textgreater{}" and len(rows) == 4
    assert [text.count(rf"\{rule}") for rule in ("toprule", "midrule", "bottomrule")] == [1, 1, 1]


def test_a_latex_table_that_is_wider_than_the_page_breaks_its_texts_and_no_number():
    wide = pd.DataFrame(
        {"what": ["one thing " * 20, "short"], "more": ["another thing " * 12, "s"], "score": [0.5, 0.25]}
    )
    columns = re.match(r"\\begin\{longtable\}\{@\{\}(.*)@\{\}\}", as_latex(wide))[1]
    shares = [float(share) for share in re.findall(r"p\{([\d.]+)\\linewidth\}", columns)]
    assert len(shares) == 2 and sum(shares) < 1 and columns.endswith("r")


def test_what_stands_alone_in_a_row_takes_it_and_a_number_stays_in_its_column():
    text = as_html(
        pd.DataFrame({"this run": ["no image has a mask"], "low": [""], "high": [""]}, index=["why"])
    )
    assert '<td colspan="3">no image has a mask</td>' in text
    assert "colspan" not in as_html(pd.DataFrame({"this run": [1.0], "low": [np.nan]}, index=["train"]))


def test_an_index_that_only_counts_is_left_out():
    aside = pd.DataFrame({"id": ["a", "b"]}, index=[621, 529])
    assert grid(aside).headings == ["id"] and grid(aside).rows == [["a"], ["b"]]
    assert grid(aside.rename_axis("epoch")).headings == ["epoch", "id"]


def test_a_column_of_levels_has_one_heading():
    levels = pd.MultiIndex.from_tuples([("mean_grey", "mean"), ("mean_grey", "std")])
    assert grid(pd.DataFrame([[1.5, 2.5]], columns=levels)).headings == ["mean grey, mean", "mean grey, std"]


def test_a_long_table_shows_its_ends():
    rows = grid(pd.DataFrame({"number": range(1000)})).rows
    assert len(rows) == MOST_ROWS + 1 and [rows[0], rows[MOST_ROWS // 2], rows[-1]] == [["0"], ["…"], ["999"]]


def test_nothing_is_a_table_too():
    for write in (as_html, as_markdown, as_latex):
        assert "a" in write(pd.DataFrame({"a": []}))


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([0.135, 1.0, 0.9722], ["0.135", "1.000", "0.972"]),
        ([-0.0856, 0.0], ["−0.086", "0.000"]),
        ([18.0, np.nan, 3.0], ["18", "", "3"]),
        ([86.275, 21.179], ["86.3", "21.2"]),
        ([437, 3413024], ["437", "3,413,024"]),
        ([1, "none", 0.5], ["1", "none", "0.500"]),
        ([True, False], ["yes", "no"]),
        ([np.float32(0.25), np.int64(3)], ["0.250", "3"]),
        ([None, pd.NA, pd.NaT, ""], ["", "", "", ""]),
        ([np.inf, 0.5], ["inf", "0.500"]),
        ([np.inf, "Adam", [1, 2]], ["inf", "Adam", "[1,\N{NO-BREAK SPACE}2]"]),
        (["0.735 [0.703, 0.769]"], ["0.735 [0.703,\N{NO-BREAK SPACE}0.769]"]),
    ],
)
def test_numbers_of_a_column_are_written_alike(values, written):
    assert cells(values) == written


def test_headings_are_words_and_names_of_other_things_stay():
    assert (
        heading("roc_auc_weighted") == "weighted ROC AUC"
        and heading("roc_auc_ductal_carcinoma") == "ROC AUC, ductal carcinoma"
    )
    assert [heading(name) for name in ("BUS-BRA", "Grad-CAM, shuffled head", "x_low")] == [
        "BUS-BRA",
        "Grad-CAM, shuffled head",
        "x low",
    ]


@pytest.mark.parametrize("text", ["1", "-0.5", "−0.5", "1,234", "93.2 %", "1e-05", "nan", "–", " "])
def test_a_number(text):
    assert NUMBER.fullmatch(text)


@pytest.mark.parametrize("text", ["round", "01_data", "0.1 to 0.2", "3 images"])
def test_no_number(text):
    assert not NUMBER.fullmatch(text)


def test_a_notebook_carries_its_tables_in_each_format(table):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    show_tables(shell)
    data, _ = shell.display_formatter.format(table)
    assert data["text/html"] == as_html(table) and data["text/latex"] == as_latex(table)
    assert data["text/markdown"] == as_markdown(table) and "0.135" in data["text/plain"]
