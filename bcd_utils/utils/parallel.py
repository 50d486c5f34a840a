"""Many independent jobs over all cores or a cluster; one folder a job, and no finished job runs twice."""

from __future__ import annotations

import io
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from bcd_utils.utils.cache import note_use, owned
from bcd_utils.utils.counting import OnProgress, silent
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import atomic_path, write_json
from bcd_utils.utils.paths import cache_folder

ENGINE, SCHEDULER = "BCD_ENGINE", "BCD_SCHEDULER"  # how the command line tells a notebook's kernel
PATIENCE = 10  # seconds that a scheduler has to answer

_one_at_a_time = Lock()  # a worker with several threads would train one compiled model twice at once

Result = dict[str, np.ndarray]
Work = Callable[[Any, Any], Result]


def run_jobs(
    work: Work,
    jobs: Mapping[str, Any],
    shared: Any,
    on_progress: OnProgress = silent,
) -> dict[str, Result]:
    """Results of all jobs, from their folders or computed now.

    Where they are computed is no part of a result: the environment variable ``BCD_ENGINE`` names
    "joblib" (the default: every core of this machine) or "dask" (the cluster whose scheduler
    ``BCD_SCHEDULER`` names). Each result is stored as it comes in, so a sweep that is stopped, or
    that loses a worker, goes on with what is missing.

    Parameters
    ----------
    work : callable
        ``work(job, shared)`` gives a dict of arrays; it must follow from its arguments alone, and be
        importable by name in another process.
    jobs : mapping of str to picklable
        The jobs by key; a key names everything that decides the job's result.
    shared : picklable
        What all jobs read; sent to each worker once.

    Returns
    -------
    dict
        Key to result, in the order of ``jobs``.

    Raises
    ------
    StudyError
        If the engine is unknown, its scheduler does not answer, a worker dies and is not replaced, or the
        disk is full; what is finished is kept.
    """
    folder = cache_folder() / "jobs"
    note_use(folder / key for key in jobs)
    results: dict[str, Result] = {}

    def read(keys: Iterable[str]) -> dict[str, Any]:
        """Take what is finished; returns the jobs that are not."""
        results.update({key: result for key in keys if (result := read_result(folder / key)) is not None})
        return {key: job for key, job in jobs.items() if key not in results}

    missing = read(jobs)
    on_progress(len(results), len(jobs))
    if missing:
        with owned(folder / work.__name__):  # each takes all cores, and two may want the same jobs
            missing = read(missing)  # another run may have finished some while this one waited
            for key, result in _engine()(work, missing, shared) if missing else ():
                write_result(folder / key, missing[key], result)
                results[key] = result
                on_progress(len(results), len(jobs))
    return {key: results[key] for key in jobs}


def read_result(folder: Path) -> Result | None:
    """A finished job's result; None where there is none, or its file is damaged."""
    try:
        with np.load(folder / "result.npz") as stored:
            return dict(stored)
    except Exception:  # noqa: BLE001 - a damaged archive raises many kinds; the job then runs again
        return None


def write_result(folder: Path, job: Any, result: Result) -> None:
    """Store what the job was, then its result; the result's file says that the job is finished."""
    write_json(folder / "job.json", {"job": repr(job)})
    content = io.BytesIO()
    np.savez(content, **result)  # type: ignore[arg-type]
    with atomic_path(folder / "result.npz") as temporary:
        temporary.write_bytes(content.getvalue())


def _engine() -> Callable[[Work, Mapping[str, Any], Any], Iterator[tuple[str, Result]]]:
    engines = {"joblib": _on_this_machine, "dask": _on_a_cluster}
    name = os.environ.get(ENGINE) or "joblib"
    if name not in engines:
        raise StudyError(f"There is no engine {name}", f"use {' or '.join(engines)}")
    return engines[name]


def _on_this_machine(work: Work, jobs: Mapping[str, Any], shared: Any) -> Iterator[tuple[str, Result]]:
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    left_over = f".{work.__name__}-"
    for scratch in (cache_folder() / "jobs").glob(f"{left_over}*"):  # of a run that was killed
        shutil.rmtree(scratch, ignore_errors=True)
    with tempfile.TemporaryDirectory(
        dir=cache_folder() / "jobs", prefix=left_over, ignore_cleanup_errors=True
    ) as folder:
        stored = f"{folder}/shared"
        joblib.dump(shared, stored)
        # At least two: with one, joblib would run the jobs here, where threads may have been set up otherwise.
        cores = max(2, joblib.cpu_count())
        parallel = joblib.Parallel(n_jobs=cores, return_as="generator_unordered", max_nbytes=None)
        run = joblib.delayed(_keyed_from)
        try:
            yield from parallel(run(work, key, job, stored) for key, job in jobs.items())
        except TerminatedWorkerError:
            fix = "close other programs; the same command goes on with the jobs that are missing"
            raise StudyError("A worker process of the sweep died (out of memory, or killed)", fix) from None


