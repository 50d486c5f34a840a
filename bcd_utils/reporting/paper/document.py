"""The files of a paper as texts: main.tex, supplement.tex, numbers.tex, references.bib and the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcd_utils.reporting.checklist import fill_checklists
from bcd_utils.reporting.console import summary_of
from bcd_utils.reporting.index import flatten, reasons_not_to_compare
from bcd_utils.reporting.paper import tables
from bcd_utils.reporting.paper.author import PURPOSES, Authored
from bcd_utils.reporting.paper.escape import beyond_in_words, escape
from bcd_utils.reporting.paper.macros import spelt
from bcd_utils.reporting.paper.parts import AVAILABILITY, data_sets, lacking, main_result
from bcd_utils.reporting.paper.references import Citations, bibliography, cited
from bcd_utils.reporting.paper.section import RunInPaper, Tex
from bcd_utils.reporting.paper.side_by_side import side_by_side
from bcd_utils.reporting.statements.results import limits
from bcd_utils.study.run import Run
from bcd_utils.study.stage import Stage
from bcd_utils.utils.paths import TEMPLATES

if TYPE_CHECKING:
    from jinja2 import Environment

#: TeX files of the authors' own, in the folder ``author`` of a paper, that stand in the place of a text of theirs.
OWN_SECTIONS = ("introduction", "discussion")


@dataclass(frozen=True)
class Paper:
    """The files of a paper.

    Attributes
    ----------
    texts : dict of str to str
        Content of each file that is written.
    figures : dict of str to Path
        The file of a run that each figure is a copy of.
    when : str
        When the last of its runs was finished (UTC, ISO 8601).
    """

    texts: dict[str, str]
    figures: dict[str, Path]
    when: str


def compose(
    runs: Sequence[Run], declared: Mapping[str, Stage], authored: Authored, own: Iterable[str] = ()
) -> Paper:
    """Write a paper on finished runs.

    Parameters
    ----------
    runs : sequence of Run
        One at least; the text is told by the first, of the others what differs.
    declared : mapping of notebook to Stage
        All stages there are.
    authored : Authored
    own : iterable of str
        Files that the authors have put into the paper's folder ``author``.

    Raises
    ------
    StudyError
        If a run is not finished, or is named twice.
    """
    summaries = [summary_of(run.folder) for run in runs]
    records = {name: record for summary in summaries for name, record in data_sets(summary).items()}
    versions = {
        name: text for summary in summaries for name, text in summary["provenance"]["versions"].items()
    }
    cite = Citations({name: record["title"] for name, record in records.items()}, versions)
    several = len(runs) > 1
    told = [
        RunInPaper(run, summary, declared, cite, _called(run, runs), spelt(str(place)) if several else "")
        for place, (run, summary) in enumerate(zip(runs, summaries, strict=True), start=1)
    ]
    first, own = told[0], set(own)
    texts = {}
    texts["main.tex"] = _render(
        "main.tex.j2",
        first=first,
        title=authored.title or first.summary["title"],
        when=max(summary["provenance"]["when"] for summary in summaries),
        authored=authored,
        purposes=PURPOSES,
        own={name: f"author/{name}" for name in OWN_SECTIONS if f"{name}.tex" in own},
        bibliographies=",".join(["references", *(["author/own"] if "own.bib" in own else [])]),
        banner=list(dict.fromkeys(text for summary in summaries for text in summary["announcements"])),
        questions=_questions(summaries, declared),
        examines=any(any((summary.get("paper") or {}).values()) for summary in summaries),
        abstract=[first.statement(name, escape) for name in ("technology", "counts", "split_method")],
        abstract_results=[(run.title, run.say(main_result, escape)) for run in told],
        methods=_methods(told),
        results=[
            (run, run.results(), reasons_not_to_compare(run.summary), lacking(run.summary, declared))
            for run in told
        ],
        together=side_by_side(first, runs, [run.title for run in told]) if several else [],
        limits=[(run.title, run.say(limits)) for run in told],
        availability=[(run.title, [run.statement(name) for name in AVAILABILITY]) for run in told],
        several=several,
    )
    texts["supplement.tex"] = _render(
        "supplement.tex.j2",
        checklists=_checklists(told, authored),
        settings=[(run.title, run.table(_settings(run))) for run in told],
        further=[(run.title, run.further_figures()) for run in told],
        several=several,
        cite=lambda text: Tex(cite(text)),
    )
    for run in told:
        texts |= {f"tables/{name}.tex": tables.as_tex(table) for name, table in run.tables.items()}
    texts["numbers.tex"] = _render("numbers.tex.j2", runs=told)
    texts["references.bib"] = bibliography(
        cited([texts["main.tex"], texts["supplement.tex"]]), records, versions
    )
    texts["beyond.tex"] = _render("beyond.tex.j2", characters=beyond_in_words("\n".join(texts.values())))
    figures = {name: file for run in told for name, file in run.shown.items()}
    return Paper(texts, figures, max(summary["provenance"]["when"] for summary in summaries))


def _called(run: Run, runs: Sequence[Run]) -> str:
    """What the paper calls a run: its folder's name, with that of the folder above where two are called so."""
    alike = [other for other in runs if other.folder.name == run.folder.name]
    return run.folder.name if len(alike) == 1 else f"{run.folder.parent.name}/{run.folder.name}"


