"""Which statements, tables and figures make which part of a paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bcd_utils.reporting.paper import further_tables as further
from bcd_utils.reporting.paper import result_tables as results
from bcd_utils.reporting.paper.tables import Table
from bcd_utils.reporting.statements.base import STATEMENTS, Summary, answer, at, main_scores
from bcd_utils.study.set_titles import SET_TITLES
from bcd_utils.study.stage import Stage


@dataclass(frozen=True)
class Part:
    """A part of a paper.

    Attributes
    ----------
    title : str
    statements : tuple of str
        Names of functions in ``bcd_utils/reporting/statements``.
    tables : tuple of callable
        Each gives a `tables.Table` of the summary, or None.
    figures : tuple of str
        Names of figures for the main text; all others stand in the supplement.
    """

    title: str
    statements: tuple[str, ...] = ()
    tables: tuple[Callable[[Summary], Table | None], ...] = ()
    figures: tuple[str, ...] = ()


METHODS = (
    Part(
        "Data",
        ("data_source", "labels", "counts", "exclusions", "corrupt_images", "missing_data"),
        (results.image_counts,),
        ("flow",),
    ),
    Part("Split", ("split_method", "set_sizes", "split_level", "sample_size")),
    Part("Images as the network sees them", ("preprocessing", "input_shown")),
    Part(
        "Network and training",
        ("technology", "network", "initialisation", "training", "selection", "hyperparameters", "separation",
         "uses_of_tuning"),
    ),
    Part("Evaluation", ("internal_test", "metrics_named", "decision", "uncertainty")),
    Part("Software and machine", ("software", "hardware")),
)  # fmt: skip
#: The part of each key of ``summary.json``; those that a stage of its own makes are missed where they are not there.
RESULTS = {
    "metrics": Part(
        "Performance", ("performance", "failures"), (results.scores, results.by_class),
        ("confusion_matrices", "fig6_7_roc", "fig7_accuracy", "fig8_loss"),
    ),
    "operating_points": Part("Operating points", tables=(results.operating_points,), figures=("decision_curve",)),
    "calibration": Part("Calibration", tables=(results.calibration,), figures=("reliability",)),
    "subgroups": Part("Subgroups", ("subgroups",), (results.subgroups,)),
    "precision_plan": Part("Images for precise scores", ("precision_plan",), (results.precision_plan,)),
    "cam": Part("Where the network looks", ("explanation",), (results.localisation,), ("gradcam_examples",)),
    "audit": Part("Copies", ("duplicates",), (further.leaks,), ("leaks",)),
    "lottery": Part(
        "Other splits", ("repetition",), (further.repeated_splits, further.copies),
        ("split_lottery", "what_copies_are_worth"),
    ),
    "forensics": Part("The printed table", ("reported_table",), (further.rivals,), ("rival_explanations",)),
    "external": Part("Images from elsewhere", ("external_test",), (further.external,), ("external_scores",)),
    "comparison": Part(
        "Other models", ("comparison",), (further.candidates, further.claims), ("comparison_scores",)
    ),
    "modalities": Part(
        "Other kinds of images", ("modalities",), (further.modalities, further.transfer),
        ("modality_scores", "modality_transfer"),
    ),
}  # fmt: skip
AVAILABILITY = ("version", "code", "script", "settings_file")


def parts_of(summary: Summary, declared: Mapping[str, Stage]) -> dict[str, Part]:
    """The parts of a run's results: those of `RESULTS`, and one for each further stage that makes a statement."""
    own = {
        stage.record_key: Part(stage.question, figures=tuple(figure.name for figure in stage.figures))
        for stage in declared.values()
        if stage.statement and stage.record_key not in RESULTS
    }
    return {key: part for key, part in (RESULTS | own).items() if summary.get(key)}


def sentences(part: Part, key: str, declared: Mapping[str, Stage]) -> list[Callable[[Summary], str]]:
    """The functions that say what a part says."""
    if part.statements:
        return [STATEMENTS[name][0] for name in part.statements]
    return [stage.statement for stage in declared.values() if stage.record_key == key and stage.statement]


def lacking(summary: Summary, declared: Mapping[str, Stage]) -> list[str]:
    """What a run does not have, a sentence each."""
    stages, notebooks = at(summary, "stages"), summary["settings"]["notebooks"]
    said = []
    for key, part in RESULTS.items():
        maker = declared.get(stages.get("evaluation" if key == "metrics" else key, ""))
        if maker and key == "cam" and summary.get("cam") and not summary["cam"]["methods"]:
            said.append(
                f"{maker.question} Unknown: no image of the tuning and the internal test set has a lesion mask."
            )
        elif maker and not summary.get(key):
            told = (
                [] if key == "metrics" else [answer(STATEMENTS[name][0], summary) for name in part.statements]
            )
            why = "not run yet" if maker.notebook in notebooks else "not part of this study"
            text = next(filter(None, told), f"Not told: notebook {maker.notebook} is {why}.")
            said.append(f"{maker.question} {text}")
    return said


def main_result(summary: Summary) -> str:
    """The scores for the abstract: over splits and seeds where there are such, and of the internal test set."""
    found = []
    if headline := (summary.get("lottery") or {}).get("headline"):
        found.append(f"Grouped cross-validation, repeated: {main_scores(headline)}.")
    if intervals := summary.get("intervals"):
        found.append(f"{SET_TITLES['test'].capitalize()} set, one training: {main_scores(intervals)}.")
    return " ".join(found)


def data_sets(summary: Summary) -> dict[str, Mapping[str, Any]]:
    """The records of the data sets that a run has used, by name."""
    records = [summary.get("dataset"), summary.get("external")]
    records += (summary.get("modalities") or {}).get("sources", {}).values()
    return {
        record["name"]: record for record in records if record and record.get("name") and record.get("title")
    }
