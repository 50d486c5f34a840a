"""``bcd paper``: the folder of a paper on finished runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bcd_utils.reporting.console import console, say_where


def paper(
    run_folders: Annotated[
        list[Path], typer.Argument(metavar="RUN [RUN...]", help="Folders of finished runs; the first leads.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Folder of the paper. Default: paper, in that of the first run."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Also compile it, with TeX on this machine.")] = False,
) -> None:
    """Write a paper on runs: a folder of TeX that compiles as it stands, and a zip for Overleaf beside it.

    What no program can know is read from author.yaml beside the study, which is written once and never changed.

    Example: [bold]bcd paper reports/phantom --pdf[/bold]
    """
    from bcd_utils.pipeline.stages import all_stages
    from bcd_utils.reporting.paper.compile import compile_paper
    from bcd_utils.reporting.paper.folder import write_paper
    from bcd_utils.study.run import Run
    from bcd_utils.utils.paths import readable

    written = write_paper([Run.open(folder) for folder in run_folders], all_stages(), out)
    if written.kept:
        kept = ", ".join(written.kept)
        console.print(
            f"[yellow]Kept, since a person had changed them:[/yellow] {escape(kept)}", soft_wrap=True
        )
    say = "[yellow]to be filled in[/yellow], then run this again" if written.new else "read"
    console.print(f"Authors: {escape(readable(written.author))} ({say})", soft_wrap=True)
    say_where("Paper", written.folder)
    say_where("Zip for Overleaf", written.archive)
    if pdf:
        made = compile_paper(written.folder, written.when)
        say_where("PDF", made)
