"""The ``bcd`` command."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from bcd_utils.reporting.console import console, print_table, show_summary
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.system_errors import refused
from bcd_utils.utils.terminal import refuse_a_lost_folder, speak_utf8

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Reproducible deep-learning studies in breast imaging. Not for clinical use.",
)
errors = Console(stderr=True, highlight=False)


class Engine(StrEnum):
    """Where a sweep's jobs run."""

    joblib = "joblib"
    dask = "dask"


@app.command()
def run(
    study_file: Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="The study's settings.")],
    run_dir: Annotated[
        Path | None, typer.Option(help="Folder of this run. Default: reports/NAME, plus what --set changes.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder or archive with the images.")] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting; may be repeated."),
    ] = None,
    from_stage: Annotated[
        str | None,
        typer.Option("--from", metavar="STAGE", help="Run this stage (03, say) and all after it again."),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Replace the run of another study, or on other data, in that folder."
        ),
    ] = False,
    only_plan: Annotated[
        bool, typer.Option("--plan", help="Run nothing: list what would run, why, and what it took last.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option(help="Where repeated trainings run: all cores here, or a dask cluster.")
    ] = Engine.joblib,
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The dask cluster's scheduler, tcp://HOST:8786 say.")
    ] = "",
) -> None:
    """Run a study's notebooks and write its reports; finished stages are skipped.

    Example: [bold]bcd run studies/paper.yaml --data-dir ~/Dataset_BUSI_with_GT --set input=mask[/bold]
    """
    from bcd_utils.pipeline.origin import default_run_folder
    from bcd_utils.pipeline.plan import show_plan
    from bcd_utils.pipeline.runner import Chain
    from bcd_utils.pipeline.stages import sections
    from bcd_utils.study.loading import load_study
    from bcd_utils.study.run import Run
    from bcd_utils.utils.parallel import ENGINE, SCHEDULER
    from bcd_utils.utils.paths import readable

    if (engine is Engine.dask) != bool(scheduler):
        raise StudyError("--engine dask and --scheduler ADDRESS belong together", "give both or neither")
    os.environ |= {ENGINE: engine.value, SCHEDULER: scheduler}
    chosen = list(overrides or [])
    settings = {} if data_dir is None else {"source": {"data_dir": str(data_dir)}}
    study = load_study(study_file, chosen, sections(), **settings)
    folder = (run_dir or default_run_folder(study.name, chosen)).absolute()
    chain = Chain(Run(folder, study))
    console.print(f"[bold]{escape(study.title)}[/bold] in {escape(readable(folder))}", soft_wrap=True)
    if only_plan:
        show_plan(chain.plan(from_stage))
        return
    with console.status("starting") as status:

        def listen(stage: str, state: str, seconds: float, note: str) -> None:
            if state == "running":
                status.update(f"{stage}  {seconds:4.0f} s  {escape(note)}")
            else:
                shown = "unchanged" if state == "unchanged" else f"{seconds:.1f} s".ljust(10) + escape(note)
                console.print(f"  [green]✓[/green] {stage:<24} {shown}", soft_wrap=True)

        index = chain.execute(from_stage, listen, study_file, overwrite)
    show_summary(folder)
    console.print(f"Report: [bold]{escape(str(index))}[/bold]", soft_wrap=True)


@app.command()
def fetch(
    name: Annotated[
        str, typer.Argument(help="A data set (see bcd datasets), or a network whose ImageNet weights to get.")
    ],
) -> None:
    """Download a data set into data/raw, or a network's weights into Keras' cache; half a data set is resumed.

    Example: [bold]bcd fetch busi[/bold]
    """
    from bcd_utils.datasets import catalogue
    from bcd_utils.study.networks import NETWORKS

    if name in NETWORKS:
        from bcd_utils.models.backbones import fetch_weights

        place = fetch_weights(NETWORKS[name])
    else:
        wanted = catalogue.find(name)
        console.print(escape(catalogue.terms(wanted)), soft_wrap=True)
        place = catalogue.fetch(wanted)
    console.print(f"It is in {escape(str(place))}", soft_wrap=True)


