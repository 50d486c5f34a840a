"""Execute one notebook with papermill, tell how far it is, and turn its failures into messages."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bcd_utils.pipeline.staleness import Parts
from bcd_utils.study.run import STAGE, Run
from bcd_utils.study.stage import Stage
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import write_text
from bcd_utils.utils.paths import NOTEBOOKS, python_path, readable
from bcd_utils.utils.progress import PROGRESS_FILE
from bcd_utils.utils.redirect import stderr_into
from bcd_utils.utils.system_errors import disk_errors

#: Called with (notebook, state, seconds, note); state is "running", "done" or "unchanged".
Listener = Callable[[str, str, float, str], None]

#: Jupyter picks free ports and closes them before the kernel opens them: what else starts may take one meanwhile.
KERNEL_STARTS = 3

#: Registered first, it is called last, when all that has to be tidied up is: what is left is TensorFlow's objects,
#: which take 1 to 2 seconds to be taken down one by one.
LEAVE_AT_ONCE = "import atexit, os; atexit.register(os._exit, 0)"


def run_notebook(run: Run, stage: Stage, source: Path, parts: Parts, listen: Listener) -> float:
    """Execute a stage's notebook; its marker is written last.

    Parameters
    ----------
    run : Run
    stage : Stage
    source : Path
        The notebook.
    parts : dict
        What decides the result, for the marker; see `staleness.parts_of`.
    listen : callable
        Told twice a second how far the notebook is.

    Returns
    -------
    float
        Seconds.

    Raises
    ------
    StudyError
        If a cell fails or the kernel dies; the log with the details stays in the run folder.
    """
    run.forget(stage.notebook)
    before = run.shown()
    for suffix in (".log", ".ipynb"):
        log_of(run, stage.notebook).with_suffix(suffix).unlink(missing_ok=True)
    started = time.time()
    executed = run.folder / "notebooks" / source.name
    with disk_errors(executed), tempfile.TemporaryDirectory() as scratch:
        progress = Path(scratch) / "progress"
        partial = Path(scratch) / executed.name
        with watching(stage.notebook, progress, listen):
            try:
                execute(source, partial, run, progress)
            except StudyError:
                if partial.exists():
                    write_text(log_of(run, stage.notebook).with_suffix(".ipynb"), partial.read_text("utf-8"))
                raise
        write_text(executed, partial.read_text(encoding="utf-8"))
        seconds = time.time() - started
        refuse_taken_names(run, stage.notebook, before)
        run.mark_done(stage.notebook, parts, seconds, work_seconds(progress.with_suffix(".work")), before)
    return seconds


def refuse_taken_names(run: Run, notebook: str, before: Mapping[str, tuple[int, ...]]) -> None:
    """Stop where a stage has written over what an earlier one left: that one would never be seen as done again.

    Parameters
    ----------
    run : Run
    notebook : str
    before : mapping
        What was shown when it began; see `Run.shown`.
    """
    names = run.study.notebooks
    written = [name for name, state in run.shown().items() if before.get(name) != state]
    for earlier in names[: names.index(notebook)] if notebook in names else ():
        of_it = (run.marker_of(earlier) or {"files": {}})["files"]
        if taken := [name for name in written if name in of_it]:
            fix = "give it another name where it is saved, and run the study again"
            raise StudyError(f"{notebook} writes {taken[0]}, which is of {earlier}", fix)


def log_of(run: Run, notebook: str) -> Path:
    """The file that holds the details of a stage's failure."""
    return run.folder / "logs" / f"{notebook}.log"


def execute(source: Path, target: Path, run: Run, progress: Path) -> None:
    """Execute ``source`` with papermill into ``target``, turning failures into a `StudyError`."""
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the environment's kernel, not one of the same name at home
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    os.environ |= {PROGRESS_FILE: str(progress), STAGE: source.stem}
    os.environ["PYTHONPATH"] = python_path()
    warnings.filterwarnings("ignore", module="(nbformat|jupyter_client|zmq|papermill).*")
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    for name in ("papermill", "asyncio"):  # what they would add is in the error, or in the log
        logging.getLogger(name).setLevel(logging.CRITICAL)
    log = log_of(run, source.stem)
    messages = open(target.with_suffix(".stderr"), "w+b")  # of the kernel
    try:
        with stderr_into(messages):
            kernel = {"kernel_name": "python3", "start_timeout": 120, "cwd": NOTEBOOKS}
            profile = target.parent / "ipython"  # empty: what a user's profile runs could change results
            profile.mkdir()
            plain = ["--IPKernelApp.log_level=CRITICAL", "--IPKernelApp.exec_PYTHONSTARTUP=False"]
            plain += [f"--IPKernelApp.ipython_dir={profile}", f"--IPKernelApp.exec_lines={LEAVE_AT_ONCE}"]
            # All pictures of a notebook are written with it: once at its end, not twice a cell.
            once = {"log_output": False, "request_save_on_cell_execute": False}
            quiet = {"progress_bar": False, "extra_arguments": plain, **once}
            parameters = {"run_dir": str(run.folder)}
            for attempt in range(1, KERNEL_STARTS + 1):
                try:
                    papermill.execute_notebook(source, target, parameters, **kernel, **quiet)
                    break
                except RuntimeError as error:
                    if "before replying" not in str(error) or attempt == KERNEL_STARTS:
                        raise
    except PapermillExecutionError as error:
        without_colours = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
        write_text(log, without_colours + content(messages))
        if error.ename == "StudyError":
            problem, _, fix = error.evalue.partition(". To fix: ")
            raise StudyError(f"{source.stem}: {problem}", fix) from None
        if error.ename == "KeyboardInterrupt":
            raise KeyboardInterrupt from None
        failure = ": ".join([error.ename, *error.evalue.splitlines()[:1]])
        raise StudyError(
            f"{source.stem} failed in cell {error.exec_count}: {failure}",
            f"see {readable(log)}; run the same command again to go on from this stage",
        ) from None
    except DeadKernelError as error:
        write_text(log, f"{error}\n" + content(messages))
        raise StudyError(
            f"The kernel of {source.stem} died (out of memory, or killed)",
            "close other programs or use a smaller batch_size; the same command goes on from this stage",
        ) from None
    except RuntimeError as error:
        if "Kernel d" not in str(error):  # died, or did not respond
            raise
        write_text(log, f"{error}\n" + content(messages))
        problem = f"The kernel of {source.stem} did not start"
        raise StudyError(problem, f"see {readable(log)} for why, and run the same command again") from None
    finally:
        del os.environ[PROGRESS_FILE], os.environ[STAGE]
        messages.close()


def content(messages: BinaryIO) -> str:
    """Text of a file that processes wrote to."""
    messages.seek(0)
    return messages.read().decode(errors="replace")


def work_seconds(log: Path) -> float:
    """Seconds that a stage's progress lines account for: reading, extracting, training."""
    lines = log.read_text().splitlines() if log.exists() else []
    return sum(float(line.split("\t")[0]) for line in lines)


@contextmanager
def watching(stage: str, progress: Path, listen: Listener) -> Iterator[None]:
    """Tell the listener twice a second how far a stage is, while the block runs."""
    finished = threading.Event()
    started = time.time()

    def tell() -> None:
        while not finished.wait(0.5):
            note = progress.read_text() if progress.exists() else ""
            listen(stage, "running", time.time() - started, note)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()
