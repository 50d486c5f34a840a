"""``bcd app``: a finished run's cases as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bcd_utils.reporting.console import console


def app(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the page's address.")] = 8866,
    host: Annotated[
        str, typer.Option(help="Address to serve at; 0.0.0.0 lets everybody in who can reach this machine.")
    ] = "127.0.0.1",
) -> None:
    """Look at a run's cases, or at images of one's own, on a page with controls; the run stays as it is.

    Not for clinical use. It needs Voila (pip install 'voila>=0.5'). Ctrl-C ends it.

    Example: [bold]bcd app reports/phantom --port 8867[/bold]
    """
    from bcd_utils.pipeline.app import check, is_local, serve
    from bcd_utils.prediction.columns import NOT_CLINICAL
    from bcd_utils.study.run import Run

    run = Run.open(run_folder)
    check(run, host, port)
    console.print(f"[bold yellow]{NOT_CLINICAL}[/bold yellow]", soft_wrap=True)
    if not is_local(host):
        console.print(
            f"[yellow]At {escape(host)} everybody who can reach this machine sees the run's images and may send "
            "others; nothing is encrypted, and nobody is asked who they are.[/yellow]",
            soft_wrap=True,
        )
    shown = f"[{host}]" if ":" in host else host
    console.print(
        f"{escape(run.study.title)}: [bold]http://{escape(shown)}:{port}/[/bold] (Ctrl-C ends it)",
        soft_wrap=True,
    )
    serve(run, host, port)
