"""What `matrices` found, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from bcd_utils.evaluation.format import span
from bcd_utils.evaluation.metric_registry import METRICS, class_metrics
from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.matrices import (
    Finding,
    fitting_readings,
    pooled,
    ranges,
    set_values,
    shared,
)

MOST_SHOWN = 10


def print_findings(console: Console, reported: Reported, findings: Sequence[Finding]) -> None:
    """Print which matrices fit each set's scores, what all of them share, and which F1 it is."""

    def say(text: str, style: str = "") -> None:
        console.print(escape(text), style=style, soft_wrap=True)

    say(reported.source or "Reported scores", "bold")
    if reported.stratified:
        say(f"Assumed: a stratified split, cut off in this order: {', '.join(reported.stratified)}.")
    for score in reported.unused():
        say(f"{score} constrains no confusion matrix: it depends on the probabilities.")
    for name, counts in reported.counts().items():
        classes = ", ".join(f"{images:,} {label}" for label, images in counts.items())
        scores = ", ".join(f"{score} {text}" for score, text in reported.reported[name].items())
        say(f"\n{name}: {sum(counts.values()):,} images ({classes})", "bold")
        say(f"  reported {scores}")
        for finding in findings:
            if finding.set == name:
                say(f"  {matching(finding)}", "green" if len(finding.matrices) else "yellow")
                for line in evidence(finding):
                    say(f"    {line}")
                if len(finding.matrices):
                    console.print(Padding(range_table(finding), (0, 0, 0, 4), expand=False))
    console.print()
    if readings := fitting_readings(findings):
        say(f"Averaging of F1 that fits every set: {', '.join(readings)}", "bold")
    elif any(finding.f1 for finding in findings):
        say("Averaging of F1 that fits every set: none", "bold")
    chosen = [finding for finding in findings if finding.f1 == (readings[0] if readings else "")]
    if len(readings) <= 1 and _is_partition(reported, chosen):
        say("All sets together, in every combination of matching matrices:")
        for label, row in pooled(chosen).iterrows():
            found, false = (span(row[f"{what}_low"], row[f"{what}_high"], 0) for what in ("found", "false"))
            say(f"  {label}: {found} of {row['images']:,} found, {false} other images called {label}")


def matching(finding: Finding) -> str:
    """How many matrices fit under this reading of F1.

    Examples
    --------
    >>> import numpy as np
    >>> matching(Finding("test", "weighted", {"ill": 5, "well": 7}, 48, np.zeros((0, 2, 2))))
    'F1 read as weighted: none of 48 matrices fits'
    """
    count = len(finding.matrices)
    average = f"that of {finding.f1}" if finding.f1 in finding.counts else finding.f1
    reading = f"F1 read as {average}: " if average else ""
    return f"{reading}{count or 'none'} of {finding.tried:,.0f} matrices {'fit' if count > 1 else 'fits'}"


def evidence(finding: Finding) -> list[str]:
    """The matching matrices, as far as they can be shown, and what all of them share."""
    matrices = finding.matrices
    lines = [str(matrix.tolist()) for matrix in matrices[:MOST_SHOWN]]
    if len(matrices) > MOST_SHOWN:
        lines.append(f"and {len(matrices) - MOST_SHOWN:,} more")
    return lines + shared(finding) + ([implied(finding)] if len(matrices) else [])


def implied(finding: Finding) -> str:
    """The metrics of the set over all matching matrices, whether they were reported or not."""
    titles = {metric.name: metric.title for metric in METRICS if not metric.per_class}
    values = set_values(finding).items()
    return ", ".join(f"{titles[name]} {span(found.min(), found.max())}" for name, found in values)


def range_table(finding: Finding) -> Table:
    """Each class's scores over all matching matrices."""
    metrics = list(class_metrics(determined=True))
    table = Table("class", "images", *(metric.title for metric in metrics))
    for label, row in ranges(finding).iterrows():
        cells = [span(row[f"{metric.name}_low"], row[f"{metric.name}_high"]) for metric in metrics]
        table.add_row(escape(label), f"{row['images']:,.0f}", *cells)
    return table


def _is_partition(reported: Reported, findings: Sequence[Finding]) -> bool:
    """Whether the sets are the whole data set, with a matching matrix each."""
    images = sum(sum(finding.counts.values()) for finding in findings)
    return images == sum(reported.images.values()) > 0 and all(len(each.matrices) for each in findings)
