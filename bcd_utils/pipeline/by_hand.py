"""A notebook without ``bcd run``: papermill makes its stage of a run; else the run is looked at, and stays as it is."""

from __future__ import annotations

import ast
import os
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from bcd_utils.pipeline.notebook import refuse_taken_names
from bcd_utils.study.run import STAGE, Run
from bcd_utils.utils.errors import StudyError, allowed_instead
from bcd_utils.utils.files import read_json
from bcd_utils.utils.paths import REPORTS, readable

PARAMETERS = ("run_dir", "study_file", "settings", "overwrite")
#: How the cell begins that papermill adds with the parameters of its command line.
INJECTED = "# Parameters"


@dataclass(frozen=True)
class Begun:
    """A stage that this process makes.

    Attributes
    ----------
    run : Run
    parts : dict
        What decides its result, as things were when it began.
    shown : dict
        The run's figures and tables then.
    started : float
        Time since the epoch.
    lock : object
        Holds the run folder until this process ends.
    """

    run: Run
    parts: dict[str, Any]
    shown: dict[str, tuple[int, ...]]
    started: float
    lock: Any


_begun: dict[str, Begun] = {}


def open_run(
    notebook: str, run_dir: str = "", study_file: str = "", settings: str = "", overwrite: bool = False
) -> Run:
    """The run that a notebook works on; the first thing that each notebook asks for.

    Under ``bcd run`` the run is opened for this stage. Under papermill the stage is made: of the run in ``run_dir``,
    which ``study_file`` begins. Elsewhere (JupyterLab, VS Code, nbconvert) the run is explored: what the notebook
    writes goes into its folder ``exploration/``.

    Parameters
    ----------
    notebook : str
        Name of the notebook that asks.
    run_dir : str
        Folder of the run, as seen from where the user is; "" where ``bcd lab`` has named it.
    study_file : str
        Settings of a study; begins a run, or takes it up again.
    settings : str
        Changes of them, such as "epochs=3 pooling=average".
    overwrite : bool
        Whether a stage that is finished is made again.

    Raises
    ------
    StudyError
        If papermill gave a parameter that is not known, no run is named or there is none, the stage is finished, or
        another process makes a stage of this run.
    """
    from IPython import get_ipython

    from bcd_utils.reporting.tables import show_tables

    if (shell := get_ipython()) is not None:
        show_tables(shell)
    if STAGE in os.environ and notebook not in _begun:
        return Run.open(run_dir)
    given = parameters_given()
    if given is None:
        if study_file or overwrite:
            fix = f"use 'bcd run', or papermill: papermill notebooks/{notebook}.ipynb OUT.ipynb -p study_file ..."
            raise StudyError("study_file and overwrite make a run, and here one is looked at", fix)
        run = Run.open(run_dir or os.environ.get("BCD_RUN_DIR") or _name_one(notebook)).explored()
        run = run.changed(settings) if settings else run
        show_state(run)
        return run
    if unknown := sorted(given - set(PARAMETERS)):
        raise StudyError(f"There is no parameter {unknown[0]!r}", allowed_instead(unknown[0], PARAMETERS))
    return begin(notebook, run_dir, study_file, settings, overwrite)


def parameters_given() -> set[str] | None:
    """Names of the parameters that papermill's command line gave; None where this is not papermill.

    They stand in a cell of their own, which papermill adds.
    """
    from IPython import get_ipython

    shell = get_ipython()
    cells = [text for text in (shell.user_ns.get("In") if shell else None) or [] if text.startswith(INJECTED)]
    if not cells:
        return None
    assigned = [node for node in ast.parse(cells[-1]).body if isinstance(node, ast.Assign)]
    return {target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)}


