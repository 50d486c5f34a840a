"""Tables of the paper's protocol; each is a function of ``summary.json``, None where the run lacks the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bcd_utils.evaluation.format import interval, number, with_interval
from bcd_utils.evaluation.metric_registry import capital, main_metrics
from bcd_utils.evaluation.reported import other_classes
from bcd_utils.reporting.model_card import class_scores
from bcd_utils.reporting.paper.tables import Table, table_of
from bcd_utils.study.set_titles import SET_TITLES

Summary = Mapping[str, Any]


def level(summary: Summary) -> str:
    """What the intervals are, for a note."""
    return f"In brackets: {summary['settings']['confidence']:.0%} intervals."


def image_counts(summary: Summary) -> Table | None:
    """Images of each class in each set."""
    counts = summary.get("split_by_class")
    if not counts:
        return None
    columns = {"Class": lambda row: row[0]} | {
        capital(title): lambda row, name=name: number(row[1][name], 0) for name, title in SET_TITLES.items()
    }
    columns["All"] = lambda row: number(sum(row[1].values()), 0)
    by_class = {
        label: {name: counts[name][label] for name in SET_TITLES} for label in summary["dataset"]["classes"]
    }
    whole = {name: sum(row[name] for row in by_class.values()) for name in SET_TITLES}
    rows = [*by_class.items(), ("all classes", whole)]
    return table_of("images", "Images of each class in each set.", rows, columns)


def scores(summary: Summary) -> Table | None:
    """The paper's table beside the run's, where the classes are the paper's."""
    metrics, paper, bounds = (
        summary.get("metrics"),
        summary.get("paper") or {},
        summary.get("intervals") or {},
    )
    if not metrics:
        return None
    names = main_metrics()
    rows = [(name, metric) for name in SET_TITLES for metric in names]
    incomparable = other_classes(summary["dataset"]["classes"])

    def ends(row: tuple[str, str]) -> str:
        found = bounds.get(row[1], {}) if row[0] == "test" else {}
        return interval(found.get("low"), found.get("high")) or ("none" if found else "")

    def gap(row: tuple[str, str]) -> float | None:
        ours, theirs = metrics[row[0]].get(row[1]), paper.get(row[0], {}).get(row[1])
        return None if ours is None or theirs is None else ours - theirs

    columns = {
        "Set": lambda row: capital(SET_TITLES[row[0]]),
        "Score": lambda row: capital(names[row[1]]),
        "Paper": lambda row: number(paper.get(row[0], {}).get(row[1]), 4),
        "This run": lambda row: number(metrics[row[0]].get(row[1]), 4),
        "Difference": lambda row: number(gap(row), 4, "+"),
        "Interval": ends,
    }
    if incomparable:
        columns = {title: column for title, column in columns.items() if title not in ("Paper", "Difference")}
    about = "Difference: this run minus the paper, which calls the tuning set validation. " * (
        not incomparable
    )
    title = "Scores of each set." if incomparable else "The paper’s table beside this run."
    level_of = f"at {summary['settings']['confidence']:.0%}"
    note = f"{incomparable} {about}The interval is that of the internal test set, {level_of}."
    return table_of("scores", title, rows, columns, note.strip())


def by_class(summary: Summary) -> Table | None:
    """Scores of each class against the rest."""
    rows = class_scores(summary)
    if not rows:
        return None
    columns = {title: lambda row, title=title: row[title] for title in rows[0]}
    caption = "Each class against the rest, on the internal test set."
    return table_of("classes", caption, rows, columns, level(summary))


def operating_points(summary: Summary) -> Table | None:
    """Thresholds chosen on the tuning images, and what they give."""
    points = summary.get("operating_points") or {}
    if not points.get("wanted"):
        return None
    rows = [
        (wanted, found, name)
        for wanted, found in points["wanted"].items()
        for name in SET_TITLES
        if name in found
    ]

    def share(row: tuple[str, Any, str], measure: str) -> str:
        found = row[1][row[2]][measure]
        return f"{with_interval(found)} ({found['right']} of {found['images']})"

    columns = {
        "Wanted": lambda row: row[0],
        "Threshold": lambda row: number(row[1]["threshold"]),
        "Set": lambda row: capital(SET_TITLES[row[2]]),
        "Sensitivity": lambda row: share(row, "sensitivity"),
        "Specificity": lambda row: share(row, "specificity"),
    }
    caption = f"Operating points for {points['positive']}. The thresholds are chosen on the tuning images."
    return table_of("operating_points", caption, rows, columns, level(summary))


