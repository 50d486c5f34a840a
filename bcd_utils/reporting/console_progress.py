"""How far a chain of notebooks or a count is: one changing line in a terminal, a line a minute elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from bcd_utils.utils.progress import time_left

#: Seconds between two lines about one stage where no line can change.
BETWEEN = 60


class ChainProgress:
    """Told twice a second where a chain is; shows it as far as there is something new to say.

    Parameters
    ----------
    stages : sequence of str
        The chain's notebooks, in order.
    console : rich.console.Console
    status : rich.status.Status
        The changing line; of use in a terminal alone.
    """

    def __init__(self, stages: Sequence[str], console: Console, status: Any):
        self.stages = list(stages)
        self.console = console
        self.status = status
        self._said = 0.0

    def __call__(self, stage: str, state: str, seconds: float, note: str) -> None:
        """Say it.

        Parameters
        ----------
        stage : str
        state : {"running", "done", "unchanged"}
        seconds : float
            Since the stage began.
        note : str
            What it is at while it runs; why it ran when it is done.
        """
        place = f"stage {self.stages.index(stage) + 1} of {len(self.stages)}"
        if state != "running":
            self._said = 0.0
            shown = "unchanged" if state == "unchanged" else f"{seconds:.1f} s".ljust(10) + escape(note)
            self.console.print(f"  [green]✓[/green] {place}  {stage:<24} {shown}", soft_wrap=True)
        elif self.console.is_terminal:
            self.status.update(f"{place}  {stage}  {seconds:4.0f} s  {escape(note)}")
        elif seconds - self._said >= BETWEEN:
            self._said = seconds
            now = f"for {seconds / 60:.0f} min: {escape(note)}".rstrip(": ")
            self.console.print(f"    {place}  {stage:<24} {now}", soft_wrap=True)


class CountProgress:
    """Told how many of something are done; shows it with the time left.

    Parameters
    ----------
    what : str
        What is counted, such as "images".
    console : rich.console.Console
    status : rich.status.Status
        The changing line; of use in a terminal alone.
    """

    def __init__(self, what: str, console: Console, status: Any):
        self.what = what
        self.console = console
        self.status = status
        self._first: tuple[float, int] | None = None
        self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Say it."""
        now = time.monotonic()
        self._first = self._first or (now, done)
        left = time_left(*self._first, now, done, total)
        text = ", ".join(filter(None, [f"{done:,} of {total:,} {self.what}", left]))
        if self.console.is_terminal:
            self.status.update(text)
        elif now - self._said >= BETWEEN:
            self._said = now
            self.console.print(f"    {text}", soft_wrap=True)
