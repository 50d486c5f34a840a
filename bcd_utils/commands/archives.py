"""``bcd archive`` and ``verify``: a run that others can check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bcd_utils.reporting.console import console, print_table, say_where


def archive(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a finished run.")],
    out: Annotated[
        Path | None, typer.Option(help="A zip file (NAME.zip) or a folder. Default: RUN.zip, beside the run.")
    ] = None,
    pictures: Annotated[
        bool, typer.Option(help="Whether the few images go along that the run's figures show.")
    ] = True,
) -> None:
    """Write a finished run as an RO-Crate: settings, notebooks, pages, scores and hashes; no images, no weights.

    Example: [bold]bcd archive reports/phantom --no-pictures[/bold]
    """
    from bcd_utils.pipeline.archive import archive as archived
    from bcd_utils.pipeline.stages import all_stages
    from bcd_utils.study.run import Run

    run = Run.open(run_folder)
    target = out or run.folder.with_name(f"{run.folder.name}.zip")
    with console.status("archiving"):
        made = archived(run, all_stages(), target, pictures)
    for each in made.left_out:
        console.print(f"Not in it: {escape(each)}.", soft_wrap=True)
    console.print(f"Fingerprint: {made.fingerprint}", soft_wrap=True)
    say_where("Archive", made.path)


def verify(
    archive_file: Annotated[
        Path, typer.Argument(metavar="ARCHIVE", help="Zip file or folder that 'bcd archive' wrote.")
    ],
    data_dir: Annotated[Path | None, typer.Option(help="Folder or archive with the images.")] = None,
    run_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the new run; a run that is finished there is held against the archive as it is."
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Say where further files are, backbone=FILE say; may be repeated.",
        ),
    ] = None,
) -> None:
    """Check an archive and its data, run its study again, and compare number by number; ends with 1 if they differ.

    Example: [bold]bcd verify phantom.zip --run-dir reports/phantom_again[/bold]
    """
    from bcd_utils.pipeline.runner import Chain
    from bcd_utils.pipeline.verification import write_verification
    from bcd_utils.pipeline.verify import changed_images, opened, study_of
    from bcd_utils.pipeline.verify import verify as verified
    from bcd_utils.reporting.console_progress import ChainProgress
    from bcd_utils.utils.sealed import fingerprint

    archived = opened(archive_file)
    seal = fingerprint(archived.folder)
    console.print(f"All files are as archived; fingerprint {seal}", soft_wrap=True)
    study = study_of(archived, data_dir, list(overrides or []))
    data = changed_images(archived, study)
    for each in data[:10]:
        console.print(f"[yellow]{escape(each)}[/yellow]", soft_wrap=True)
    with console.status("starting") as status:

        def told(chain: Chain) -> ChainProgress:
            return ChainProgress([stage.notebook for stage in chain.stages], console, status)

        found, run = verified(archived, study, run_dir, told, data)
    page = write_verification(found, run.folder, seal)
    for corner, table in {
        "stage": found.stages,
        "metric": found.scores,
        "made with": found.made_with,
    }.items():
        if len(table):  # a run of a few notebooks has no scores
            print_table([corner, *table.columns], table.itertuples())
    for sentence in found.answer:
        console.print(escape(sentence), soft_wrap=True)
    say_where("Page", page)
    raise typer.Exit(0 if found.holds else 1)
