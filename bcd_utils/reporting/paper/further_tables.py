"""Tables of the questions beyond the paper's protocol; as `result_tables`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bcd_utils.evaluation.format import number, p_value, span, with_interval
from bcd_utils.evaluation.metric_registry import capital, main_metrics
from bcd_utils.reporting.paper.result_tables import Summary, level
from bcd_utils.reporting.paper.tables import Table, table_of


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
    of_splits = (
        f"Splits by image: lowest to highest of {lottery['splits']}; a range, no interval. " if plain else ""
    )
    note = f"{of_splits}{level(summary)}"
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
    note = "Mean over splits, in parentheses lowest to highest: a range, no interval."
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
    return table_of("external", caption, rows, columns, level(summary))


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
