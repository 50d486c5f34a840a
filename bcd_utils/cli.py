"""The ``bcd`` command."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bcd_utils.reporting.console import console, print_table, show_summary
from bcd_utils.utils.errors import StudyError

if TYPE_CHECKING:
    from bcd_utils.pipeline.runner import Step

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


def default_run_folder(name: str, overrides: list[str]) -> Path:
    """``reports/<name>``, with the overrides in the folder's name so that variants do not meet."""
    import hashlib
    import re

    from bcd_utils.utils.paths import REPORTS

    def short(text: str) -> str:
        """An override as a part of a folder's name; of a path the last part, and what tells it from others."""
        key, _, value = text.partition("=")
        if "/" in value:
            value = f"{value.rstrip('/').split('/')[-1]}-{hashlib.sha256(text.encode()).hexdigest()[:4]}"
        return re.sub(r"[^A-Za-z0-9.=-]+", "-", f"{key}={value}")

    suffix = "_".join(map(short, overrides))
    if len(suffix) > 60:
        suffix = suffix[:48] + "-" + hashlib.sha256(suffix.encode()).hexdigest()[:8]
    return REPORTS / (f"{name}_{suffix}" if suffix else name)


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


def show_plan(steps: list[Step]) -> None:
    """Print what a run would do."""
    rows = []
    for step in steps:
        took = "" if step.seconds is None else f"{step.seconds:.0f} s"
        left = "" if step.megabytes is None else f"{step.megabytes:.1f} MB"
        rows.append((step.notebook, step.why or "unchanged: skipped", took, left))
    print_table(("stage", "runs because", "took last", "left last"), rows)
    running = [step for step in steps if step.why]
    known = sum(step.seconds or 0 for step in running)
    new = sum(step.seconds is None for step in running)
    never = f", {new} never ran." if new else "."
    console.print(f"{len(running)} of {len(steps)} stages would run; they took {known:.0f} s last{never}")


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


@app.command()
def lab(
    run_folder: Annotated[
        str, typer.Argument(metavar="RUN", help="Folder of a finished run. Default: the newest.")
    ] = "",
) -> None:
    """Open the notebooks in JupyterLab on a finished run.

    Example: [bold]bcd lab reports/phantom[/bold]
    """
    from bcd_utils.study.run import Run
    from bcd_utils.utils.paths import NOTEBOOKS

    opened = Run.open(run_folder)
    environment = os.environ | {"BCD_RUN_DIR": str(opened.folder)}
    options = ["--notebook-dir", str(NOTEBOOKS.parent), "--LabApp.default_url=/lab/tree/notebooks"]
    command = [sys.executable, "-m", "jupyterlab", *options]
    raise SystemExit(subprocess.run(command, env=environment).returncode)


def _speak_utf8() -> None:
    """Start anew where the locale would have Python take names of files and their texts for something else."""
    if not sys.flags.utf8_mode and sys.getfilesystemencoding() != "utf-8":
        words = [sys.executable, "-m", "bcd_utils.cli", *sys.argv[1:]]
        os.execve(sys.executable, words, os.environ | {"PYTHONUTF8": "1"})
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError):  # of a stream whose file was exchanged
                stream.reconfigure(errors="backslashreplace")  # a terminal may not know every letter


def main() -> None:
    """Run the command; what a user can mend is one message, without a traceback."""
    _speak_utf8()
    try:
        app()
    except StudyError as error:
        errors.print(f"[red]Error:[/red] {escape(error.problem)}.", soft_wrap=True)
        if error.fix:
            errors.print(f"[bold]To fix:[/bold] {escape(error.fix)}.", soft_wrap=True)
        raise SystemExit(1) from None
    except SystemExit as end:
        if end.code == 130:  # what Typer makes of Ctrl-C
            errors.print("Stopped. The same command goes on from the last finished stage.")
        raise


if __name__ == "__main__":
    main()
