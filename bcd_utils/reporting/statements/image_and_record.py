"""What a program can know of images and records together."""

from __future__ import annotations

from bcd_utils.evaluation.format import with_interval
from bcd_utils.experiments.image_and_record.words import OPINION, said_of_claim
from bcd_utils.reporting.statements.base import Summary, at, notebook_of, runs, statement
from bcd_utils.utils.words import enumerated


@statement("artifacts/image_and_record.json")
def image_and_record(summary: Summary) -> str:
    if not runs(summary, "image_and_record"):
        return f"Patients' records were not tried: this study does not run {notebook_of(summary, 'image_and_record')}."
    made = at(summary, "image_and_record")
    area = f"roc_auc_{made['positive']}"
    shown = [f"{title} {with_interval(made['scores'][name][area])}" for name, title in made["arms"].items()]
    text = f"AUC of {made['positive']} against the rest, cross-validated by group: {'; '.join(shown)}."
    text += f" {said_of_claim(made)}"
    if any(column["kind"] == "read" for column in made["columns"].values()):
        text += f" {OPINION}"
    if made["leaks"]:
        text += f" Leak by missingness: in {enumerated(made['leaks'])} what is missing tells the class."
    return text
