"""What a program can know of how many labels a result needs."""

from __future__ import annotations

from bcd_utils.experiments.fewer_labels.words import said_of_claim, said_of_needed
from bcd_utils.reporting.statements.base import Summary, at, notebook_of, runs, statement


@statement("artifacts/fewer_labels.json")
def fewer_labels(summary: Summary) -> str:
    if not runs(summary, "fewer_labels"):
        return f"Fewer labels were not tried: this study does not run {notebook_of(summary, 'fewer_labels')}."
    made = at(summary, "fewer_labels")
    return (
        f"AUC of {made['positive']} against the rest, {made['draws']} draws in each of {made['folds']} grouped folds. "
        f"{said_of_needed(made)} {said_of_claim(made)}"
    )
