"""Executed notebooks through nbconvert's own command line: tables as tables, the banner, no code, no paths."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from lab import CHROMIUM
from nbconvert import LatexExporter

from bcd_utils.reporting.exported import UNKNOWN
from bcd_utils.utils.paths import TEMPLATES

pytestmark = pytest.mark.slow
BANNER = "Not for clinical use"
CODE = ("open_run(", "import pandas", "run.save_")


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder where Jupyter finds the template as it stands in the sources."""
    folder = tmp_path_factory.mktemp("jupyter")
    (folder / "nbconvert" / "templates").mkdir(parents=True)
    (folder / "nbconvert" / "templates" / "bcd").symlink_to(TEMPLATES / "bcd")
    return folder


@pytest.fixture(scope="module")
def converted(finished, place, tmp_path_factory):
    """Converts all notebooks of the finished run, once a format, and gives the folder of the results."""
    folders: dict[str, Path] = {}

    def convert(kind: str, *options: str) -> Path:
        if kind not in folders:
            folders[kind] = tmp_path_factory.mktemp(kind)
            words = ["--to", kind, "--template", "bcd", "--output-dir", folders[kind], *options]
            notebooks = sorted((finished / "notebooks").glob("*.ipynb"))
            command = [sys.executable, "-m", "nbconvert", *words, *notebooks]
            environment = os.environ | {"JUPYTER_PATH": str(place)}
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
            assert done.returncode == 0, done.stderr
        return folders[kind]

    return convert


def outputs_of(path: Path) -> list[nbformat.NotebookNode]:
    notebook = nbformat.read(path, as_version=4)
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def tables_of(path: Path) -> int:
    return sum("<table" in output.get("data", {}).get("text/html", "") for output in outputs_of(path))


def pictures_of(path: Path) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs_of(path))


def without_pandoc() -> LatexExporter:
    """Writes LaTeX, but leaves prose as it is."""
    filters = ("convert_pandoc", "resolve_references", "convert_explicitly_relative_paths")
    as_it_is = dict.fromkeys(filters, lambda text, *_, **__: text)
    return LatexExporter(template_name="bcd", extra_template_basedirs=[str(TEMPLATES)], filters=as_it_is)


def held(text: str, run: Path) -> None:
    """What holds in every format."""
    words = " ".join(text.replace("\n>", "\n").split())
    assert BANNER in words
    for announcement in json.loads((run / "summary.json").read_text())["announcements"]:
        assert announcement in words
    for absent in (*CODE, str(run), str(Path.home()) + os.sep, "text/plain", "IPython.core", "View(facts"):
        assert absent not in text, absent


def test_html(converted, finished):
    for notebook in sorted((finished / "notebooks").glob("*.ipynb")):
        text = (converted("html") / f"{notebook.stem}.html").read_text()
        page = BeautifulSoup(text, "html.parser")
        held(page.get_text(), finished)
        assert len(page.find_all("table")) == tables_of(notebook)
        assert len(page.find_all("img")) == pictures_of(notebook)
        assert all(
            image["src"].startswith("data:") and image["alt"].count(" ") > 3 for image in page.find_all("img")
        )
        assert not page.find_all(["script", "link", "iframe"]) and "cdnjs" not in text
        assert page.find("details") is None, "code is left out"


def test_markdown(converted, finished):
    for notebook in sorted((finished / "notebooks").glob("*.ipynb")):
        text = (converted("markdown") / f"{notebook.stem}.md").read_text()
        held(text, finished)
        assert len(re.findall(r"^\| ---", text, re.MULTILINE)) == tables_of(notebook)
        pictures = re.findall(r"^!\[(.+)\]\((.+)\)$", text, re.MULTILINE)
        assert len(pictures) == pictures_of(notebook) and "<table" not in text
        assert all(alt.count(" ") > 3 and (converted("markdown") / file).is_file() for alt, file in pictures)


def test_latex_but_for_what_pandoc_makes_of_the_prose(finished, tmp_path):
    notebook = finished / "notebooks" / "04_evaluation.ipynb"
    text, resources = without_pandoc().from_filename(str(notebook))
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == tables_of(notebook)
    assert text.count(r"\includegraphics[max") == pictures_of(notebook) == len(resources["outputs"])
    held(text, finished)


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("pandoc") is None, reason="pandoc is not installed")
@pytest.mark.parametrize("engine", ["pdflatex", "xelatex"])
def test_the_latex_compiles(converted, finished, engine):
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} is not installed")
    for notebook in sorted((finished / "notebooks").glob("*.ipynb")):
        folder = converted("latex")
        command = [engine, "-interaction=nonstopmode", "-halt-on-error", f"{notebook.stem}.tex"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", cwd=folder)
        assert done.returncode == 0, done.stdout[-2000:]
        assert "Missing character" not in done.stdout
        text = (folder / f"{notebook.stem}.tex").read_text()
        assert text.count(r"\begin{longtable}") == tables_of(notebook)
        held(text, finished)


@pytest.mark.tex
@pytest.mark.skipif(
    None in map(shutil.which, ("pandoc", "xelatex")), reason="pandoc and xelatex are not installed"
)
def test_pdf(converted, finished):
    assert len(list(converted("pdf").glob("*.pdf"))) == len(list((finished / "notebooks").glob("*.ipynb")))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_webpdf_with_the_systems_chromium(converted, finished, tmp_path, monkeypatch):
    folders = subprocess.run(
        [sys.executable, "-m", "playwright", "install", "--dry-run", "chromium"],
        capture_output=True, text=True, env=os.environ | {"PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)},
    ).stdout  # fmt: skip
    for folder in map(Path, re.findall(r"Install location: +(\S+chromium\S+)", folders)):
        names = ("chrome-linux64/chrome", "chrome-headless-shell-linux64/chrome-headless-shell")
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(CHROMIUM)
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    for pdf in (made := sorted(converted("webpdf", "--disable-chromium-sandbox").glob("*.pdf"))):
        assert pdf.read_bytes().startswith(b"%PDF") and pdf.stat().st_size > 20_000
    assert len(made) == len(list((finished / "notebooks").glob("*.ipynb")))


def test_a_notebook_without_its_run_says_that_its_limits_are_not_known(finished, tmp_path):
    notebook = nbformat.read(finished / "notebooks" / "01_data_exploration.ipynb", as_version=4)
    notebook.cells = [
        cell for cell in notebook.cells if "injected-parameters" not in cell.metadata.get("tags", [])
    ]
    nbformat.write(notebook, tmp_path / "alone.ipynb")
    assert UNKNOWN in without_pandoc().from_filename(str(tmp_path / "alone.ipynb"))[0]
