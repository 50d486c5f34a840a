"""The ``bcd`` command: its subcommands, and how it ends when something is wrong."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from bcd_utils import __version__
from bcd_utils.commands import app as case_app
from bcd_utils.commands import archives, cache, data, export, forensics, paper, predict, run, runs
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.system_errors import refused
from bcd_utils.utils.terminal import refuse_a_lost_folder, speak_utf8

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (run.run, data.fetch, data.datasets, data.inspect, runs.runs, runs.show, runs.compare, runs.report,
                predict.predict, case_app.app, export.export, paper.paper, archives.archive, archives.verify,
                cache.cache, forensics.forensics, forensics.measured):  # fmt: skip
    app.command()(command)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(runs.lab)

errors = Console(stderr=True, highlight=False)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"bcd {__version__}")
        raise typer.Exit


@app.callback()
def of_all_commands(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Reproducible deep-learning studies in breast imaging. Not for clinical use."""


def _fail(error: StudyError) -> NoReturn:
    """Say what is wrong and how to mend it, and end."""
    errors.print(f"[red]Error:[/red] {escape(error.problem)}.", soft_wrap=True)
    if error.fix:
        errors.print(f"[bold]To fix:[/bold] {escape(error.fix)}.", soft_wrap=True)
    raise SystemExit(1) from None


def main() -> None:
    """Run the command; what a user can mend is one message, without a traceback."""
    try:
        refuse_a_lost_folder()
        speak_utf8()
        app()
    except StudyError as error:
        _fail(error)
    except OSError as error:
        if error.filename is None:  # of the output, which Python would try to finish at its end
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        _fail(refused(error))
    except SystemExit as end:
        if end.code == 130:  # what Typer makes of Ctrl-C
            errors.print("Stopped. What is finished is kept; the same command goes on from there.")
        raise


if __name__ == "__main__":
    main()