@app.command()
def datasets() -> None:
    """List the data sets: what they hold, their licence, and where they are here.

    Example: [bold]bcd datasets[/bold]
    """
    from bcd_utils.datasets import catalogue

    print_table(catalogue.COLUMNS, catalogue.table(), show_lines=True)
    console.print("bcd fetch NAME downloads one, or says how to get it.")


@app.command()
def inspect(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="A folder or archive with images.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="source.KEY=VALUE", help="Say what the folder does not; may be repeated."
        ),
    ] = None,
) -> None:
    """Say what is understood of a folder of images, and print the section to paste into a study.

    Example: [bold]bcd inspect ~/images --set 'source.classes={benign: [B], malignant: [M]}'[/bold]
    """
    from bcd_utils.datasets.first_look import first_look
    from bcd_utils.study.loading import source_of

    with console.status("looking") as status:
        source = source_of({"dataset": "folder", "data_dir": folder}, list(overrides or []))
        parts = first_look(source, lambda done, total: status.update(f"{done} of {total} images opened"))
        for title, part in parts:
            console.print(f"[bold]{escape(title)}[/bold]")
            if isinstance(part, str):
                console.print(escape(part), soft_wrap=True)
                continue
            print_table(part.columns, part.itertuples(index=False))


@app.command()
def show(run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]) -> None:
    """Print a run's results beside the paper's.

    Example: [bold]bcd show reports/phantom[/bold]
    """
    from bcd_utils.study.run import Run

    show_summary(Run.open(run_folder).folder)


@app.command()
def cache(
    prune: Annotated[
        str,
        typer.Option(metavar="STUDY", help="Remove what only this study uses; '(no study)': what none does."),
    ] = "",
) -> None:
    """List what is kept to be not computed again, for which study, and how large it is.

    Example: [bold]bcd cache --prune phantom[/bold]
    """
    from bcd_utils.utils import cache_contents
    from bcd_utils.utils.paths import cache_folder, readable

    if prune:
        freed = cache_contents.prune(prune)
        console.print(f"Freed {freed:,} bytes; runs that need it again make it anew.")
        return
    columns = ("study", "kind", "entries", "bytes", "for it alone")
    found = cache_contents.contents()
    rows = cache_contents.table(found)
    print_table(columns, ((*row[:2], *(f"{number:,}" for number in row[2:])) for row in rows))
    total = sum(entry.bytes for entry in found)
    console.print(f"{total:,} bytes in {escape(readable(cache_folder()))}", soft_wrap=True)


@app.command()
def report(run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]) -> None:
    """Write summary and reports of a run whose notebooks papermill has made one by one.

    Example: [bold]bcd report reports/phantom[/bold]
    """
    from bcd_utils.pipeline.runner import Chain
    from bcd_utils.study.run import Run

    index = Chain(Run.open(run_folder)).report()
    show_summary(index.parent)
    console.print(f"Report: [bold]{escape(str(index))}[/bold]", soft_wrap=True)


@app.command()
def forensics(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML file of reported scores.")],
    csv: Annotated[Path | None, typer.Option(help="Also write all matching matrices to this file.")] = None,
) -> None:
    """Find every confusion matrix that fits a publication's rounded scores.

    Example: [bold]bcd forensics studies/paper_reported.yaml --csv matrices.csv[/bold]
    """
    from bcd_utils.evaluation.reported import load_reported
    from bcd_utils.experiments.paper_forensics.console import print_findings
    from bcd_utils.experiments.paper_forensics.matrices import examine, matrix_table
    from bcd_utils.utils.files import write_text

    reported = load_reported(file)
    with console.status("comparing confusion matrices with the scores"):
        findings = examine(reported)
    print_findings(console, reported, findings)
    if csv is not None:
        try:
            write_text(csv, matrix_table(findings).to_csv(index=False))
        except OSError as error:
            raise StudyError(f"{csv} cannot be written ({error.strerror})", "name another file") from None
        console.print(f"All matching matrices: [bold]{escape(str(csv))}[/bold]", soft_wrap=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
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

    opened = Run.open(run_folder)
    command = lab_command(opened, context.args)
    os.execve(command[0], command, os.environ | {"BCD_RUN_DIR": str(opened.folder)})


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
            errors.print("Stopped. The same command goes on from the last finished stage.")
        raise


if __name__ == "__main__":
    main()
