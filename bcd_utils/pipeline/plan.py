"""What a run would do, and why, without doing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bcd_utils.pipeline.staleness import parts_of, why
from bcd_utils.study.run import Run
from bcd_utils.study.stage import Stage


@dataclass(frozen=True)
class Step:
    """One stage of a plan.

    Attributes
    ----------
    notebook : str
    why : str
        Why it would run; empty where it would be skipped.
    seconds, megabytes : float or None
        What it took when it last ran: time, and size of its files; None where it never did.
    """

    notebook: str
    why: str
    seconds: float | None
    megabytes: float | None


def plan(
    run: Run,
    stages: Sequence[Stage],
    asked: int,
    outside: Mapping[str, Any],
    source: Callable[[Stage], Path],
) -> list[Step]:
    """What would run, and why.

    A stage that reads what an earlier one would make anew is listed; where that comes out the same, it is skipped.

    Parameters
    ----------
    run : Run
        Nothing is written into its folder.
    stages : sequence of Stage
    asked : int
        Index of the first stage that was asked to run again.
    outside : mapping
        For each notebook what its stage's ``outside`` said.
    source : callable
        ``source(stage)`` gives the notebook's file.
    """
    steps: list[Step] = []
    renewed: dict[str, str] = {}
    for index, stage in enumerate(stages):
        parts = parts_of(run, stage, stages[:index], outside[stage.notebook], source(stage))
        met = [name for name in (*stage.reads, *stage.also_reads) if name in renewed]
        reason = why(run, stage, parts)
        if not reason and index >= asked:
            reason = "asked for"
        if not reason and met:
            reason = f"reads {met[0]}, which {renewed[met[0]]} makes anew"
        marker = run.marker_of(stage.notebook) or {}
        size = marker.get("bytes")
        steps.append(
            Step(stage.notebook, reason, marker.get("seconds"), None if size is None else size / 1e6)
        )
        if reason:
            renewed |= dict.fromkeys(stage.writes, stage.notebook)
    return steps
