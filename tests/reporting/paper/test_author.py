"""The authors' file."""

from __future__ import annotations

import json

import pytest
import yaml
from builders import make_run
from summaries import FULL

from bcd_utils.reporting.checklist import FILLED, fill_checklists
from bcd_utils.reporting.paper.author import (
    Author,
    Authored,
    author_file,
    read_author_file,
    template,
    write_template,
)
from bcd_utils.study.loading import make_study
from bcd_utils.utils.errors import StudyError

ITEMS = {"CLAIM 2024": ["1", "2"], "REFORMS": ["1a"]}
ALL = {each["name"]: [str(item["item"]) for item in each["items"]] for each in fill_checklists(FULL)}


def test_the_template_says_nothing_and_asks_for_all_that_is_open(tmp_path):
    path = tmp_path / "author.yaml"
    assert write_template(path, FULL)
    assert read_author_file(path, ALL) == Authored(
        checklists={
            name: dict.fromkeys(answers, "")
            for name, answers in yaml.safe_load(path.read_text())["checklists"].items()
        }
    )
    asked = yaml.safe_load(path.read_text())["checklists"]
    open_items = {
        each["name"]: [item["item"] for item in each["items"] if item["status"] != FILLED]
        for each in fill_checklists(FULL)
    }
    assert {name: list(items) for name, items in asked.items()} == open_items


def test_what_is_there_is_never_written_over(tmp_path):
    path = tmp_path / "author.yaml"
    path.write_text("title: Ours\n")
    assert not write_template(path, FULL) and path.read_text() == "title: Ours\n"


def test_words_are_read_as_they_are_written(tmp_path):
    path = tmp_path / "author.yaml"
    path.write_text(
        "title: 50% & more\nauthors:\n  - {name: Żołek, affiliations: [A, B], orcid: 0000-0001}\nkeywords: [yes, 010]\n"
        "funding:\nethics: >-\n  One.\n\n  Two.\nchecklists: {CLAIM 2024: {1: text, 2: no}}\n",
        encoding="utf-8",
    )
    said = read_author_file(path, ITEMS)
    assert said.title == "50% & more" and said.keywords == ("yes", "010") and said.funding == ""
    assert said.authors == (Author("Żołek", ("A", "B"), "", "0000-0001"),)
    assert said.ethics == "One.\nTwo." and said.checklists["CLAIM 2024"] == {"1": "text", "2": "no"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("titel: x", "unknown key 'titel'. To fix: did you mean 'title'"),
        ("authors: Me", "authors = 'Me' is not allowed. To fix: use a list"),
        ("authors: [{nam: x, name: y}]", "unknown key 'authors.1.nam'. To fix: did you mean 'name'"),
        ("authors: [{nmae: x}]", "unknown key 'authors.1.nmae'. To fix: did you mean 'name'"),
        ("authors: [{email: x}]", "key 'authors.1.name' is missing"),
        ("title: [x]", "title = ['x'] is not allowed. To fix: use text"),
        ("checklists: {CLAIM: {1: x}}", "unknown checklist 'CLAIM'. To fix: did you mean 'CLAIM 2024'"),
        ("checklists: {REFORMS: {9z: x}}", "checklist 'REFORMS' has no item '9z'"),
        ("- x", "says nothing"),
        ("", "says nothing"),
        ("title: a: b", "is not valid YAML: line 1"),
        ("title: x\ntitle: y", "'title' is given twice"),
    ],
)
def test_what_cannot_be_is_one_line(tmp_path, text, said):
    (tmp_path / "author.yaml").write_text(text)
    with pytest.raises(StudyError) as raised:
        read_author_file(tmp_path / "author.yaml", ITEMS)
    assert said in str(raised.value) and "author.yaml" in str(raised.value) and "\n" not in str(raised.value)


def test_it_lies_beside_the_study_where_that_is_known(tmp_path):
    run = make_run(tmp_path / "run", make_study({"name": "mine"}))
    assert author_file(run) == run.folder / "author.yaml"
    study = tmp_path / "mine.yaml"
    study.write_text("name: mine\n")
    (run.folder / "origin.json").write_text(json.dumps({"study_file": str(study)}))
    assert author_file(run) == tmp_path / "author.yaml"
    study.unlink()
    assert author_file(run) == run.folder / "author.yaml"


def test_the_template_is_yaml_whatever_the_title():
    text = template({**FULL, "title": 'A "title": with # signs\nand lines'})
    assert yaml.safe_load(text)["title"] == ""
