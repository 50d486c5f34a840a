"""Run a study's notebooks in order with papermill, skipping what is done, and render the reports."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from bcd_utils.datasets import dataset_of
from bcd_utils.errors import StudyError
from bcd_utils.files import disk_errors, listing_identity, sha256_of_file, sha256_of_json, write_text
from bcd_utils.paths import NOTEBOOKS, ROOT, readable
from bcd_utils.progress import PROGRESS_FILE
from bcd_utils.provenance import code_hash, versions
from bcd_utils.runs import Run
from bcd_utils.streams import stderr_into
from bcd_utils.study import Study

#: What sums up a whole run, and says nothing true of a half one.
SUMS = ("summary.json", "index.html", "checklist.html", "checklist.csv", "model_card.html", "model_card.md")
EXTERNAL_STAGE = "09_external_test"
COMPARISON_STAGE = "10_model_comparison"
MODALITIES_STAGE = "11_modalities"
#: Called with (stage, state, seconds, note); state is "running", "done" or "unchanged".
Listener = Callable[[str, str, float, str], None]


def run_study(run: Run, from_stage: str | None = None, listen: Listener = lambda *_: None) -> Path:
    """Run every stage that is not done, then write summary and reports.

    Parameters
    ----------
    run : Run
    from_stage : str, optional
        Name (or number, such as "03") of a stage to run again with all after it.

    Returns
    -------
    Path
        ``index.html`` of the run.

    Raises
    ------
    StudyError
        If a stage fails; what is finished is kept, and the same command goes on from there.
    """
    from bcd_utils.contenders import chosen_contenders
    from bcd_utils.publish import publish

    stages = check_stages(run.study.notebooks)
    if COMPARISON_STAGE in stages:
        chosen_contenders(run.study)  # a misspelt name is better told now than after the other stages
    forced_from = find_stage(stages, from_stage) if from_stage else len(stages)
    with only_run_in(run.folder):
        run = Run.create(run.folder, run.study)  # under the lock: a run going on keeps its settings
        for half_written in run.folder.rglob(".*.part*"):  # by a run that was killed
            half_written.unlink(missing_ok=True)
        inputs = outside_inputs(run.study, stages)
        for index, stage in enumerate(stages):
            key = stage_key(run, stages[:index], stage, inputs.get(stage, ""))
            if index < forced_from and run.is_done(stage, key):
                listen(stage, "unchanged", 0.0, "")
                continue
            for outdated in SUMS:
                (run.folder / outdated).unlink(missing_ok=True)
            run_stage(run, stage, key, listen)
        return publish(run)


def check_stages(notebooks: tuple[str, ...]) -> list[str]:
    """The study's stages, each held to be a notebook.

    Raises
    ------
    StudyError
        If one is not in ``notebooks/``.
    """
    known = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
    for name in notebooks:
        if name not in known:
            raise StudyError(f"There is no notebook {name}", f"name some of {', '.join(known)}")
    return list(notebooks)


def find_stage(stages: list[str], text: str) -> int:
    """Index of the stage named by ``text``: its name, or how it starts."""
    matches = [index for index, stage in enumerate(stages) if stage.startswith(text)]
    if len(matches) != 1:
        raise StudyError(f"--from {text} names no stage of this study", f"name one of {', '.join(stages)}")
    return matches[0]


@contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Hold a run folder for one chain at a time; the lock goes with the process that holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / ".lock", timeout=0)
    try:
        with disk_errors(folder), lock:
            yield
    except Timeout:
        raise StudyError(
            f"Another run is writing {readable(folder)}", "wait for it, or choose another --run-dir"
        ) from None


def outside_inputs(study: Study, stages: list[str]) -> dict[str, str]:
    """Identity of the files from outside the run that a stage reads, for the stages that read any.

    Raises
    ------
    StudyError
        If a data set is not where the study says: better now than after the training.
    """
    inputs = {}
    if stages != [MODALITIES_STAGE]:
        folders = [dataset_of(study).locate(study)]
        if study.histopathology_dir:
            folders.append(Path(study.histopathology_dir))
        inputs[stages[0]] = listing_identity(folders)
    elif study.data_dir:
        raise StudyError(
            f"{MODALITIES_STAGE} reads several data sets, and --data-dir names one folder",
            "name it with --set modalities.sources.busi.data_dir=FOLDER, and others likewise",
        )
    if study.external and EXTERNAL_STAGE in stages:
        from bcd_utils.external import external_source

        other = external_source(study)
        inputs[EXTERNAL_STAGE] = listing_identity([dataset_of(other).locate(other)])
    if COMPARISON_STAGE in stages:
        inputs[COMPARISON_STAGE] = sha256_of_json(weights_at_hand(study))
    if MODALITIES_STAGE in stages:
        from bcd_utils.modalities.sources import locate_sources

        inputs[MODALITIES_STAGE] = listing_identity(locate_sources(study).values())
    return inputs


def weights_at_hand(study: Study) -> dict[str, str]:
    """What is missing for each contender of the comparison, and the hash of each extractor's file."""
    from bcd_utils.contenders import chosen_contenders

    missing = {name: each.representation.missing() for name, each in chosen_contenders(study).items()}
    files = [name for name in study.comparison.extractors if Path(name).is_file()]
    return missing | {name: sha256_of_file(name) for name in files}


