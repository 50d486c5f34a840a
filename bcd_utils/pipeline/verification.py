"""A run held against an archived one, number by number and stage by stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bcd_utils.evaluation.agreement import (
    COLUMNS,
    DIFFERENT,
    FEATURE_TOLERANCE,
    IDENTICAL,
    TOLERANCE,
    WITHIN,
    agreement,
    compare_files,
)
from bcd_utils.evaluation.format import number
from bcd_utils.evaluation.metric_registry import capital, main_metrics
from bcd_utils.pipeline.staleness import changes
from bcd_utils.reporting.console import summary_of
from bcd_utils.reporting.html import render_page
from bcd_utils.study.differences import differing
from bcd_utils.study.portable import portable
from bcd_utils.study.run import Run
from bcd_utils.utils.files import read_json, write_text

#: Say which images there are and how they are split: nothing in them may differ.
EXACT = {"manifest.csv", "dataset.json", "splits.csv"}
#: Of the summary: what stands in other files, or tells one run from another by its nature.
NOT_COMPARED = {
    "settings",
    "provenance",
    "stages",
    "seconds",
    "work_seconds",
    "announcements",
    "study",
    "title",
}
MADE_WITH = {
    "commit": "code (commit)", "code_sha256": "code (SHA-256)", "data_sha256": "data (SHA-256)",
    "weights_sha256": "weights (SHA-256)", "backend": "Keras' backend", "device": "device", "platform": "system",
    "cores": "cores", "environment": "environment variables",
}  # fmt: skip
MOST_LISTED = 40


@dataclass(frozen=True)
class Verification:
    """How a run agrees with an archived one.

    Attributes
    ----------
    verdict : str
        `IDENTICAL`, `WITHIN` or `DIFFERENT`, the worst of all numbers.
    answer : list of str
        The same in sentences.
    data : list of str
        Image files that are not the archived run's, in words.
    made_with : pandas.DataFrame
        Code, data, weights, machine and libraries: columns archived, now; a row what differs, and the first four.
    settings : pandas.DataFrame
        Settings that differ.
    stages : pandas.DataFrame
        A row a stage: how many of its numbers agree how, and what else decided its result.
    scores : pandas.DataFrame
        The test scores of both, and the spread over seeds where the archived run has it.
    numbers : pandas.DataFrame
        Every number: columns stage and `agreement.COLUMNS`.
    """

    verdict: str
    answer: list[str]
    data: list[str]
    made_with: pd.DataFrame
    settings: pd.DataFrame
    stages: pd.DataFrame
    scores: pd.DataFrame
    numbers: pd.DataFrame

    @property
    def holds(self) -> bool:
        """Whether the data are the archived run's, and no number differs by more than its tolerance."""
        return self.verdict != DIFFERENT and not self.data


def hold_against(then: Run, now: Run, data: list[str]) -> Verification:
    """Hold a finished run against an archived one.

    Parameters
    ----------
    then, now : Run
        The archive, unpacked; and the run.
    data : list of str
        What is known of the data already.
    """
    numbers = _numbers(then, now)
    stages = _stages(then, now, numbers)
    settings = differing(*(portable(_named_settings(run)) for run in (then, now)))
    counts = numbers["verdict"].value_counts()
    verdict = next((each for each in (DIFFERENT, WITHIN) if counts.get(each, 0)), IDENTICAL)
    return Verification(
        verdict,
        _answer(numbers, stages, data),
        data,
        _made_with(then, now),
        pd.DataFrame(
            [list(map(str, pair)) for pair in settings.values()], list(settings), ["archived", "now"]
        ),
        stages,
        _scores(summary_of(then.folder), summary_of(now.folder)),
        numbers,
    )


def _named_settings(run: Run) -> dict[str, Any]:
    return {key: value for key, value in run.study.as_dict().items() if key not in ("name", "title")}


def _numbers(then: Run, now: Run) -> pd.DataFrame:
    parts = []
    for stage in then.study.notebooks:
        marker = then.marker_of(stage) or {"artifacts": {}, "files": {}}
        names = [f"artifacts/{name}" for name in marker["artifacts"]] + [*marker["files"]]
        for name in names:
            path = then.folder / name
            if (
                path.is_file()
                and path.suffix in (".csv", ".json", ".npz")
                and not name.startswith("figures/")
            ):
                tolerance = 0.0 if path.name in EXACT else TOLERANCE
                parts.append(compare_files(path, now.folder / name, tolerance).assign(stage=stage))
    reported = compare_files(then.folder / "summary.json", now.folder / "summary.json")
    top = reported["place"].str.partition(".")[0]
    parts.append(reported[~top.isin(NOT_COMPARED)].assign(stage="all together"))
    return pd.concat(parts, ignore_index=True)[["stage", *COLUMNS]]


def _stages(then: Run, now: Run, numbers: pd.DataFrame) -> pd.DataFrame:
    rows = {}
    for stage, of_stage in numbers.groupby("stage", sort=False):
        counts = of_stage["verdict"].value_counts()
        why = changes(*(_parts(run, str(stage)) for run in (then, now)))
        rows[stage] = [
            len(of_stage),
            *(int(counts.get(each, 0)) for each in (IDENTICAL, WITHIN, DIFFERENT)),
            why,
        ]
    return pd.DataFrame.from_dict(
        rows, "index", columns=["numbers", IDENTICAL, WITHIN, DIFFERENT, "decided otherwise by"]
    )


