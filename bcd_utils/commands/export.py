"""``bcd export``: a finished run's network as files for other programs and devices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bcd_utils.reporting.console import console, say_where


def export(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    to: Annotated[list[str], typer.Option("--to", help="onnx or litert; may be repeated.")],
    weights: Annotated[
        list[str] | None, typer.Option(help="float32 or int8; may be repeated. Default: both.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Default: export, in the run's folder.")
    ] = None,
    max_changed: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Share of the internal test set of which a file may decide otherwise."
        ),
    ] = 0.01,
) -> None:
    """Write a run's network as one file from pixels to calibrated probabilities, and hold it against the run.

    Not for clinical use. A file that decides otherwise of more images than may change is refused.

    Example: [bold]bcd export reports/phantom --to onnx --to litert[/bold]
    """
    from bcd_utils.prediction.export.folder import WEIGHTS, check_asked
    from bcd_utils.prediction.export.folder import export as exported
    from bcd_utils.prediction.network import Network
    from bcd_utils.prediction.table import NOT_CLINICAL
    from bcd_utils.reporting.console_progress import CountProgress
    from bcd_utils.study.run import Run

    check_asked(to, weights or WEIGHTS)
    console.print(f"[bold yellow]{NOT_CLINICAL}[/bold yellow]", soft_wrap=True)
    run = Run.open(run_folder)
    folder = out or run.folder / "export"
    with console.status("converting") as status:
        network = Network.of_run(run)
        table = exported(
            network,
            to,
            weights or WEIGHTS,
            folder,
            max_changed,
            lambda what: CountProgress(what, console, status),
        )
    for row in table.itertuples():
        console.print(
            f"{row.file}, images {row.images_given}: largest difference {row.largest_difference:.1e}, "
            f"{row.changed} of {row.images} decisions changed, {row.megabytes:.2f} MB, {row.milliseconds:.1f} ms",
            soft_wrap=True,
        )
    say_where("Page", folder / "export.html")
