"""What the paper's tables show of a run; each is a function of ``summary.json`` that gives None where it lacks them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bcd_utils.evaluation.format import interval, number, p_value, span, with_interval
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
    title = incomparable and "Scores of each set." or "The paper’s table beside this run."
    note = f"{incomparable} {about}The interval is that of the internal test set, at {summary['settings']['confidence']:.0%}."
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
        "found": lambda row: f"{row['found']} of {row['positives']}",
        "Specificity": lambda row: with_interval(row, name="specificity"),
        "spared": lambda row: f"{row['spared']} of {row['others']}" if "others" in row else "–",
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
        f"Over {summary['cam']['images']} images with a lesion. Pointing game: share of images whose map peaks inside the "
        "lesion’s outline; energy: share of the map inside it; IoU: overlap of the outline with the map above a threshold "
        f"chosen on tuning images. {level(summary)}"
    )
    return table_of(
        "localisation", "Heat maps against the outlines of lesions.", methods.items(), columns, note
    )


def leaks(summary: Summary) -> Table | None:
    """Test images with a copy in the other sets."""
    rows = [row for row in (summary.get("audit") or {}).get("leak") or () if "share" in row]
    if not rows:
        return None
    columns = {
        "Copies": lambda row: row["copies"],
        "Test images": lambda row: number(row["test_images"], 0),
        "in training": lambda row: number(row["in_train"], 0),
        "in tuning": lambda row: number(row["in_validation"], 0),
        "Share of the test set": lambda row: number(row["share"]),
    }
    return table_of("leaks", "Internal test images with a copy in another set.", rows, columns)


def repeated_splits(summary: Summary) -> Table | None:
    """The mean over splits and seeds beside the one training."""
    lottery = summary.get("lottery") or {}
    if not lottery.get("headline"):
        return None
    once, plain = summary.get("intervals") or {}, lottery.get("plain") or {}
    columns = {
        "Score": lambda row: capital(row[1]),
        "Mean over splits and seeds": lambda row: with_interval(lottery["headline"][row[0]]),
        "One training": lambda row: with_interval(once.get(row[0])),
        "Splits by image": lambda row: (
            span(plain[row[0]]["lowest"], plain[row[0]]["highest"]) if row[0] in plain else "–"
        ),
    }
    rows = [row for row in main_metrics().items() if row[0] in lottery["headline"]]
    note = (
        f"Splits by image: lowest to highest of {lottery['splits']}; a range, no interval. {level(summary)}"
    )
    caption = (
        "Scores over other splits. Repeated grouped cross-validation beside the one training of this run."
    )
    return table_of("repeated_splits", caption, rows, columns, note)


def copies(summary: Summary) -> Table | None:
    """What copies in another fold are worth."""
    rows = (summary.get("lottery") or {}).get("copies")
    if not rows:
        return None
    columns = {
        "Groups by": lambda row: row["joined"],
        "Images": lambda row: row["images"],
        "Number": lambda row: number(row["count"], 0),
        "Folds by image": lambda row: with_interval(row, name="by_image"),
        "Folds by group": lambda row: with_interval(row, name="by_group"),
        "Difference": lambda row: with_interval(row, sign="+", name="difference"),
    }
    return table_of("copies", "Accuracy with copies apart and together.", rows, columns, level(summary))


def rivals(summary: Summary) -> Table | None:
    """Rival explanations of the printed table."""
    rows = (summary.get("forensics") or {}).get("rivals")
    if not rows:
        return None

    def spread(name: str) -> Any:
        return lambda row: f"{number(row[name])} ({span(row[f'{name}_low'], row[f'{name}_high'])})"

    columns = {
        "Explanation": lambda row: row["title"],
        "Splits": lambda row: number(row["splits"], 0),
        "Accuracy": spread("accuracy"),
        "Macro F1": spread("f1_macro"),
    }
    if any(row.get("place") for row in rows):
        columns |= {
            "The printed row lies": lambda row: row.get("place") or "–",
            "p": lambda row: "–" if row.get("p") is None else p_value(row["p"]),
            "Its number of images": lambda row: "allows it" if row.get("allowed") else "excludes it",
        }
    note = "Mean over splits, and in parentheses the range that the record of the run gives; no interval."
    return table_of("rivals", "Explanations of the printed table, tested.", rows, columns, note)


def external(summary: Summary) -> Table | None:
    """The internal test beside images from elsewhere."""
    found = summary.get("external") or {}
    if not found.get("intervals"):
        return None
    internal, gaps = found.get("internal_intervals") or {}, found.get("difference") or {}
    columns = {
        "Score": lambda row: capital(row[1]),
        "Internal test": lambda row: with_interval(internal.get(row[0])),
        "External test": lambda row: with_interval(found["intervals"][row[0]]),
        "Difference": lambda row: with_interval(gaps.get(row[0]), sign="+"),
    }
    rows = [row for row in main_metrics().items() if row[0] in found["intervals"]]
    caption = f"The model on images from elsewhere. External test: {found['title']}."
    return table_of("external", caption, rows, columns, f"Both resampled by group. {level(summary)}")


def candidates(summary: Summary) -> Table | None:
    """Every candidate of the comparison, and its difference from the study's network."""
    record = summary.get("comparison") or {}
    rows = [(name, row) for name, row in (record.get("contenders") or {}).items() if "scores" in row]
    if not rows:
        return None
    shown = {
        name: title for name, title in main_metrics().items() if name in ("accuracy", "f1_macro", "roc_auc")
    }
    columns = {"Candidate": lambda row: row[1]["title"]} | {
        capital(title): lambda row, name=name: with_interval(row[1]["scores"].get(name))
        for name, title in shown.items()
    }
    columns["Accuracy minus the reference’s"] = lambda row: with_interval(
        record["paired"].get(row[0]), sign="+", name="accuracy_difference"
    )
    reference = record["contenders"][record["reference"]]["title"]
    note = f"Reference: {reference}. Grouped {record['folds']}-fold cross-validation. {level(summary)}"
    return table_of("candidates", "Models compared on the same folds.", rows, columns, note)