def _questions(summaries: Sequence[Mapping[str, Any]], declared: Mapping[str, Stage]) -> list[str]:
    notebooks = {name for summary in summaries for name in summary["settings"]["notebooks"]}
    return [stage.question for stage in declared.values() if stage.notebook in notebooks]


def _methods(told: Sequence[RunInPaper]) -> list[tuple[str, list[tuple[str, list[Tex]]]]]:
    """The methods of the first run, and of each further one what differs."""
    return [(run.title, run.methods(but=None if run is told[0] else told[0])) for run in told]


def _settings(run: RunInPaper) -> tables.Table:
    """Every setting; of a path its last part, since where the files lay is nobody's business."""
    rows = [(key, _value(value)) for key, value in flatten(run.summary["settings"]).items()]
    return tables.Table("settings", f"Settings of {run.title}.", ("Setting", "Value"), rows)


def _value(value: Any) -> str:
    if isinstance(value, str) and value.startswith(("/", "~")):
        return Path(value).name
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == {} else str(value)


def _checklists(told: Sequence[RunInPaper], authored: Authored) -> list[tuple[str, str, Tex]]:
    """Name, source and table of each checklist, of further runs with the items alone that are answered otherwise."""
    found: list[tuple[str, str, Tex]] = []
    answers: dict[tuple[str, str], str] = {}
    for run in told:
        for checklist in fill_checklists(run.summary):
            name, items = checklist["name"], checklist["items"]
            if run is not told[0]:
                items = [item for item in items if item["answer"] != answers[name, item["item"]]]
            else:
                answers |= {(name, item["item"]): item["answer"] for item in items}
            said = authored.checklists.get(name, {})
            rows = [
                (str(item["item"]), item["asked"], _answer(item, said.get(str(item["item"]), "")))
                for item in items
            ]
            if rows:
                caption = f"{name}, {run.title}." if len(told) > 1 else f"{name}."
                table = tables.Table(
                    f"checklist_{spelt(name).lower()}",
                    caption,
                    ("Item", "Asked", "Answer"),
                    rows,
                    over_pages=True,
                )
                found.append((name, f"{checklist['title']}. {checklist['source']}.", run.table(table)))
    return found


def _answer(item: Mapping[str, str], said: str) -> str:
    """The program's answer, and the authors' or that it is theirs."""
    if said:
        return f"{item['answer']} {said}".strip()
    if item["left"]:
        return f"{item['answer']} For the author: {item['left']}."
    return item["answer"] or "For the author."


@lru_cache(maxsize=1)
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES / "paper"),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=lambda value: value if isinstance(value, Tex) else escape(value),
    )


def _render(template: str, **content: Any) -> str:
    templates = _templates()
    return templates.get_template(template).render(**content, tex=Tex, paragraphs=paragraphs).strip() + "\n"


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text: empty lines stand between them."""
    return [part for part in (" ".join(lines.split()) for lines in text.split("\n\n")) if part]
