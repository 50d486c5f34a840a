"""What `matrices` found, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from bcd_utils.evaluation.format import span
from bcd_utils.evaluation.metric_registry import METRICS, class_metrics
from bcd_utils.evaluation.reported import Reported
from bcd_utils.experiments.paper_forensics.allocations import Allocation
from bcd_utils.experiments.paper_forensics.joint import (
    TOGETHER,
    counts_table,
    perfect_everywhere,
    said_of_sums,
    totals_table,
)
from bcd_utils.experiments.paper_forensics.matrices import (
    MEAN,
    Finding,
    fitting_readings,
    fitting_together,
    pooled,
    ranges,
    set_values,
    shared,
)
from bcd_utils.experiments.paper_forensics.search import many
from bcd_utils.utils.words import enumerated

MOST_SHOWN = 10


def print_findings(
    console: Console, reported: Reported, findings: Sequence[Finding], allocations: Sequence[Allocation] = ()
) -> None:
    """Print which matrices fit each set's scores, what they share, how scores were averaged, and all sets jointly."""

    def say(text: str, style: str = "") -> None:
        console.print(escape(text), style=style, soft_wrap=True)

    say(reported.source or "Reported scores", "bold")
    if reported.stratified:
        say(f"Assumed: a stratified split, cut off in this order: {', '.join(reported.stratified)}.")
    if reported.folds:
        say(f"Assumed: {reported.folds} stratified folds, each image tested once.")
    for score in reported.unused():
        say(f"{score} constrains no confusion matrix: it depends on the probabilities.")
    known = reported.counts()
    for name, scores in reported.reported.items():
        counts = known.get(name, {})
        classes = ", ".join(f"{images:,} {label}" for label, images in counts.items()) or "class counts open"
        say(f"\n{name}: {sum(counts.values()) or reported.split[name]:,} images ({classes})", "bold")
        say(f"  reported {', '.join(f'{score} {text}' for score, text in scores.items())}")
        for finding in findings:
            if finding.set == name:
                say(f"  {matching(finding)}", "green" if finding.fits else "yellow")
                for line in evidence(finding):
                    say(f"    {line}")
                if len(finding.matrices):
                    console.print(Padding(range_table(finding), (0, 0, 0, 4), expand=False))
    if lines := jointly(reported, findings, allocations):
        say("\nAll sets together", "bold")
        say("\n".join(lines))


def jointly(
    reported: Reported, findings: Sequence[Finding], allocations: Sequence[Allocation] = ()
) -> list[str]:
    """What all sets say together, a line each."""
    lines, readings = [], fitting_readings(findings)
    if any(finding.f1 for finding in findings):
        lines.append(f"Averaging that fits every set: {', '.join(readings) or 'none'}")
    for reading in readings or [""]:
        for together in fitting_together(findings, reading):
            if not _is_partition(reported, together) and len(together) < 2:
                continue
            how = " and ".join(filter(None, (reading and f"{reading} averages", together[0].folds)))
            lines.append(f"Over the sets, in every combination of matching matrices{how and f' ({how})'}:")
            lines += [f"  {line}" for line in errors(pooled(together))]
    lines += said_of_sums(reported)
    totals = totals_table(reported)
    if len(totals):
        low, high = reported.totals
        lines.append(f"Numbers of images, of {low:,} to {high:,}, that allow every printed accuracy:")
    for rounding, row in totals.iterrows():
        stated = " (as stated)" if row["stated"] else ""
        lines.append(f"  {totals.index.name} {rounding}{stated}: {row['numbers of images']}")
    labels = perfect_everywhere(findings)
    for each in allocations:
        reading = f"{each.reading} averages: " if each.reading else ""
        lines.append(f"Class counts of a random split, {reading}{allocated(each, labels)}")
        lines += [f"  {line}" for line in likeliest(each, list(reported.images))]
    return lines


