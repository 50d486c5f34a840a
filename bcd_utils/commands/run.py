"""``bcd run``: a study from beginning to end."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bcd_utils.reporting.console import console, say_where, show_summary
from bcd_utils.utils.errors import StudyError


class Engine(StrEnum):
    """Where a sweep's jobs run."""

    joblib = "joblib"
    dask = "dask"


def run(
    study_file: Annotated[
        Path,
        typer.Argument(
            metavar="STUDY", help="A study's YAML file, or the name of one of ours: phantom, paper, ..."
        ),
    ],
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

    Example: [bold]bcd run paper --data-dir ~/Dataset_BUSI_with_GT --set input=mask[/bold]
    """
    from bcd_utils.pipeline.origin import default_run_folder
    from bcd_utils.pipeline.plan import show_plan
    from bcd_utils.pipeline.runner import Chain
    from bcd_utils.pipeline.stages import sections
    from bcd_utils.reporting.console_progress import ChainProgress
    from bcd_utils.study.loading import load_study, study_path
    from bcd_utils.study.run import Run
    from bcd_utils.utils.parallel import ENGINE, SCHEDULER
    from bcd_utils.utils.paths import readable

    if (engine is Engine.dask) != bool(scheduler):
        raise StudyError("--engine dask and --scheduler ADDRESS belong together", "give both or neither")
    os.environ |= {ENGINE: engine.value, SCHEDULER: scheduler}
    chosen = list(overrides or [])
    settings = {} if data_dir is None else {"source": {"data_dir": str(data_dir)}}
    study_file = study_path(study_file)
    study = load_study(study_file, chosen, sections(), **settings)
    folder = (run_dir or default_run_folder(study.name, chosen)).absolute()
    chain = Chain(Run(folder, study))
    console.print(f"[bold]{escape(study.title)}[/bold] in {escape(readable(folder))}", soft_wrap=True)
    if only_plan:
        show_plan(chain.plan(from_stage))
        return
    with console.status("starting") as status:
        told = ChainProgress([stage.notebook for stage in chain.stages], console, status)
        index = chain.execute(from_stage, told, study_file, overwrite)
    show_summary(folder)
    say_where("Report", index)
