"""``bcd runs``, ``show``, ``compare``, ``report`` and ``lab``: what runs have left."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bcd_utils.reporting.console import console, print_table, say_where, show_summary, summary_of
from bcd_utils.utils.errors import StudyError


def runs() -> None:
    """List the runs: how far each is, and its test accuracy.

    Example: [bold]bcd runs[/bold]
    """
    from bcd_utils.reporting.runs_listed import COLUMNS, rows
    from bcd_utils.utils.paths import REPORTS, readable

    found = rows(REPORTS)
    if found:
        print_table(COLUMNS, found)
    else:
        console.print(
            f"There is no run in {escape(readable(REPORTS))}. Make one: bcd run phantom", soft_wrap=True
        )


def show(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole summary, for programs.")] = False,
) -> None:
    """Print a run's results beside the paper's.

    Example: [bold]bcd show reports/phantom[/bold]
    """
    from bcd_utils.study.run import Run

    folder = Run.open(run_folder).folder
    if as_json:
        console.out(json.dumps(summary_of(folder), indent=2, ensure_ascii=False), highlight=False)
    else:
        show_summary(folder)


def compare(
    run_folders: Annotated[
        list[Path],
        typer.Argument(metavar="RUN RUN...", help="Folders of runs; each is held against the first."),
    ],
    page: Annotated[Path | None, typer.Option(help="Also write it as a page, to this file.")] = None,
) -> None:
    """Put runs side by side: the settings that differ, their scores, and paired tests on the same test images.

    Example: [bold]bcd compare reports/phantom reports/phantom_epochs=5 --page reports/compared.html[/bold]
    """
    from bcd_utils.reporting.runs_compared import compare as compared_runs
    from bcd_utils.reporting.runs_compared import write_page
    from bcd_utils.study.run import Run

    compared = compared_runs([Run.open(folder) for folder in run_folders])
    for text in compared.announcements:
        console.print(f"[yellow]{escape(text)}[/yellow]", soft_wrap=True)
    tables = {"setting": compared.settings, "metric": compared.scores, "against the first": compared.tests}
    for corner, table in tables.items():
        if table is not None and len(table):
            print_table([corner, *table.columns], table.itertuples())
    console.print(escape(compared.said), soft_wrap=True)
    if page is not None:
        write_page(compared, page)
        say_where("Page", page)


def report(run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]) -> None:
    """Write summary and reports of a run whose notebooks papermill has made one by one.

    Example: [bold]bcd report reports/phantom[/bold]
    """
    from bcd_utils.pipeline.runner import Chain
    from bcd_utils.study.run import Run

    index = Chain(Run.open(run_folder)).report()
    show_summary(index.parent)
    say_where("Report", index)


def lab(
    context: typer.Context,
    run_folder: Annotated[
        str, typer.Argument(metavar="RUN", help="Folder of a run. Default: the one that finished last.")
    ] = "",
) -> None:
    """Look at a run in JupyterLab, in copies of its notebooks; the run stays as it is.

    Options of JupyterLab are passed on.

    Example: [bold]bcd lab reports/phantom --no-browser --port 8889[/bold]
    """
    from bcd_utils.pipeline.lab import lab_command
    from bcd_utils.study.run import Run

    if run_folder.startswith("-"):
        raise StudyError(
            f"{run_folder} stands where the run does", f"name the run first: bcd lab RUN {run_folder}"
        )
    opened = Run.open(run_folder)
    command = lab_command(opened, context.args)
    os.execve(command[0], command, os.environ | {"BCD_RUN_DIR": str(opened.folder)})
