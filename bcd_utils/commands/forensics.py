"""``bcd forensics``: what a publication's scores give away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from bcd_utils.reporting.console import console
from bcd_utils.utils.errors import StudyError


def forensics(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML file of reported scores.")],
    csv: Annotated[Path | None, typer.Option(help="Also write all matching matrices to this file.")] = None,
) -> None:
    """Find every confusion matrix that fits a publication's rounded scores, and what all its sets say together.

    Example: [bold]bcd forensics studies/paper_reported.yaml --csv matrices.csv[/bold]
    """
    from bcd_utils.evaluation.reported import load_reported
    from bcd_utils.experiments.paper_forensics.allocations import allocate
    from bcd_utils.experiments.paper_forensics.console import print_findings
    from bcd_utils.experiments.paper_forensics.matrices import examine, matrix_table
    from bcd_utils.utils.files import write_text

    reported = load_reported(file)
    with console.status("comparing confusion matrices with the scores"):
        findings, allocations = examine(reported), allocate(reported)
    print_findings(console, reported, findings, allocations)
    if csv is not None:
        try:
            write_text(csv, matrix_table(findings).to_csv(index=False))
        except OSError as error:
            raise StudyError(f"{csv} cannot be written ({error.strerror})", "name another file") from None
        console.print(f"All matching matrices: [bold]{escape(str(csv))}[/bold]", soft_wrap=True)