def _keyed_from(work: Work, key: str, job: Any, stored: str) -> tuple[str, Result]:
    from joblib.externals.loky import process_executor

    # `backend` keeps freed memory for the next training; loky takes that for a leak and starts a new worker.
    process_executor._MAX_MEMORY_LEAK_SIZE = 2**62
    return _keyed(work, key, job, _load(stored))


@lru_cache(maxsize=1)
def _load(stored: str) -> Any:
    """What all jobs read, its arrays mapped from the file: loaded once a worker, held once by the machine."""
    import joblib

    return joblib.load(stored, mmap_mode="r")


def _on_a_cluster(work: Work, jobs: Mapping[str, Any], shared: Any) -> Iterator[tuple[str, Result]]:
    try:
        from distributed import CancelledError, Client, as_completed
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker
    except ModuleNotFoundError:
        fix = "run pip install distributed, or use --engine joblib"
        raise StudyError("The engine dask is not installed", fix) from None
    address = os.environ.get(SCHEDULER, "")
    if not address:
        raise StudyError("The engine dask needs a scheduler", "pass --scheduler tcp://HOST:8786")
    try:
        client = Client(address, timeout=PATIENCE)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise StudyError(
            f"No dask scheduler answers at {address} ({type(error).__name__})",
            "start 'dask scheduler' and its workers there, or use --engine joblib",
        ) from None
    with client:
        _refuse_other_versions(client, work.__module__)
        # As a task, not as scattered data: the scheduler can make it again if the workers that hold it die.
        everywhere = client.submit(_itself, shared, pure=False)
        # A worker that dies takes its jobs with it; the scheduler gives them to another, three times at most.
        once = {"pure": False, "retries": 2}
        futures = [client.submit(_keyed, work, key, job, everywhere, **once) for key, job in jobs.items()]
        try:
            for future in as_completed(futures):  # type: ignore[no-untyped-call]
                yield future.result()
        except FileNotFoundError as error:
            raise StudyError(
                f"A worker of {address} does not find {error.filename}",
                "let every worker see the images under the same path, or use --engine joblib",
            ) from None
        except KilledWorker:
            raise StudyError(
                f"Workers of {address} died again and again on the same job",
                "see their logs, give them more memory; the same command goes on with the jobs that are missing",
            ) from None
        except (CancelledError, CommClosedError):
            raise StudyError(
                f"The cluster at {address} gave up its jobs (was its scheduler stopped?)",
                "start it again; the same command goes on with the jobs that are missing",
            ) from None


def _refuse_other_versions(client: Any, module: str) -> None:
    """Stop where a worker would compute with other libraries or other code than this process.

    Raises
    ------
    StudyError
        Naming the worker and what differs.
    """
    fix = "install the same lock file and the same commit there, and start the worker again"
    own = versions(module)
    try:
        theirs = client.run(versions, module)
    except (ImportError, AttributeError) as error:
        raise StudyError(f"A worker cannot load this project ({error})", fix) from None
    for worker, found in theirs.items():
        differs = [
            f"{name} {found.get(name)} in place of {own[name]}"
            for name in own
            if found.get(name) != own[name]
        ]
        if differs:
            raise StudyError(f"The worker {worker} has {', '.join(differs)}", fix)


def versions(module: str) -> dict[str, str]:
    """What decides the results of a module's work beside its arguments: versions, and the code's hash.

    Examples
    --------
    >>> sorted(versions("bcd_utils.utils.parallel"))
    ['Python', 'code', 'keras', 'numpy', 'scikit-learn', 'scipy', 'tensorflow']
    """
    from bcd_utils.utils.code_identity import code_identity, installed_versions

    libraries = installed_versions(("numpy", "scipy", "scikit-learn", "keras", "tensorflow"))
    code = code_identity(module) if module.startswith("bcd_utils.") else ""
    return {"Python": platform.python_version(), **libraries, "code": code}


def _itself(value: Any) -> Any:
    return value


def _keyed(work: Work, key: str, job: Any, shared: Any) -> tuple[str, Result]:
    # One thread a process: the cores are shared out by job, and sums do not depend on their number.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
    with _one_at_a_time:
        return key, work(job, shared)
