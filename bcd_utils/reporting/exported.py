"""What nbconvert's template of this project, ``bcd``, must know of a notebook before it writes it in a format."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode

from bcd_utils.utils.files import read_json
from bcd_utils.utils.progress import PROGRESS

UNKNOWN = (
    "The summary of this notebook's run is not beside it: whether its images are synthetic, its weights untrained or "
    "its results otherwise limited, the run's own pages say."
)


class RunPage(Preprocessor):
    """Leaves progress out, and puts what stands above the notebook's text into ``resources["page"]``.

    ``title``, ``study``, ``run``: str. ``announcements``: list of str, as on the run's own pages. ``headed``: whether
    the notebook begins with its title.
    """

    def preprocess(
        self, notebook: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Called by nbconvert; a page that is given is completed."""
        for cell in notebook.cells:
            if "outputs" in cell:
                cell.outputs = [each for each in cell.outputs if not each.get("metadata", {}).get(PROGRESS)]
        for place, metadata in enumerate(metadata_of_pictures(notebook)):
            metadata.setdefault("name", f"picture-{place + 1}")
        first = notebook.cells[0].source.splitlines() if notebook.cells else []
        headed = bool(first) and first[0].startswith("# ")
        given = resources.get("page") or said_above(Path(resources["metadata"].get("path") or "."), notebook)
        title = first[0].lstrip("# ") if headed else resources["metadata"].get("name", "")
        resources["page"] = {"title": title, "headed": headed, **given}
        return notebook, resources


def said_above(folder: Path, notebook: NotebookNode) -> dict[str, Any]:
    """The study, the run and what must be said of it first, from the run that an executed notebook belongs to."""
    for run in (
        *folder.absolute().parents[:2],
        *runs_named(notebook),
    ):  # the second: of one that was explored
        summary = None
        with suppress(OSError):
            summary = read_json(run / "summary.json")
        if isinstance(summary, dict) and "announcements" in summary:
            return {"study": summary["title"], "run": run.name, "announcements": summary["announcements"]}
    return {"study": "A study in breast imaging", "run": "", "announcements": [UNKNOWN]}


def metadata_of_pictures(notebook: NotebookNode) -> Iterator[dict[str, Any]]:
    """What is noted of each picture among the outputs: its alternative text, its caption, its name."""
    for output in chain.from_iterable(cell.get("outputs", []) for cell in notebook.cells):
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                yield output.metadata.setdefault(kind, {})


def runs_named(notebook: NotebookNode) -> Iterator[Path]:
    """The folder that an executed notebook was told to work in, which may be on another machine."""
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            for line in cell.source.splitlines():
                if line.startswith("run_dir = "):
                    yield Path(line.removeprefix("run_dir = ").strip("\"'"))
