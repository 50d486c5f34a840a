"""Statements: a sentence with its source where a run's artifacts know it, and nothing where they do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bcd_utils.evaluation.format import number, with_interval
from bcd_utils.evaluation.metric_registry import main_metrics

Summary = Mapping[str, Any]
Sentence = Callable[[Summary], str]


class Statement(NamedTuple):
    """A sentence, and the settings and artifacts that it follows from."""

    text: str
    source: str


class UnknownError(LookupError):
    """The run's artifacts do not tell."""


STATEMENTS: dict[str, tuple[Sentence, str]] = {}


def statement(source: str) -> Callable[[Sentence], Sentence]:
    """Register a function of the summary as a statement that follows from ``source``."""

    def register(function: Sentence) -> Sentence:
        STATEMENTS[function.__name__] = function, source
        return function

    return register


def state(name: str, summary: Summary) -> Statement | None:
    """A statement about a run, or None where its artifacts do not tell.

    Parameters
    ----------
    name : str
        Name of a function marked with `statement`.
    summary : mapping
        What ``summary.json`` holds; any key may be missing or None.

    Examples
    --------
    >>> from bcd_utils.reporting.statements import state
    >>> state("code", {"provenance": {"commit": "1a2b3c", "code_sha256": "ff"}}).text
    'Code: commit 1a2b3c; SHA-256 of bcd_utils ff.'
    >>> state("code", {}) is None
    True
    """
    function, source = STATEMENTS[name]
    text = answer(function, summary)
    return Statement(text, _told_by(source, summary)) if text else None


def _told_by(source: str, summary: Summary) -> str:
    """Where a statement follows from: where its artifact was not made, from the settings that do without it."""
    record = source.removeprefix("artifacts/").removesuffix(".json")
    return "study.json" if record in summary and not summary[record] else source


def answer(function: Sentence | None, summary: Summary) -> str:
    """The sentence that a function makes of a summary; empty where the run's artifacts do not tell."""
    try:
        return function(summary) if function else ""
    except UnknownError:
        return ""


def at(values: Any, *keys: str) -> Any:
    """What lies under nested keys; raises `UnknownError` where that is missing or None."""
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
        if values is None:
            raise UnknownError(key)
    return values


def listed(counts: Mapping[str, int]) -> str:
    """Counts in words.

    Examples
    --------
    >>> listed({"benign": 2, "normal": 1})
    '2 benign, 1 normal'
    """
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def runs(summary: Summary, record: str) -> bool:
    """Whether the study runs the notebook that makes a record of the summary, such as "lottery"."""
    return notebook_of(summary, record) in at(summary, "settings", "notebooks")


def notebook_of(summary: Summary, record: str) -> str:
    """The notebook that makes a record of the summary."""
    return at(summary, "stages", record)


def main_scores(scores: Mapping[str, Any]) -> str:
    """The main scores in words, with intervals where ``scores`` holds such instead of numbers."""
    known = {title: scores[name] for name, title in main_metrics().items() if name in scores}
    if not known:
        raise UnknownError("scores")
    written = (
        with_interval(value) if isinstance(value, Mapping) else number(value) for value in known.values()
    )
    return ", ".join(map(" ".join, zip(known, written, strict=True)))