def allocated(allocation: Allocation, labels: Sequence[str]) -> str:
    """Which class counts fit, of each set alone and of all together."""
    if allocation.problem:
        return f"not searched: {allocation.problem}; what stands above does not rest on it"
    parts = [
        f"{len(table):,} of {table.attrs['tried']:,} fit {name}"
        + (
            f" (those with a chance below {table.attrs['least_chance']:g} not tried)"
            if table.attrs["least_chance"] > 0
            else ""
        )
        for name, table in allocation.alone.items()
    ]
    if len(allocation.alone) + bool(allocation.last) < 2:
        return "; ".join(parts)
    parts.append(f"{len(allocation.together) or 'none'} fit all sets at once")
    shares = counts_table([allocation], labels).loc[(allocation.reading, TOGETHER)]
    parts += [
        f"{label} without an error in all sets with {shares[f'{label} perfect']:.0%} of their chance"
        for label in labels
        if len(allocation.together)
    ]
    return "; ".join(parts)


def likeliest(allocation: Allocation, classes: Sequence[str]) -> list[str]:
    """The class counts that fit, as far as they can be shown."""
    table = allocation.together
    lines = []
    for row in table.head(MOST_SHOWN).to_dict("records"):
        sets = [
            f"{name} " + ", ".join(f"{row[f'{name}: {label}']:,} {label}" for label in classes)
            for name in filter(None, (*allocation.alone, allocation.last))
        ]
        lines.append("; ".join(sets))
    return lines + ([f"and {len(table) - MOST_SHOWN:,} more"] if len(table) > MOST_SHOWN else [])


def errors(table: pd.DataFrame) -> list[str]:
    """What `pooled` says, a line for each class."""
    lines = []
    for label, row in table.iterrows():
        found, false = (span(row[f"{what}_low"], row[f"{what}_high"], 0) for what in ("found", "false"))
        lines.append(f"{label}: {found} of {row['images']:,} found, {false} other images called {label}")
    return lines


def matching(finding: Finding) -> str:
    """How many matrices fit under this reading of the scores.

    Examples
    --------
    >>> import numpy as np
    >>> matching(Finding("test", "weighted", {"ill": 5, "well": 7}, 48, np.zeros((0, 2, 2))))
    'F1 read as weighted: none of 48 matrices fits'
    """
    read = [key.removesuffix(f"_{finding.f1}") for key in finding.scores if key.endswith(f"_{finding.f1}")]
    scores = enumerated(["F1" if score == "f1" else score for score in read or ["f1"]])
    average = f"those of {finding.f1}" if finding.f1 in finding.counts else finding.f1
    reading = f"{scores} read as {average}: " if average else ""
    folds = f"{finding.folds}: " if finding.folds else ""
    if finding.limits is None:
        count = len(finding.matrices)
        fit = "fit" if count > 1 else "fits"
        return f"{reading}{folds}{count or 'none'} of {finding.tried:,.0f} matrices {fit}"
    why = f"{many(finding.tried)} matrices are too many to try; " if finding.folds != MEAN else ""
    if not finding.fits:
        return f"{reading}{folds}{why}no matrix has these scores, linear constraints prove"
    return f"{reading}{folds}{why}not excluded; linear constraints leave"


def evidence(finding: Finding) -> list[str]:
    """The matching matrices, as far as they can be shown, and what all of them share."""
    matrices = finding.matrices
    if finding.limits is not None:
        return bounded(finding)
    lines = [str(matrix.tolist()) for matrix in matrices[:MOST_SHOWN]]
    if len(matrices) > MOST_SHOWN:
        lines.append(f"and {len(matrices) - MOST_SHOWN:,} more")
    return lines + shared(finding) + ([implied(finding)] if len(matrices) else [])


def bounded(finding: Finding) -> list[str]:
    """What is known without trying every matrix."""
    limits = finding.limits
    assert limits is not None
    used = [score for score in finding.scores if score not in limits.left_out]
    lines = [f"used: {', '.join(used) or 'the class counts alone'}"]
    if limits.possible:
        if limits.left_out:
            lines.append(f"left out, so that less may be possible: {', '.join(limits.left_out)}")
        lines += [*errors(limits.table), *shared(finding)]
    if limits.example is not None:
        lines.append(f"one matrix that has all scores: {limits.example.tolist()}")
    return lines


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
    """Whether the sets are the whole data set."""
    images = sum(sum(finding.counts.values()) for finding in findings)
    return images == sum(reported.images.values()) > 0
