"""What the terminal shows: tables, and a run's results beside the paper's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Column, Table

from bcd_utils.study.run import Run
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import read_json
from bcd_utils.utils.path_text import in_shell
from bcd_utils.utils.paths import readable

console = Console(highlight=False)
#: What every summary holds.
PROMISED = {"study", "dataset", "split", "metrics", "intervals", "paper", "announcements", "settings"}


def say_where(what: str, path: Path) -> None:
    """Print where a file is that was written, as one would type it here."""
    console.print(f"{what}: [bold]{escape(readable(path))}[/bold]", soft_wrap=True)


def print_table(columns: Sequence[str], rows: Iterable[Iterable[object]], **looks: bool) -> None:
    """Print rows of plain values; where the terminal is too narrow for a table, each in words, so that none is cut."""
    heads = (Column(name, no_wrap=name.endswith("interval"), overflow="fold") for name in columns)
    table = Table(*heads, **looks)  # type: ignore[arg-type]
    texts = [[escape(str(cell)) for cell in row] for row in rows]
    for row in texts:
        table.add_row(*row)
    if Measurement.get(console, console.options.update(max_width=1000), table).minimum <= console.width:
        console.print(table)
        return
    for row in texts:
        console.print(", ".join(f"{name} {cell}" for name, cell in zip(columns, row, strict=True) if cell))


def summary_of(folder: Path) -> dict[str, Any]:
    """The ``summary.json`` of a finished run.

    Raises
    ------
    StudyError
        If it is not there, cannot be read, or is not what a run writes.
    """
    path = folder / "summary.json"
    if not path.exists():
        problem = f"{readable(folder)} has no summary.json: its run did not finish"
        raise StudyError(problem, Run.open(folder).command)
    summary = read_json(path)
    if not isinstance(summary, dict) or not PROMISED <= summary.keys():
        problem = f"{readable(path)} is damaged: it is not the summary that a run writes"
        raise StudyError(
            problem, f"delete it (rm {in_shell(path)}), and make it anew: the same 'bcd run' as before"
        )
    return summary


def show_summary(folder: Path) -> None:
    """Print the summary table of a finished run."""
    from bcd_utils.evaluation.format import interval, number
    from bcd_utils.evaluation.metric_registry import main_metrics
    from bcd_utils.reporting.statements import state

    summary = summary_of(folder)
    for record in ("modalities", "image_and_record", "recipe", "fewer_labels"):
        if statement := summary.get(record) and state(record, summary):
            console.print(escape(statement.text), soft_wrap=True)
    if dataset := summary["dataset"]:
        sets = " / ".join(f"{count} {SET_TITLES[name]}" for name, count in (summary["split"] or {}).items())
        console.print(
            f"{dataset['title']}: {dataset['images']} images, {dataset['set_aside']} set aside"
            + f"; {sets}" * bool(sets)
        )
    for text in summary["announcements"]:
        console.print(f"[yellow]{text}[/yellow]")
    if not summary["metrics"]:
        return
    level = f"{summary['settings']['confidence']:.0%} interval"
    compared = any(summary["paper"].values())
    rows = []
    for name, set_title in SET_TITLES.items():
        for metric, title in main_metrics().items():
            value, paper = summary["metrics"][name].get(metric), summary["paper"][name].get(metric)
            bounds = summary["intervals"].get(metric, {}) if name == "test" else {}
            ends = interval(bounds.get("low"), bounds.get("high")) or "none" * bool(bounds)
            gap = None if None in (value, paper) else value - paper
            beside = (number(paper, 4), number(gap, 4, "+")) if compared else ()
            rows.append((set_title, title, number(value, 4), ends, *beside))
    print_table(["set", "metric", "this run", level, *(["paper", "difference"] if compared else [])], rows)
