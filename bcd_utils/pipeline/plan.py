"""What a run would do, for the terminal."""

from __future__ import annotations

from bcd_utils.pipeline.runner import Step
from bcd_utils.reporting.console import console, print_table


def show_plan(steps: list[Step]) -> None:
    """Print what a run would do."""
    rows = []
    for step in steps:
        took = "" if step.seconds is None else f"{step.seconds:.0f} s"
        left = "" if step.megabytes is None else f"{step.megabytes:.1f} MB"
        rows.append((step.notebook, step.why or "unchanged: skipped", took, left))
    print_table(("stage", "runs because", "took last", "left last"), rows)
    running = [step for step in steps if step.why]
    known = sum(step.seconds or 0 for step in running)
    new = sum(step.seconds is None for step in running)
    never = f", {new} never ran." if new else "."
    console.print(f"{len(running)} of {len(steps)} stages would run; they took {known:.0f} s last{never}")
