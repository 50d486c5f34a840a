"""JupyterLab on a run: copies of the notebooks to work on, beside a run that stays as it is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bcd_utils.study.run import Run
from bcd_utils.utils.paths import NOTEBOOKS
from bcd_utils.utils.system_errors import disk_errors


def working_copy(run: Run, notebooks: Path = NOTEBOOKS) -> Path:
    """Folder with copies of a run's notebooks, in its ``exploration``; one that is there stays as it was left."""
    folder = run.explored().target / "notebooks"
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in run.study.notebooks or sorted(path.stem for path in notebooks.glob("*.ipynb")):
            copy = folder / f"{name}.ipynb"
            if not copy.exists():
                shutil.copyfile(notebooks / copy.name, copy)
    return folder


def lab_command(run: Run, options: Sequence[str] = ()) -> list[str]:
    """What starts JupyterLab in a run's folder, on the copies of its notebooks.

    Parameters
    ----------
    run : Run
    options : sequence of str
        Further options of JupyterLab.
    """
    place = working_copy(run).relative_to(run.folder).as_posix()
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # as in a container
    where = [f"--ServerApp.root_dir={run.folder}", f"--LabApp.default_url=/lab/tree/{place}"]
    return [sys.executable, "-m", "jupyterlab", *where, *root, *options]
