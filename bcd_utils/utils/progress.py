"""One line of progress: in the notebook it is replaced in place, in the terminal the chain shows it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

PROGRESS_FILE = "BCD_PROGRESS_FILE"
PROGRESS = "bcd_progress"  # in an output's metadata: of use while a notebook runs, none in a report


class Progress:
    """Callable that shows "label done of total, time left", leaving one line of output in the notebook.

    Parameters
    ----------
    label : str
        What is being counted, such as "images".
    """

    def __init__(self, label: str):
        self.label = label
        self._shown = 0.0
        self._started = time.monotonic()
        self._first: tuple[float, int] | None = None
        self._handle: Any = None

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Show the state; called as often as one likes, drawn at most twice a second."""
        now = time.monotonic()
        self._first = self._first or (now, done)
        if done < total and now - self._shown < 0.5:
            return
        self._shown = now
        parts = [f"{self.label} {done} of {total}", note, time_left(*self._first, now, done, total)]
        text = ", ".join(part for part in parts if part)
        self._display(text)
        if os.environ.get(PROGRESS_FILE):
            path = Path(os.environ[PROGRESS_FILE])
            path.write_text(text)
            with open(path.with_suffix(".work"), "a") as work:  # time spent on data, not on overhead
                work.write(f"{now - self._started:.2f}\t{self.label}\n")
            self._started = now

    def _display(self, text: str) -> None:
        from IPython import get_ipython
        from IPython.display import Markdown, display

        if get_ipython() is None:
            return
        line = Markdown(text)  # type: ignore[no-untyped-call]
        if self._handle is None:
            self._handle = display(line, display_id=True, metadata={PROGRESS: True})  # type: ignore[no-untyped-call]
        else:
            self._handle.update(line, metadata={PROGRESS: True})


def time_left(began: float, done_before: int, now: float, done: int, total: int) -> str:
    """How long the rest takes at the pace so far; empty where that is unknown, or seconds.

    Examples
    --------
    >>> time_left(began=0, done_before=10, now=60, done=20, total=50)
    'about 3 min left'
    """
    if done <= done_before or done >= total:
        return ""
    seconds = (now - began) / (done - done_before) * (total - done)
    return "" if seconds < 20 else f"about {max(1, round(seconds / 60))} min left"
