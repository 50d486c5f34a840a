"""The checklists: complete lists, honest answers, and what is left to the author."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from summaries import FULL

from bcd_utils.reporting.checklist import (
    COLUMNS,
    FILLED,
    FOR_AUTHOR,
    PARTLY,
    as_table,
    fill_checklists,
    fill_in,
    load_checklists,
    write_checklists,
)
from bcd_utils.reporting.statements import STATEMENTS

PAGE = {
    "title": "Checklists",
    "study": "Mine",
    "run": "mine",
    "announcements": ["Synthetic <data>"],
    "pages": [],
}
#: Items of each module of REFORMS (Kapoor et al. 2024, table 1).
REFORMS = {
    "1": "abc",
    "2": "abcde",
    "3": "abcdefg",
    "4": "abc",
    "5": "abcdef",
    "6": "abc",
    "7": "abc",
    "8": "ab",
}

#: STARD-AI: 40 items, five of which have parts (Sounderajah et al. 2025, table 2).
STARD = {15: "abcd", 16: "abc", 17: "ab", 26: "ab", 40: "ab"}
#: TRIPOD+AI: 27 items, twelve of which have parts (Collins et al. 2024, table 1).
TRIPOD = {
    3: "abc", 5: "ab", 6: "abc", 8: "abc", 9: "abc", 12: "abcdefg", 18: "abcdef", 20: "abc", 23: "ab", 27: "abc",
}  # fmt: skip

claim, reforms, stard, tripod = load_checklists()
every_item = pytest.mark.parametrize(
    "item",
    [item for checklist in load_checklists() for item in checklist["items"]],
    ids=lambda item: f"{item['section']} {item['item']}",
)


def test_claim_has_its_44_items_and_reforms_its_32_in_order():
    assert [item["item"] for item in claim["items"]] == [str(number) for number in range(1, 45)]
    numbers = [module + letter for module, letters in REFORMS.items() for letter in letters]
    assert [item["item"] for item in reforms["items"]] == numbers and len(numbers) == 32
    assert len({item["section"] for item in reforms["items"]}) == 8


@pytest.mark.parametrize(
    ("checklist", "items", "parts", "rows"), [(stard, 40, STARD, 48), (tripod, 27, TRIPOD, 52)]
)
def test_stard_ai_has_its_48_items_and_tripod_ai_its_52_in_order(checklist, items, parts, rows):
    numbers = [f"{number}{part}" for number in range(1, items + 1) for part in parts.get(number, [""])]
    assert [item["item"] for item in checklist["items"]] == numbers and len(numbers) == rows


@every_item
def test_an_item_is_well_formed(item):
    assert set(item) <= {"item", "section", "asked", "answer", "left"}
    assert item["section"] and item["asked"]
    assert set(item.get("answer", ())) <= set(STATEMENTS), "an unknown fact"
    assert "answer" in item or "left" not in item, "an item without an answer is the author's as a whole"


def test_each_checklist_cites_its_source():
    assert "e240300" in claim["source"] and "eadk3452" in reforms["source"]
    assert "s41591-025-03953-8" in stard["source"] and "bmj-2023-078378" in tripod["source"]


def test_an_item_is_filled_partly_filled_or_left():
    known, missing = FULL, FULL | {"split_by_class": None}
    two = {"answer": ["code", "set_sizes"]}
    assert fill_in(two, known)["status"] == FILLED
    assert fill_in(two, missing)["status"] == PARTLY
    assert fill_in({"answer": ["set_sizes"]}, missing)["status"] == FOR_AUTHOR
    assert fill_in({"answer": ["code"], "left": "a link"}, known)["status"] == PARTLY
    assert fill_in({}, known) == {"status": FOR_AUTHOR, "answer": "", "source": "", "left": ""}
    assert fill_in(two, known)["source"] == "summary.json; artifacts/splits.csv"


def test_what_needs_a_person_is_never_filled():
    statuses = {item["item"]: item["status"] for item in fill_checklists(FULL)[0]["items"]}
    for item in ("2", "3", "4", "5", "11", "13", "15", "16", "17", "18", "34", "44"):
        assert statuses[item] == FOR_AUTHOR, item
    assert statuses["23"] == statuses["37"] == FILLED
    assert statuses["7"] == PARTLY


def test_a_run_that_has_done_nothing_fills_almost_nothing():
    table = as_table(fill_checklists({}))
    filled = table[table["status"] != FOR_AUTHOR]
    assert filled[["checklist", "item"]].to_numpy().tolist() == [
        ["CLAIM 2024", "41"],
        ["REFORMS", "2d"],
        ["STARD-AI 2025", "3"],
        ["STARD-AI 2025", "34"],
        ["TRIPOD+AI 2024", "3b"],
    ]
    assert (table.loc[table["status"] == FOR_AUTHOR, ["answer", "source"]] == "").all(axis=None)


def test_the_numbers_of_each_status_add_up():
    for checklist in fill_checklists(FULL):
        assert sum(checklist["statuses"].values()) == len(checklist["items"])
        assert list(checklist["statuses"]) == [FILLED, PARTLY, FOR_AUTHOR]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_checklists(folder, FULL, PAGE)
    return folder


def test_the_table_has_a_row_an_item(written):
    table = pd.read_csv(written / "checklist.csv", dtype=str, keep_default_na=False)
    assert tuple(table.columns) == COLUMNS
    assert table["checklist"].value_counts().to_dict() == {
        "CLAIM 2024": 44,
        "REFORMS": 32,
        "STARD-AI 2025": 48,
        "TRIPOD+AI 2024": 52,
    }
    sources = table[(table["checklist"] == "CLAIM 2024") & (table["item"] == "7")].iloc[0]
    assert sources["answer"].startswith("BUSI: Someone 2020. Licence: CC0.")
    assert sources["answer"].endswith("For the author: where and when the images were taken.")
    assert set(table["status"]) == {FILLED, PARTLY, FOR_AUTHOR}


def test_the_page_shows_every_item_and_who_is_to_answer(written):
    html = (written / "checklist.html").read_text(encoding="utf-8")
    soup = BeautifulSoup(html, "html.parser")
    assert "Synthetic <data>" in soup.select_one("aside.banner").get_text()
    rows = [row.find_all("td") for row in soup.select("table.checklist tr") if row.find("td")]
    listed = [item["item"] for checklist in load_checklists() for item in checklist["items"]]
    assert [row[0].get_text() for row in rows] == listed
    open_items = [row for row in rows if row[2].select_one(".todo")]
    table = as_table(fill_checklists(FULL))
    left = table["status"].isin([PARTLY, FOR_AUTHOR])
    assert len(open_items) == left.sum()
    unanswered = [
        row for row in open_items if "Not answered by the program: for the authors" in row[2].get_text()
    ]
    assert len(unanswered) == (table["status"] == FOR_AUTHOR).sum()
    assert not soup.find_all("script") and not re.search(r'(src|href)="http', html)
    headings = [row.get_text() for row in soup.select("table.checklist th[scope=rowgroup]")]
    assert "Data leakage" in headings and "Methods: tests" in headings
    anchors = [link["href"].removeprefix("#") for link in soup.select("main a[href^='#checklist']")]
    assert [soup.find(id=name).h2.get_text() for name in anchors] == [
        each["name"] for each in load_checklists()
    ]
