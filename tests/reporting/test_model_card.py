"""The model card: what it knows, what it leaves to the author, and that both forms say the same."""

from __future__ import annotations

import pytest
import yaml
from bs4 import BeautifulSoup
from summaries import FULL

from bcd_utils.reporting.model_card import class_scores, model_card, write_model_card
from bcd_utils.reporting.statements import STATEMENTS
from bcd_utils.utils.paths import TEMPLATES

PAGE = {
    "title": "Model card",
    "study": "Mine & yours",
    "run": "mine",
    "announcements": ["Untrained weights"],
    "pages": [],
}
SECTIONS = ["Model details", "Intended use", "Factors", "Metrics", "Training data", "Evaluation data",
            "Quantitative analyses", "Ethical considerations", "Caveats and recommendations"]  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    write_model_card(folder, FULL, PAGE)
    return folder


def entries(summary) -> dict[str, dict]:
    return {
        entry["asked"]: entry for section in model_card(summary)["sections"] for entry in section["entries"]
    }


def test_it_has_the_sections_of_mitchell_et_al():
    card = model_card(FULL)
    assert [section["section"] for section in card["sections"]] == SECTIONS
    assert "Mitchell et al. 2019" in card["source"]


def test_it_names_only_facts_that_there_are():
    card = yaml.safe_load((TEMPLATES / "model_card.yaml").read_text(encoding="utf-8"))
    named = {
        name
        for section in card["sections"]
        for entry in section["entries"]
        for name in entry.get("answer", ())
    }
    assert named <= set(STATEMENTS)


def test_it_is_for_research_and_not_for_clinical_use():
    assert "Not for clinical use" in entries({})["Uses in mind, and uses that are not"]["answer"]


def test_what_needs_a_person_is_left():
    answers = entries(FULL)
    for asked in (
        "Who developed it, and whom to ask",
        "Users in mind",
        "Consent, privacy, fairness and harm",
    ):
        assert answers[asked]["answer"] == "" and answers[asked]["status"] == "for the author"


def test_scores_of_each_class_stand_with_their_intervals():
    benign, malignant = class_scores(FULL)
    assert benign == {
        "Class": "benign",
        "Test images": "1",
        "Sensitivity": "0.750 [0.500, 0.900]",
        "Specificity": "–",
        "ROC AUC": "0.500 [0.250, 0.750]",
    }
    assert malignant["Sensitivity"] == "–"
    assert class_scores(FULL | {"intervals": None}) == class_scores({}) == []


def test_page_and_text_say_the_same(written):
    soup = BeautifulSoup((written / "model_card.html").read_text(encoding="utf-8"), "html.parser")
    page, text = soup.get_text(), (written / "model_card.md").read_text(encoding="utf-8")
    for entry in entries(FULL).values():
        assert (
            entry["asked"] in page
            and f"- **{entry['asked']}**: {entry['answer'] or '*For the author*'}" in text
        )
        assert entry["answer"] in page
    for said in ("Untrained weights", "Not for clinical use", "0.750 [0.500, 0.900]"):
        assert said in page and said in text


def test_the_text_is_sound_markdown(written):
    text = (written / "model_card.md").read_text(encoding="utf-8")
    assert text.startswith("# Model card: Mine & yours\n")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == SECTIONS
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 2 and {line.count("|") for line in table} == {6}


def test_a_run_that_has_done_nothing_still_has_a_card(tmp_path):
    write_model_card(tmp_path, {}, PAGE)
    page = BeautifulSoup((tmp_path / "model_card.html").read_text(encoding="utf-8"), "html.parser")
    assert len(page.select(".todo")) == len(entries({})) - 1
