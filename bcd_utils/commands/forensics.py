"""``bcd forensics`` and ``bcd measured``: what a publication's scores give away, and what they are held against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bcd_utils.reporting.console import console, say_where
from bcd_utils.utils.errors import StudyError


def forensics(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="YAML file of reported scores, or of published rows.")
    ],
    row: Annotated[str, typer.Option(help="Key of the row to examine, in a file of published rows.")] = "",
    csv: Annotated[Path | None, typer.Option(help="Also write all matching matrices to this file.")] = None,
) -> None:
    """Find every confusion matrix that fits a publication's rounded scores, and what all its sets say together.

    Example: [bold]bcd forensics studies/paper_reported.yaml --csv matrices.csv[/bold], or of many published rows one:
    [bold]bcd forensics studies/published/busi.yaml --row R09[/bold]
    """
    from bcd_utils.evaluation.reported import load_reported, read_texts
    from bcd_utils.experiments.paper_forensics.allocations import allocate
    from bcd_utils.experiments.paper_forensics.console import print_findings
    from bcd_utils.experiments.paper_forensics.matrices import examine, matrix_table
    from bcd_utils.experiments.published_results.console import alternatives_of, print_row
    from bcd_utils.experiments.published_results.rows import is_published, load_published, row_named
    from bcd_utils.utils.files import write_text

    if is_published(read_texts(file)):
        published = load_published(file)
        if not row:
            fix = f"add --row with one of {', '.join(published.rows)}, or run 'bcd run published' for all"
            raise StudyError(f"{file} holds {len(published.rows)} rows", fix)
        chosen = row_named(published, row)
        with console.status("looking for test sets and matrices that fit"):
            check = print_row(console, chosen, published)
        alternatives = alternatives_of(chosen, check)
    else:
        alternatives = [load_reported(file)]
    all_findings = []
    for reported in alternatives:
        with console.status("comparing confusion matrices with the scores"):
            findings, allocations = examine(reported), allocate(reported)
        print_findings(console, reported, findings, allocations)
        all_findings += findings
    if csv is not None:
        try:
            write_text(csv, matrix_table(all_findings).to_csv(index=False))
        except OSError as error:
            raise StudyError(f"{csv} cannot be written ({error.strerror})", "name another file") from None
        say_where("All matching matrices", csv)


def measured(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a finished run of studies/trust.yaml.")
    ],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON file to write.")],
) -> None:
    """Keep the scores of a run's arms in a small file, which published results are held against without any image.

    Example: [bold]bcd measured reports/trust studies/published/busi_measured.json[/bold]
    """
    from bcd_utils.experiments.published_results.measured import measure
    from bcd_utils.study.run import Run
    from bcd_utils.utils.files import write_text

    values = measure(Run.open(run))
    write_text(file, json.dumps(values, ensure_ascii=False).replace("}, ", "},\n ") + "\n")  # an arm a line
    splits = sum(len(arm["accuracy"]) for arm in values["arms"].values())
    say_where(f"{len(values['arms'])} arms, {splits} splits", file)
