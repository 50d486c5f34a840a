"""``bcd predict``: what a finished run says of further images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bcd_utils.reporting.console import console, say_where
from bcd_utils.utils.words import counted

MOST_REASONS = 3  # why images were not read, in the terminal; the file has all


def predict(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="IMAGES...",
            help="Image files, DICOM among them, folders, zip files, and tables (CSV, Excel) with a column 'path'.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="File to write: .csv, .jsonl (JSON lines) or .parquet.", show_default=True)
    ] = Path("predicted.csv"),
    further: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="RUN", help="A further run to average with; may be repeated."),
    ] = None,
    heat_maps: Annotated[
        Path | None, typer.Option(help="Folder for a heat map of each image: a PNG, and an array.")
    ] = None,
    method: Annotated[str, typer.Option(help="Of heat maps: grad-cam or hires-cam.")] = "grad-cam",
    of_class: Annotated[
        str, typer.Option("--class", help="The class that heat maps show. Default: the predicted one.")
    ] = "",
) -> None:
    """Apply a finished run to images: a row each, with what the network says and whether it has seen the like.

    Not for clinical use. Interrupted, the same command goes on. Ends with 1 if no image could be read.

    Example: [bold]bcd predict reports/phantom ~/images --out predicted.csv --heat-maps maps[/bold]
    """
    from bcd_utils.prediction.columns import NOT_CLINICAL
    from bcd_utils.prediction.heat_maps import HeatMaps
    from bcd_utils.prediction.model import StudyModel
    from bcd_utils.prediction.table import check_ending, write_predictions
    from bcd_utils.reporting.console_progress import CountProgress

    check_ending(out)
    maps = HeatMaps(heat_maps, method, of_class) if heat_maps else None
    console.print(f"[bold yellow]{NOT_CLINICAL}[/bold yellow]", soft_wrap=True)
    with console.status("opening the run") as status:
        model = StudyModel.open(run_folder, *(further or []))
        for text in model.announcements:
            console.print(f"[yellow]{escape(text)}[/yellow]", soft_wrap=True)
        counts = write_predictions(model, images, out, maps, CountProgress("images", console, status))
    reasons = ", ".join(f"{why} ({number:,})" for why, number in counts.unread.most_common(MOST_REASONS))
    more = ", and others" * (len(counts.unread) > MOST_REASONS)
    unread = f"; not read: {reasons}{more}" * bool(reasons)
    console.print(escape(f"{counted(counts.images, 'image')}, {counts.read:,} read{unread}."), soft_wrap=True)
    if counts.read:
        console.print(
            f"The model abstains from {counts.abstained:,} of those read (column abstain).", soft_wrap=True
        )
    say_where("Predictions", out)
    say_where("What its columns mean", Path(f"{out}.columns.csv"))
    if not counts.read:
        raise typer.Exit(1)
