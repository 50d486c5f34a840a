"""What a program can know of the way from the paper's protocol to a tuned network."""

from __future__ import annotations

from bcd_utils.experiments.recipe.record import said_of_steps, said_of_whole_way
from bcd_utils.reporting.statements.base import Summary, at, notebook_of, runs, statement


@statement("artifacts/recipe.json")
def recipe(summary: Summary) -> str:
    if not runs(summary, "recipe"):
        return f"No network was tuned end to end: this study does not run {notebook_of(summary, 'recipe')}."
    made = at(summary, "recipe")
    return f"{said_of_whole_way(made)} {said_of_steps(made)}"
