"""A run in JupyterLab, in a real browser: edited, saved, run and clicked through, it stays as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from lab import CHROMIUM, opened

from bcd_utils.pipeline.stages import all_stages
from bcd_utils.utils.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]
STAGES = [stage.notebook for stage in all_stages().values() if stage.protocol]


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file of a run, but for what is explored."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in files if "exploration" not in path.relative_to(folder).parts}


@pytest.fixture(scope="module")
def lab(finished, quick, tmp_path_factory):
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("lab") / "run"))
    place = {"BCD_CACHE_DIR": str(quick.cache), "PYTHONPATH": str(ROOT)}
    with opened(folder, quick.python, **place) as started:
        yield started


def failures(notebook: nbformat.NotebookNode) -> list[str]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.get("evalue", "") for output in outputs if output.output_type == "error"]


@pytest.mark.parametrize("name", STAGES)
def test_every_notebook_runs_and_leaves_the_run_as_it_is(lab, name):
    before = contents(lab.folder)
    with lab.notebook(name) as notebook:
        saved = notebook.run_all()
        assert failures(saved) == []
        first = next(cell for cell in saved.cells if cell.cell_type == "code" and "open_run(" in cell.source)
        told = first.outputs[0]["data"]["text/markdown"]
        assert "It is looked at" in told and "> Synthetic data" in told and "other code" not in told
    assert contents(lab.folder) == before


def test_edited_saved_and_clicked_through_the_run_stays_as_it_is(lab):
    before = contents(lab.folder)
    with lab.notebook("04_evaluation") as notebook:
        editor = notebook.cell("run = open_run(").locator(".cm-content")
        editor.click()
        notebook.page.keyboard.press("Control+End")
        notebook.page.keyboard.type("\nrun = run.changed('confidence=0.8')")
        saved = notebook.run_all()
        assert failures(saved) == [] and any("confidence=0.8" in cell.source for cell in saved.cells)

        area = notebook.cell("explore_threshold(run").locator(".jp-OutputArea").first
        area.scroll_into_view_if_needed()
        told = area.locator(".widget-html-content").last
        assert "at 0.5 or more" in told.inner_text() and "80%" in told.inner_text()
        area.locator(".noUi-handle").first.focus()
        notebook.page.keyboard.press("ArrowRight")
        notebook.page.wait_for_function(
            "text => text.innerText.includes('at 0.51 or more')", arg=told.element_handle()
        )

        walk = notebook.cell("explore_predictions(run").locator(".jp-OutputArea").first
        told = walk.locator(".widget-html-content").last
        assert told.inner_text().startswith("1 of 56")
        walk.locator("select").first.select_option("train")
        notebook.page.wait_for_function(
            "text => text.innerText.startsWith('1 of 42')", arg=told.element_handle()
        )
        walk.locator("button", has=notebook.page.locator(".fa-chevron-right")).click()
        notebook.page.wait_for_function(
            "text => text.innerText.startsWith('2 of 42')", arg=told.element_handle()
        )
        notebook.save()
    assert contents(lab.folder) == before
    written = {path.name for path in (lab.folder / "exploration" / "tables").iterdir()}
    assert "test_intervals.csv" in written