def _parts(run: Run, stage: str) -> dict[str, Any]:
    """What decided a stage's result, but for where files lie here and when they were written."""
    parts = dict((run.marker_of(stage) or {"parts": {}})["parts"])
    return parts | {"settings": portable(parts.get("settings", {})), "outside": None}


def _answer(numbers: pd.DataFrame, stages: pd.DataFrame, data: list[str]) -> list[str]:
    """What came out, in sentences.

    Examples
    --------
    >>> numbers = pd.DataFrame({"verdict": [IDENTICAL, DIFFERENT]})
    >>> stages = pd.DataFrame({WITHIN: [0, 0], DIFFERENT: [0, 1]}, ["a", "b"])
    >>> _answer(numbers, stages, ["x.png was changed"])
    ['1 of the image files is not the archived one: x.png was changed.',
     'Of 2 numbers 1 is identical, 0 are within the tolerance, 1 is different.',
     'They first differ in b.']
    """
    said = []
    if data:
        more = f" and {len(data) - 5} more" if len(data) > 5 else ""
        are = "is not the archived one" if len(data) == 1 else "are not the archived ones"
        said.append(f"{len(data)} of the image files {are}: {', '.join(data[:5])}{more}.")
    counts = numbers["verdict"].value_counts()
    if set(counts.index) <= {IDENTICAL}:
        return [*said, f"All {len(numbers):,} numbers are identical."]
    each = [
        f"{count:,} {'is' if count == 1 else 'are'} {verdict}"
        for verdict in (IDENTICAL, WITHIN, DIFFERENT)
        for count in [int(counts.get(verdict, 0))]
    ]
    said.append(f"Of {len(numbers):,} numbers {', '.join(each)}.")
    first = {
        verdict: next((stage for stage, count in stages[verdict].items() if count), "")
        for verdict in (WITHIN, DIFFERENT)
    }
    leaving = next(stage for stage in stages.index if stage in (first[WITHIN], first[DIFFERENT]))
    beyond = first[DIFFERENT] not in ("", leaving)
    further = f", and by more than the tolerance in {first[DIFFERENT]}" if beyond else ""
    return [*said, f"They first differ in {leaving}{further}."]


def _made_with(then: Run, now: Run) -> pd.DataFrame:
    """Code, data, weights, machine; and the libraries of the stages whose versions differ."""
    made = [summary_of(run.folder)["provenance"] for run in (then, now)]
    rows = {title: [_plain(each.get(key)) for each in made] for key, title in MADE_WITH.items()}
    libraries = [_libraries(run) for run in (then, now)]
    rows |= {
        name: [each.get(name, "none") for each in libraries]
        for name in sorted({*libraries[0], *libraries[1]})
    }
    hashes = list(MADE_WITH.values())[:4]
    shown = {title: pair for title, pair in rows.items() if title in hashes or pair[0] != pair[1]}
    return pd.DataFrame.from_dict(shown, "index", columns=["archived", "now"])


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={each}" for name, each in value.items())
    return "none" if value is None else str(value)


def _libraries(run: Run) -> dict[str, str]:
    """The versions of each library that stages imported; more than one, where it was renewed in between."""
    found: dict[str, set[str]] = {}
    for stage in run.study.notebooks:
        for name, version in (run.marker_of(stage) or {"parts": {}})["parts"].get("libraries", {}).items():
            found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}


def _scores(then: Mapping[str, Any], now: Mapping[str, Any]) -> pd.DataFrame:
    """Scores on the internal test set; of accuracy the spread over seeds, where the archived run trained several."""
    spread = ((then.get("lottery") or {}).get("variance") or {}).get("seed")
    rows = {}
    for name, title in main_metrics().items():
        pair = [((summary.get("metrics") or {}).get("test") or {}).get(name) for summary in (then, now)]
        if pair[0] is not None:
            verdict, gap = agreement(str(pair[0]), str(pair[1]))
            over_seeds = number(spread, 4) if name == "accuracy" and spread is not None else "not known"
            rows[capital(title)] = [*(number(each, 6) for each in pair), number(gap, 6), verdict, over_seeds]
    return pd.DataFrame.from_dict(
        rows, "index", columns=["archived", "now", "difference", "verdict", "SD over seeds"]
    )


def write_verification(found: Verification, folder: Path, fingerprint: str) -> Path:
    """Write ``verify.csv``, all numbers, and the page ``verify.html``, which is returned."""
    write_text(folder / "verify.csv", found.numbers.to_csv(index=False, lineterminator="\n"))
    summary = read_json(folder / "summary.json")
    head = {"title": "Verification", "study": summary["title"], "announcements": summary["announcements"]}
    others = found.numbers[found.numbers["verdict"] != IDENTICAL]
    worst_first = others.sort_values("verdict", key=lambda column: column != DIFFERENT, kind="stable")
    listed = worst_first.head(MOST_LISTED).fillna("").set_index("stage")
    shown = {"found": found, "listed": listed, "differing": len(others), "fingerprint": fingerprint}
    tolerances = {"features": FEATURE_TOLERANCE, "decimals": TOLERANCE}
    render_page("verify.html.j2", folder, "verify.html", head, **shown, tolerances=tolerances)
    return folder / "verify.html"