def claims(summary: Summary) -> Table | None:
    """The paper's claims, and what the comparison says of each."""
    rows = (summary.get("comparison") or {}).get("claims")
    columns = {
        "Claim": lambda row: row["claim"],
        "This run’s network": lambda row: row["this run's network"],
        "Evidence": lambda row: row["evidence"],
    }
    return table_of("claims", "The paper’s claims.", rows, columns) if rows else None


def modalities(summary: Summary) -> Table | None:
    """Scores on each data set."""
    sources = ((summary.get("modalities") or {}).get("sources") or {}).values()
    rows = [source for source in sources if "scores" in source]
    columns = {
        "Data set": lambda row: row["title"],
        "Images": lambda row: number(row["images"], 0),
        "Patients": lambda row: number(row.get("patients"), 0),
        "Classes": lambda row: number(len(row["classes"]), 0),
    } | {
        capital(title): lambda row, name=name: with_interval(row["scores"]["probe"].get(name))
        for name, title in main_metrics().items()
        if name in ("accuracy", "roc_auc")
    }
    caption = "One protocol on several data sets. A linear probe on the frozen network."
    return table_of("modalities", caption, rows, columns, level(summary)) if rows else None


def transfer(summary: Summary) -> Table | None:
    """Learned on one data set, tested on another."""
    pairs: Iterable[Mapping[str, Any]] = ((summary.get("modalities") or {}).get("transfer") or {}).get(
        "pairs"
    ) or ()
    titles = {
        name: row["title"] for name, row in ((summary.get("modalities") or {}).get("sources") or {}).items()
    }
    columns = {
        "Trained on": lambda row: titles.get(row["trained_on"], row["trained_on"]),
        "Tested on": lambda row: titles.get(row["tested_on"], row["tested_on"]),
        "Images": lambda row: number(row["images"], 0),
        "ROC AUC": lambda row: with_interval(row, name="auc"),
    }
    caption = "Learned on one data set, tested on another."
    return table_of("transfer", caption, pairs, columns, level(summary)) if pairs else None
