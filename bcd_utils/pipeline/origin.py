"""Whose run a folder holds: no run lands in the folder of another study, nor of another data set, unless told to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from bcd_utils.study.run import Run
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import read_json, write_json
from bcd_utils.utils.paths import REPORTS, ROOT, STUDIES, readable

ORIGIN = "origin.json"
#: What tells one origin from another, as messages call it.
PARTS = {"study": "the study", "study_file": "the file", "dataset": "the data set", "data_dir": "the data in"}


def place(path: Path) -> str:
    """A path as it is noted: below the project from there, so that the project may be moved."""
    for top in (ROOT, STUDIES.parent):
        if path.is_relative_to(top):
            return str(path.relative_to(top))
    return str(path)


def take_folder(
    run: Run,
    study_file: Path | None,
    overwrite: bool,
    fix: str = "add --run-dir {}, or --overwrite, which replaces that run",
) -> None:
    """Note where a run comes from, or stop where its folder holds finished stages of another.

    Parameters
    ----------
    run : Run
    study_file : Path or None
        Where its settings come from; None where they come from no file.
    overwrite : bool
        Whether the other gives way.
    fix : str
        What helps where it does not; takes another folder.

    Raises
    ------
    StudyError
        Naming what differs, another folder and the option that overwrites.
    """
    study = run.study
    origin = {
        "study": study.name,
        "study_file": place(study_file.absolute()) if study_file else None,
        "dataset": study.source.dataset,
        "data_dir": study.source.data_dir,
    }
    recorded = read_json(run.folder / ORIGIN)
    former = recorded if isinstance(recorded, dict) else {}
    other = [part for part in former.keys() & origin.keys() if former[part] != origin[part]]
    finished = [path.stem for path in (run.folder / "markers").glob("*.json")]
    if other and finished:
        if not overwrite:
            differs = " and ".join(
                f"{title} {former[part]}" for part, title in PARTS.items() if part in other
            )
            free = next(
                path
                for number in range(2, 1000)
                if not (path := run.folder.with_name(f"{run.folder.name}_{number}")).exists()
            )
            problem = f"{readable(run.folder)} holds a run of {differs}"
            raise StudyError(problem, fix.format(readable(free)))
        for notebook in finished:
            run.forget(notebook)
    if former != origin:
        write_json(run.folder / ORIGIN, origin)


def default_run_folder(name: str, overrides: Sequence[str]) -> Path:
    """``reports/<name>``, with the overrides in the folder's name so that variants do not meet."""

    def short(text: str) -> str:
        """An override as a part of a folder's name; of a path the last part, and what tells it from others."""
        key, _, value = text.partition("=")
        if "/" in value:
            value = f"{value.rstrip('/').split('/')[-1]}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"
        return re.sub(r"[^A-Za-z0-9.=-]+", "-", f"{key}={value}")

    suffix = "_".join(map(short, overrides))
    if len(suffix) > 60:
        suffix = suffix[:48] + "-" + hashlib.sha256(suffix.encode()).hexdigest()[:8]
    return REPORTS / (f"{name}_{suffix}" if suffix else name)