def begin(notebook: str, run_dir: str, study_file: str, settings: str, overwrite: bool) -> Run:
    """Begin a stage of a run in this process; see `open_run`."""
    from bcd_utils.pipeline.origin import take_folder
    from bcd_utils.pipeline.runner import Chain, locked, take_back_sums
    from bcd_utils.pipeline.stages import sections
    from bcd_utils.study.loading import load_study, study_path

    if not run_dir:
        raise StudyError("No run is named", f"add -p run_dir {readable(REPORTS / 'NAME')}")
    folder = Path(run_dir).expanduser().absolute()
    if study_file:
        study = load_study(study_file, shlex.split(settings), sections())
    elif settings:
        raise StudyError(
            "settings change a study's file, and none is named", "add -p study_file studies/NAME.yaml"
        )
    else:
        study = Run.open(folder).study
    chain = Chain(Run(folder, study))
    names = [stage.notebook for stage in chain.stages]
    if notebook not in names:
        raise StudyError(f"{notebook} is no notebook of this study", f"run one of {', '.join(names)}")
    outside = chain.outside()
    lock = locked(folder).lock
    if study_file:
        fix = "give -p run_dir {}, or add -p overwrite True, which replaces that run"
        take_folder(chain.run, study_path(study_file), overwrite, fix)
    run = chain.run = Run.create(folder, chain.run.study, chain.run.contract)
    index = names.index(notebook)
    parts, why = chain.state(index, len(names), outside)
    if not why and not overwrite:
        fix = "look at it with 'bcd lab', or add -p overwrite True to make it again"
        raise StudyError(f"{notebook} of {readable(folder)} is finished", fix)
    take_back_sums(folder)
    run.forget(notebook)
    os.environ[STAGE] = notebook
    _begun[notebook] = Begun(run, parts, run.shown(), time.time(), lock)
    return run


def finish_stage(notebook: str) -> None:
    """Say that a stage is done, where papermill makes it; the last thing that each notebook does.

    Under ``bcd run`` the stage's marker is written when the notebook is; where a run is explored, nothing is.
    """
    if begun := _begun.pop(notebook, None):
        # The notebook itself is still being written: whatever papermill makes of it is no result.
        unfinished = {
            name: state for name, state in begun.run.shown().items() if name.startswith("notebooks/")
        }
        seconds = time.time() - begun.started
        refuse_taken_names(begun.run, notebook, begun.shown)
        begun.run.mark_done(notebook, begun.parts, seconds, 0.0, {**begun.shown, **unfinished})
        del os.environ[STAGE]
        begun.lock.release()


def show_state(run: Run) -> None:
    """Say which run is looked at, how far it is, what must be said of it first, and that it stays as it is."""
    from IPython.display import Markdown, display

    from bcd_utils.study.provenance import code_hash

    done = [stage for stage in run.study.notebooks if run.marker_of(stage)]
    finished = (run.folder / "summary.json").exists()
    state = "finished" if finished else f"{len(done)} of {len(run.study.notebooks)} stages done"
    text = (
        f"**{run.study.title}**, run `{readable(run.folder)}` ({state}). It is looked at: what is written here goes to "
        f"`{readable(run.target)}`, and the run stays as it is. Not for clinical use."
    )
    summary = read_json(run.folder / "summary.json")
    summary = summary if isinstance(summary, dict) else {}
    made_by = summary.get("provenance") or {}
    if finished and made_by.get("code_sha256") != code_hash():
        commit = made_by.get("commit")
        text += f"\n\n> It was made by other code (commit {commit}): what runs here may come out otherwise."
    for announcement in summary.get("announcements") or ():
        text += f"\n\n> {announcement}"
    display(Markdown(text))  # type: ignore[no-untyped-call]


def _name_one(notebook: str) -> NoReturn:
    """Stop where no run is named, with those that there are."""
    runs = sorted(path.parent for path in REPORTS.glob("*/study.json"))
    known = ", ".join(f'"{readable(path)}"' for path in runs)
    fix = f"set run_dir to one of {known}" if known else "make one: bcd run phantom"
    raise StudyError(f"{notebook} needs a run to look at", fix)
