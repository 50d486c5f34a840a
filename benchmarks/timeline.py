"""How busy the cores are while a study runs, as a picture.

    python benchmarks/timeline.py trust_phantom
    python benchmarks/timeline.py trust --data-dir BUSI --set weights=random

The words are those of ``bcd run``. Each second the processor time of its processes is read; the study runs from an
empty cache, in a folder that is removed afterwards. Writes reports/bench/timeline.png, and timeline.csv with the cores
that each notebook kept busy.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from matplotlib.figure import Figure
from shared import write_report

from bcd_utils.reporting.plots.style import LOOKS, MUTED, PAGE
from bcd_utils.study.run import Run
from bcd_utils.utils.paths import REPORTS

EVERY = 1.0  # seconds


def watched(command: list[str]) -> pd.DataFrame:
    """Run a command; columns ``time`` (seconds since 1970) and ``cores`` (busy since the row before)."""
    rows: list[tuple[float, float]] = []
    before: dict[tuple[int, float], float] = {}
    last = time.time()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as running:
        while running.poll() is None:
            time.sleep(EVERY)
            spent = seconds_by_process(running.pid)
            now = time.time()
            more = sum(seconds - before.get(process, 0.0) for process, seconds in spent.items())
            rows.append((now, more / (now - last)))
            before, last = spent, now
    if running.returncode:
        raise SystemExit(running.returncode)
    return pd.DataFrame(rows, columns=["time", "cores"])


def seconds_by_process(root: int) -> dict[tuple[int, float], float]:
    """Processor seconds of a process and all below it; one that has just ended is left out."""
    found = {}
    try:
        top = psutil.Process(root)
        processes = [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        processes = []
    for process in processes:
        try:
            spent = process.cpu_times()
            found[process.pid, process.create_time()] = spent.user + spent.system
        except psutil.NoSuchProcess:
            continue
    return found


def by_notebook(busy: pd.DataFrame, run: Run) -> pd.DataFrame:
    """Seconds and mean of the busy cores of each stage, from its start to its end, by the times of its marker."""
    rows = []
    for name in run.study.notebooks:
        ended = (run.folder / "markers" / f"{name}.json").stat().st_mtime
        started = ended - (run.marker_of(name) or {})["seconds"]
        cores = busy.loc[busy["time"].between(started, ended), "cores"].mean()
        rows.append(
            {
                "notebook": name,
                "start": started,
                "seconds": round(ended - started, 1),
                "cores": round(cores, 2),
            }
        )
    return pd.DataFrame(rows)


def drawn(busy: pd.DataFrame, stages: pd.DataFrame, cores: int) -> Figure:
    """Busy cores over time, means of ten seconds, with the stages marked."""
    first = busy["time"].iloc[0]
    figure = Figure(figsize=(PAGE, 2.4), layout="constrained")
    panel = figure.subplots()
    minutes = (busy["time"] - first) / 60
    panel.fill_between(
        minutes, busy["cores"].clip(upper=cores), step="pre", color=LOOKS[0].colour, alpha=0.35, lw=0
    )
    panel.plot(minutes, busy["cores"].rolling(10, min_periods=1).mean(), color=LOOKS[0].colour)
    panel.axhline(cores, color=MUTED, lw=0.8, ls="--")
    for stage in stages.itertuples():
        panel.axvline((stage.start - first) / 60, color=MUTED, lw=0.5)
        if stage.seconds > 0.03 * (busy["time"].iloc[-1] - first):
            panel.text((stage.start - first) / 60, cores * 1.03, f" {stage.notebook[:2]}", va="bottom")
    panel.set(xlabel="minutes", ylabel="busy cores", ylim=(0, cores * 1.2), xlim=(0, minutes.iloc[-1]))
    panel.set_yticks(np.arange(cores + 1))
    return figure


def main() -> None:
    """Run, print and draw."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        raise SystemExit(__doc__)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["BCD_CACHE_DIR"] = f"{scratch}/cache"
        folder = Path(scratch) / "run"
        busy = watched([sys.executable, "-m", "bcd_utils", "run", *sys.argv[1:], "--run-dir", str(folder)])
        stages = by_notebook(busy, Run.open(folder))
    mean = busy["cores"].mean()
    write_report("timeline", stages, f"Of {cores} cores {mean:.2f} busy on average, {len(busy)} s.")
    drawn(busy, stages, cores).savefig(REPORTS / "bench" / "timeline.png", dpi=200)
    sys.stdout.write(
        stages.drop(columns="start").to_string(index=False) + f"\nbusy on average: {mean:.2f} of {cores}\n"
    )


if __name__ == "__main__":
    main()
