"""What a terminal, and what a file, is told of a chain."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from bcd_utils.reporting.console_progress import ChainProgress, CountProgress

STAGES = ["01_first", "02_second"]


class Line:
    def __init__(self):
        self.shown = []

    def update(self, text):
        self.shown.append(text)


def told(terminal: bool) -> tuple[list[str], list[str]]:
    """Lines printed, and what the changing line showed, in three and a half minutes of the second stage."""
    console, line = Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None), Line()
    progress = ChainProgress(STAGES, console, line)
    progress("01_first", "unchanged", 0.0, "")
    for half in range(1, 420):
        progress("02_second", "running", half / 2, "" if half < 200 else "[images] 3 of 9, about 4 min left")
    progress("02_second", "done", 210.0, "new [code]")
    return console.file.getvalue().splitlines(), line.shown


def test_where_no_line_can_change_there_is_one_a_minute():
    lines, changing = told(terminal=False)
    assert changing == []
    assert lines == [
        "  ✓ stage 1 of 2  01_first                 unchanged",
        "    stage 2 of 2  02_second                for 1 min",
        "    stage 2 of 2  02_second                for 2 min: [images] 3 of 9, about 4 min left",
        "    stage 2 of 2  02_second                for 3 min: [images] 3 of 9, about 4 min left",
        "  ✓ stage 2 of 2  02_second                210.0 s   new [code]",
    ]


def test_a_terminal_shows_it_in_one_line_that_changes():
    lines, changing = told(terminal=True)
    assert len(lines) == 2 and len(changing) == 419
    assert changing[-1].startswith("stage 2 of 2  02_second   210 s") and "about 4 min left" in changing[-1]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_short_stage_is_one_line(terminal):
    console, line = Console(file=io.StringIO(), force_terminal=terminal, width=100), Line()
    progress = ChainProgress(STAGES, console, line)
    progress("01_first", "running", 59.5, "")
    progress("01_first", "done", 59.6, "")
    assert console.file.getvalue().count("\n") == 1


@pytest.mark.parametrize("terminal", [True, False])
def test_a_count_is_told_with_the_time_left(terminal, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("bcd_utils.reporting.console_progress.time.monotonic", lambda: now[0])
    console, line = Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None), Line()
    progress = CountProgress("images", console, line)
    for minute in range(4):
        now[0] = 60.0 * minute
        progress(1000 + 100 * minute, 1600)
    expected = ["1,100 of 1,600 images, about 5 min left", "1,200 of 1,600 images, about 4 min left"]
    if terminal:
        assert line.shown[:3] == ["1,000 of 1,600 images", *expected]
    else:
        assert [text.strip() for text in console.file.getvalue().splitlines()][:2] == expected
