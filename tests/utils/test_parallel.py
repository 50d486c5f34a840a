"""Jobs over cores and over a cluster: kept, not repeated, and the same wherever they run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from distributed import LocalCluster

from bcd_utils.utils import parallel
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.parallel import ENGINE, SCHEDULER, read_result, run_jobs
from bcd_utils.utils.paths import ROOT


def square_of(job, shared):
    """Leaves a line in ``shared`` each time it runs."""
    with open(shared, "a") as log:
        log.write(f"{job}\n")
    return {"square": np.array(job * job), "process": np.array(os.getpid())}


def slow_square_of(job, shared):
    time.sleep(0.3)
    return square_of(job, shared)


def share_of(job, shared):
    return {"sum": job * shared.sum()}


def die(job, shared):
    os.kill(os.getpid(), signal.SIGKILL)


def fail(job, shared):
    if job == 2:
        raise StudyError("two is too much", "use one")
    return {"value": np.array(job)}


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture
def on_cluster(cluster, monkeypatch):
    monkeypatch.setenv(ENGINE, "dask")
    monkeypatch.setenv(SCHEDULER, cluster.scheduler_address)
    return cluster


JOBS = {f"job{number}": number for number in range(6)}


def squares(results):
    return {key: int(result["square"]) for key, result in results.items()}


def test_every_job_runs_once_in_another_process_and_results_keep_the_order(cache, log):
    results = run_jobs(square_of, JOBS, log)
    assert list(results) == list(JOBS)
    assert squares(results) == {f"job{number}": number**2 for number in range(6)}
    assert os.getpid() not in {int(result["process"]) for result in results.values()}
    assert sorted(log.read_text().split()) == list("012345")


def test_a_sweep_with_large_arrays_leaves_no_scratch_files_and_no_warnings(cache):
    code = (
        "import numpy; from test_parallel import share_of; from bcd_utils.utils.parallel import run_jobs;"
        "print(sum(run_jobs(share_of, {'a': 1, 'b': 2}, numpy.ones(400_000))['b'].values()))"
    )
    here = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(ROOT)])}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | here
    )
    assert (ended.stdout, ended.stderr) == ("800000.0\n", "")
    assert [path.name for path in cache.iterdir()] == ["jobs"]


def test_a_finished_job_is_never_computed_again(cache, log):
    first = run_jobs(square_of, {key: JOBS[key] for key in ("job1", "job2")}, log)
    seen = []
    second = run_jobs(square_of, JOBS, log, lambda done, total: seen.append((done, total)))
    assert sorted(log.read_text().split()) == list("012345")
    assert first["job1"]["process"] == second["job1"]["process"]
    assert seen == [(done, 6) for done in range(2, 7)]


def test_one_folder_a_job_says_what_it_was(cache, log):
    run_jobs(square_of, {"a": 3}, log)
    assert sorted(path.name for path in (cache / "jobs" / "a").iterdir()) == ["job.json", "result.npz"]
    assert '"3"' in (cache / "jobs" / "a" / "job.json").read_text()


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a file"])
def test_a_damaged_result_is_computed_again(cache, log, damage):
    run_jobs(square_of, {"a": 3}, log)
    (cache / "jobs" / "a" / "result.npz").write_bytes(damage)
    assert read_result(cache / "jobs" / "a") is None
    assert squares(run_jobs(square_of, {"a": 3}, log)) == {"a": 9}
    assert log.read_text().split() == ["3", "3"]


def test_an_error_in_a_job_reaches_the_user_and_keeps_what_is_finished(cache):
    with pytest.raises(StudyError, match="two is too much.*use one"):
        run_jobs(fail, {f"job{number}": number for number in range(5)}, None)


def test_a_worker_that_dies_here_is_one_clear_message(cache):
    with pytest.raises(StudyError, match="worker process.*died.*goes on"):
        run_jobs(die, {"a": 1}, None)


def test_the_cluster_gives_the_same_results(cache, log, on_cluster, monkeypatch):
    there = run_jobs(square_of, JOBS, log)
    monkeypatch.delenv(ENGINE)
    monkeypatch.setenv("BCD_CACHE_DIR", str(cache / "elsewhere"))
    here = run_jobs(square_of, JOBS, log)
    assert squares(there) == squares(here)


def test_the_cluster_may_lose_a_worker(cache, log, on_cluster):
    killed = []

    def kill_one(done, total):
        if done == 1 and not killed:
            killed.append(next(iter(on_cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    results = run_jobs(slow_square_of, JOBS, log, kill_one)
    assert killed
    assert squares(results) == {f"job{number}": number**2 for number in range(6)}


def test_a_job_that_kills_every_worker_is_one_clear_message(cache, on_cluster):
    with pytest.raises(StudyError, match="died again and again"):
        run_jobs(die, {"a": 1}, None)


def test_an_unknown_engine_names_those_there_are(cache, log, monkeypatch):
    monkeypatch.setenv(ENGINE, "ray")
    with pytest.raises(StudyError, match="no engine ray.*joblib or dask"):
        run_jobs(square_of, JOBS, log)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "needs a scheduler.*--scheduler"),
        ("tcp://127.0.0.1:9", "No dask scheduler answers at tcp://127.0.0.1:9"),
        ("nonsense://x", "No dask scheduler answers at nonsense"),
    ],
)
def test_a_scheduler_that_does_not_answer_says_so(cache, log, monkeypatch, address, message):
    monkeypatch.setenv(ENGINE, "dask")
    monkeypatch.setenv(SCHEDULER, address)
    monkeypatch.setattr(parallel, "PATIENCE", 1)
    with pytest.raises(StudyError, match=message):
        run_jobs(square_of, JOBS, log)
