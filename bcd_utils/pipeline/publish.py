"""The end of a run: its summary, and the pages made of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bcd_utils.reporting.summary import summarise_run
from bcd_utils.study.provenance import installed_packages
from bcd_utils.study.run import Run
from bcd_utils.study.stage import Stage
from bcd_utils.utils.files import last_written, write_json, write_text

CHECKLIST = {"title": "Checklists", "file": "checklist.html"}
MODEL_CARD = {"title": "Model card", "file": "model_card.html"}
#: Line of a page's foot -> key of the provenance.
FOOTER = {"Seed": "seed", "Commit": "commit", "Data SHA-256": "data_sha256", "Device": "device"}


def publish(run: Run, declared: Mapping[str, Stage]) -> Path:
    """Write ``summary.json``, ``environment.txt`` and the pages, ``index.html`` among them.

    The environment is what was installed when the last stage was made, not what is when nothing is made anew.

    Parameters
    ----------
    run : Run
        All stages of its study are done.
    declared : mapping of notebook to Stage
        All stages there are.

    Returns
    -------
    Path
        The index page.
    """
    summary = summarise_run(run, declared)
    write_json(run.folder / "summary.json", summary)
    installed = run.folder / "environment.txt"
    if not installed.exists() or installed.stat().st_mtime < last_written(run.folder, "markers/*.json"):
        write_text(installed, installed_packages())
    draw_flow(run, summary)
    return write_pages(run, summary, declared)


def write_pages(run: Run, summary: dict[str, Any], declared: Mapping[str, Stage]) -> Path:
    """Write the pages of a run from its summary, its notebooks and its figures; returns ``index.html``."""
    from bcd_utils.reporting.checklist import write_checklists
    from bcd_utils.reporting.html import render_notebook
    from bcd_utils.reporting.index import render_index
    from bcd_utils.reporting.model_card import write_model_card

    executed = [run.folder / "notebooks" / f"{stage}.ipynb" for stage in run.study.notebooks]
    of_notebooks = [{"title": title_of(path), "file": f"{path.stem}.html"} for path in executed]
    pages = [*of_notebooks, CHECKLIST, MODEL_CARD]

    def context(page: dict[str, str]) -> dict[str, Any]:
        return page_context(summary, run.folder.name, pages, page["file"])

    for path, page in zip(executed, of_notebooks, strict=True):
        render_notebook(path, run.folder / page["file"], context(page))
    write_checklists(run.folder, summary, context(CHECKLIST))
    write_model_card(run.folder, summary, context(MODEL_CARD))
    return render_index(run.folder, summary, pages, declared)


def draw_flow(run: Run, summary: dict[str, Any]) -> None:
    """Draw what became of the images as ``figures/flow.png``, once they are split."""
    from bcd_utils.reporting.plots.diagrams import image_flow

    dataset, sets, audit = summary["dataset"], summary["split_by_class"], summary.get("audit") or {}
    if dataset and sets:
        reasons = Counter(image["status"] for image in dataset["set_aside_images"])
        copies = (audit["groups"], audit["images_in_groups"]) if audit else None
        run.save_figure(
            image_flow(dataset["classes"], reasons, sets, copies, audit.get("kept_together") == "patients"),
            "flow",
        )


def title_of(notebook: Path) -> str:
    """A notebook's first heading."""
    first = json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"]
    return "".join(first).splitlines()[0].lstrip("# ")


def page_context(
    summary: dict[str, Any], run_name: str, pages: list[dict[str, str]], current: str
) -> dict[str, Any]:
    """What a page's head and foot show."""
    provenance = summary["provenance"]
    versions = ", ".join(f"{name} {version}" for name, version in provenance["versions"].items())
    overview = {"title": "Overview", "file": "index.html"}
    return {
        "title": next(page["title"] for page in pages if page["file"] == current),
        "study": summary["title"],
        "run": run_name,
        "announcements": summary["announcements"],
        "pages": [page | {"current": page["file"] == current} for page in (overview, *pages)],
        "footer": {title: provenance[name] for title, name in FOOTER.items()} | {"Versions": versions},
    }