def calibration(summary: Summary) -> Table | None:
    """Calibration before and after temperature scaling."""
    found = summary.get("calibration") or {}
    if not found.get("test"):
        return None
    line = found.get("line") or {}
    slopes = [row for key, row in line.items() if isinstance(row, Mapping)] or [{}, {}]
    rows = list(
        zip(("as predicted", "after temperature scaling"), found["test"].values(), slopes, strict=False)
    )
    columns = {
        "Probabilities": lambda row: row[0],
        "ECE": lambda row: number(row[1]["ece"]),
        "ECE by chance": lambda row: number(row[1]["ece_by_chance"]),
        "Brier score": lambda row: number(row[1]["brier"]),
        "Cross-entropy": lambda row: number(row[1]["loss"]),
        "Slope": lambda row: with_interval(row[2], name="slope"),
        "Intercept": lambda row: with_interval(row[2], name="intercept"),
    }
    about = f" Slope and intercept: of {line['positive']} against the rest." if line else ""
    note = (
        f"Temperature: {number(found['temperature'])}, chosen on the tuning images.{about} {level(summary)}"
    )
    return table_of("calibration", "Calibration on the internal test set.", rows, columns, note)


def subgroups(summary: Summary) -> Table | None:
    """Sensitivity and specificity in each subgroup."""
    found = summary.get("subgroups") or {}
    if not found.get("rows"):
        return None
    columns = {
        "By": lambda row: row["column"] or "all",
        "Subgroup": lambda row: row["subgroup"],
        "Images": lambda row: number(row.get("images"), 0),
        "Sensitivity": lambda row: with_interval(row, name="sensitivity"),
        "Found": lambda row: f"{row['found']} of {row['positives']}",
        "Specificity": lambda row: with_interval(row, name="specificity"),
        "Spared": lambda row: f"{row['spared']} of {row['others']}" if "others" in row else "–",
    }
    caption = f"Subgroups of the internal test set. Sensitivity and specificity for {found['positive']}."
    return table_of("subgroups", caption, found["rows"], columns, level(summary))


def precision_plan(summary: Summary) -> Table | None:
    """How many test images intervals of a given width would take."""
    plan = summary.get("precision_plan") or {}
    if not plan.get("scores"):
        return None
    columns = {
        "Score": lambda row: capital(row["title"]),
        "Measured": with_interval,
        "Images needed": lambda row: number(row["images"], 0),
        "At the interval’s worst end": lambda row: number(row["images_at_worst"], 0),
    }
    about = f"For {plan['confidence']:.0%} intervals that reach {plan['half_width']:g} to both sides."
    return table_of(
        "precision_plan",
        "Test images that precise scores would take.",
        plan["scores"].values(),
        columns,
        about,
    )


def localisation(summary: Summary) -> Table | None:
    """How well heat maps and their controls find lesions."""
    methods = (summary.get("cam") or {}).get("methods")
    if not methods:
        return None
    titles = {"pointing_game": "Pointing game", "energy": "Energy inside", "iou": "IoU"}
    columns = {"Map": lambda row: row[0]} | {
        title: lambda row, name=name: with_interval(row[1], name=name) for name, title in titles.items()
    }
    note = (
        f"Over {summary['cam']['images']} images with a lesion. Pointing game: share of images whose map peaks inside "
        "the lesion’s outline; energy: share of the map inside it; IoU: overlap of the outline with the map above a "
        "threshold chosen on tuning images. Grad-CAM and HiResCAM are maps of the network, the other rows controls, "
        f"among them a shuffled head. {level(summary)}"
    )
    return table_of(
        "localisation", "Heat maps against the outlines of lesions.", methods.items(), columns, note
    )
