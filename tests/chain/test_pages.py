"""The pages of a finished run, and of runs compared: sound HTML, usable by everybody, and without any request."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lab import CHROMIUM
from pages import JAVA, faults, invalid

from bcd_utils.reporting.runs_compared import compare, write_page
from bcd_utils.study.run import Run

pytestmark = [pytest.mark.slow, pytest.mark.browser]


@pytest.fixture(scope="module")
def pages(finished, tmp_path_factory) -> list[Path]:
    compared = tmp_path_factory.mktemp("compared") / "compared.html"
    other = shutil.copytree(finished, compared.with_name("other"))
    write_page(compare([Run.open(finished), Run.open(other)]), compared)
    return [*sorted(finished.glob("*.html")), compared]


@pytest.mark.skipif(JAVA is None, reason="Java is not installed")
def test_a_checker_of_html_finds_no_error(pages):
    assert len(pages) == 9 and invalid(pages) == []


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_everybody_can_use_them_and_they_ask_for_nothing(pages):
    assert faults(pages) == []


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_click_enlarges_a_picture_and_another_takes_it_back(finished):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800}, java_script_enabled=False)
        page.goto((finished / "04_evaluation.html").as_uri())
        picture = page.locator("#figure-confusion_matrices img")
        small = picture.bounding_box()["width"]
        picture.click()
        assert small <= 390 < picture.bounding_box()["width"]
        page.locator("#figure-confusion_matrices .back").click()
        assert picture.bounding_box()["width"] == small
