"""Controls to click through: what they show, and that they lead to every row and no other."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from builders import make_run
from matplotlib.figure import Figure

from bcd_utils.reporting.explorers.base import Live, Rows, View, explorer
from bcd_utils.study.loading import make_study

TABLE = pd.DataFrame({"id": list("abcd"), "label": ["benign", "normal", "benign", "normal"]})
ROWS = Rows(TABLE, {"label": "class"})


@pytest.fixture
def made(tmp_path):
    return make_run(tmp_path / "run", make_study({"name": "mine"}))


def named(row, **chosen) -> View:
    figure = Figure(figsize=(1, 1))
    figure.text(0, 0, row["id"])
    return View({"id": row["id"]} | {name: str(value) for name, value in chosen.items()}, figure)


def test_a_report_shows_the_first_row_and_choice_as_a_picture_with_its_text(made):
    still = explorer(made, named, ROWS, {"map": ["one", "two"]})
    assert isinstance(still, View) and still.facts == {"id": "a", "map": "one"}
    assert re.match(r'<img alt="id a, map one" src="data:image/png;base64,iVBOR', still._repr_html_())
    assert "<b>id:</b> a<br><b>map:</b> one" in still._repr_html_()


def test_what_is_said_is_no_markup(made):
    text = View({"<i>": '<script>"'})._repr_html_()
    assert text == "<p><b>&lt;i&gt;:</b> &lt;script&gt;&quot;</p>"


def test_an_empty_table_says_so(made):
    for run in (made, made.explored()):
        shown = explorer(run, named, Rows(TABLE.head(0), {"label": "class"}))
        assert "there is nothing" in (shown.view if isinstance(shown, Live) else shown).text


def test_one_walks_from_row_to_row_and_no_further(made):
    live = explorer(made.explored(), named, ROWS)
    seen = [live.view.facts["id"]]
    for _ in range(5):
        live.after.click()
        seen.append(live.view.facts["id"])
    assert seen == ["a", "b", "c", "d", "d", "d"]
    live.before.click()
    assert live.view.facts["id"] == "c" and "3 of 4" in live.text.value
    assert live.picture.value == live.view.png != b""


def test_rows_of_one_kind_alone_are_shown(made):
    live = explorer(made.explored(), named, ROWS)
    live.place.value = 4
    live.filters["label"].value = "normal"
    assert live.view.facts["id"] == "b" and (live.place.value, live.place.max) == (1, 2)
    live.step(1)
    assert live.view.facts["id"] == "d"
    live.filters["label"].value = "benign"
    assert live.view.facts["id"] == "a"
    live.filters["label"].value = "all"
    assert live.place.max == 4 and "1 of 4" in live.text.value


def test_a_row_is_found_by_its_id(made):
    live = explorer(made.explored(), named, ROWS)
    live.find.value = "c"
    assert live.view.facts["id"] == "c"
    live.filters["label"].value = "normal"
    live.find.value = "a"
    assert live.view.facts["id"] == "b" and "not of the kinds" in live.message.value
    live.find.value = "nothing of the sort"
    assert live.view.facts["id"] == "b"


def test_numbers_are_chosen_by_a_slider_and_texts_from_a_list(made):
    def shown(threshold, label):
        return View({"label": label, "threshold": str(threshold)})

    choices = {"threshold": [0.0, 0.25, 0.5], "label": ["x", "y"]}
    live = explorer(made.explored(), shown, choices=choices, first={"threshold": 0.25})
    assert live.view.facts == {"label": "x", "threshold": "0.25"} and live.picture.layout.display == "none"
    live.choices["threshold"].value = 0.5
    live.choices["label"].value = "y"
    assert live.view.facts == {"label": "y", "threshold": "0.5"}
    assert type(live.choices["threshold"]).__name__ == "SelectionSlider"


def test_a_button_says_something_of_the_row_and_goes_on(made):
    said = []

    def judge(row):
        said.append(row["id"])
        return f"<{row['id']}> is judged"

    live = explorer(made.explored(), named, ROWS, buttons={"same": judge})
    live.buttons["same"].click()
    assert said == ["a"] and live.view.facts["id"] == "b" and live.message.value == "&lt;a&gt; is judged"
    live.after.click()
    assert live.message.value == ""


def test_viewers_without_controls_get_the_still(made):
    data, _ = explorer(made.explored(), named, ROWS)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].startswith("<img ") and "id a" in data["text/html"]
