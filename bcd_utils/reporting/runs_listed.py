"""The runs in a folder: how far each is, and what came out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bcd_utils.evaluation.format import MISSING, with_interval
from bcd_utils.reporting.console import summary_of
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import last_written
from bcd_utils.utils.paths import readable

COLUMNS = ("run", "study", "images", "state", "test accuracy")


def rows(reports: Path) -> list[tuple[str, str, str, str, str]]:
    """A row of `COLUMNS` for each run below a folder, the one that finished last first; damaged ones say so."""
    folders = {path.parent for path in reports.glob("*/study.json")}
    return [_row(folder) for folder in sorted(folders, key=_when, reverse=True)]


def _when(folder: Path) -> float:
    """When its last stage was made; of one that has none, when its settings were written."""
    return last_written(folder, "markers/*.json") or last_written(folder, "study.json")


def _row(folder: Path) -> tuple[str, str, str, str, str]:
    name = readable(folder)
    try:
        run = Run.open(folder)
        if not (folder / "summary.json").exists():
            done = sum(run.marker_of(stage) is not None for stage in run.study.notebooks)
            state = f"{done} of {len(run.study.notebooks)} stages done"
            return name, run.study.name, run.study.source.dataset, state, MISSING
        summary = summary_of(folder)
    except StudyError as error:
        return name, MISSING, MISSING, error.problem, MISSING
    finished = f"finished {datetime.fromtimestamp(_when(folder)):%Y-%m-%d %H:%M}"
    accuracy = with_interval((summary["intervals"] or {}).get("accuracy"))
    images = (summary["dataset"] or {}).get("title") or run.study.source.dataset
    return name, run.study.name, images, finished, accuracy