def stage_key(run: Run, earlier: list[str], stage: str, inputs: str) -> str:
    """What decides a stage's result: settings, code, notebook, Keras backend, libraries, and what it reads."""
    named_files = [run.study.backbone, run.study.weights, run.study.audit.reviewed_pairs or ""]
    return sha256_of_json(
        [
            run.study.as_dict(),
            code_hash(),
            sha256_of_file(NOTEBOOKS / f"{stage}.ipynb"),
            [os.environ.get("KERAS_BACKEND", ""), versions()],
            run.artifact_hashes(earlier),
            inputs,
            [sha256_of_file(name) for name in named_files if Path(name).is_file()],
        ]
    )


def run_stage(run: Run, stage: str, key: str, listen: Listener) -> None:
    """Execute one notebook; its marker is written last.

    Raises
    ------
    StudyError
        If a cell fails or the kernel dies; the log with the details stays in the run folder.
    """
    run.forget(stage)
    log_of(run, stage).unlink(missing_ok=True)
    started = time.time()
    executed = run.folder / "notebooks" / f"{stage}.ipynb"
    with disk_errors(executed), tempfile.TemporaryDirectory() as scratch:
        progress = Path(scratch) / "progress"
        partial = Path(scratch) / executed.name
        with watching(stage, progress, listen):
            execute(NOTEBOOKS / executed.name, partial, run, progress)
        write_text(executed, partial.read_text(encoding="utf-8"))
        seconds = time.time() - started
        run.mark_done(stage, key, seconds, work_seconds(progress.with_suffix(".work")), started)
    listen(stage, "done", seconds, "")


def log_of(run: Run, stage: str) -> Path:
    """The file that holds the details of a stage's failure."""
    return run.folder / "logs" / f"{stage}.log"


def execute(source: Path, target: Path, run: Run, progress: Path) -> None:
    """Execute ``source`` with papermill into ``target``, turning failures into a `StudyError`."""
    import logging
    import warnings

    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    os.environ[PROGRESS_FILE] = str(progress)
    python_path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(python_path))
    warnings.filterwarnings("ignore", module="(nbformat|jupyter_client|zmq|papermill).*")
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    for name in ("papermill", "asyncio"):  # what they would add is in the error, or in the log
        logging.getLogger(name).setLevel(logging.CRITICAL)
    log = log_of(run, source.stem)
    kernel_said = open(target.with_suffix(".stderr"), "w+b")
    try:
        with stderr_into(kernel_said):
            papermill.execute_notebook(
                source,
                target,
                parameters={"run_dir": str(run.folder)},
                kernel_name="python3",
                cwd=NOTEBOOKS,
                progress_bar=False,
                log_output=False,
                start_timeout=120,
                extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            )
    except PapermillExecutionError as error:
        write_text(log, plain_text(error) + what_was_said(kernel_said))
        if error.ename == "StudyError":
            problem, _, fix = error.evalue.partition(". To fix: ")
            raise StudyError(f"{source.stem}: {problem}", fix) from None
        if error.ename == "KeyboardInterrupt":
            raise KeyboardInterrupt from None
        raise StudyError(
            f"{source.stem} failed in cell {error.exec_count}: {error.ename}: {error.evalue.splitlines()[0]}"
            if error.evalue
            else f"{source.stem} failed in cell {error.exec_count}: {error.ename}",
            f"see {readable(log)}; run the same command again to go on from this stage",
        ) from None
    except DeadKernelError as error:
        write_text(log, f"{error}\n" + what_was_said(kernel_said))
        raise StudyError(
            f"The kernel of {source.stem} died (out of memory, or killed)",
            "close other programs or use a smaller batch_size; the same command goes on from this stage",
        ) from None
    finally:
        del os.environ[PROGRESS_FILE]
        kernel_said.close()


def what_was_said(messages: BinaryIO) -> str:
    """Text of a file that processes wrote to."""
    messages.seek(0)
    return messages.read().decode(errors="replace")


def work_seconds(log: Path) -> float:
    """Seconds that a stage's progress lines account for: reading, extracting, training."""
    lines = log.read_text().splitlines() if log.exists() else []
    return sum(float(line.split("\t")[0]) for line in lines)


def plain_text(error: BaseException) -> str:
    """An execution error's text without terminal colours."""
    import re

    return re.sub(r"\x1b\[[0-9;]*m", "", str(error))


@contextmanager
def watching(stage: str, progress: Path, listen: Listener) -> Iterator[None]:
    """Tell the listener twice a second how far a stage is, while the block runs."""
    import threading

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
