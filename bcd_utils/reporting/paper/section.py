"""One run in a paper: its sentences, tables and figures as TeX."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bcd_utils.reporting.index import settings_used
from bcd_utils.reporting.paper import figures, tables
from bcd_utils.reporting.paper.escape import escape
from bcd_utils.reporting.paper.macros import Macros
from bcd_utils.reporting.paper.parts import METHODS, Part, parts_of, sentences
from bcd_utils.reporting.paper.references import Citations
from bcd_utils.reporting.statements.base import STATEMENTS, Summary, answer
from bcd_utils.study.run import Run
from bcd_utils.study.stage import Stage

Sentence = Callable[[Summary], str]


class Tex(str):
    """Text that is TeX already; all other text is escaped where it is put into a template."""


class RunInPaper:
    """What a paper says of one run.

    Parameters
    ----------
    run : Run
    summary : mapping
        What its ``summary.json`` holds.
    declared : mapping of notebook to Stage
    cite : Citations
        Of the whole paper.
    title : str
        What the paper calls the run.
    word : str
        Its number in letters where the paper has several; "" where it is the only one.

    Attributes
    ----------
    tables : dict of str to Table
        Those that its text has, by the name of their file.
    shown : dict of str to Path
        Files of its figures, by their name in the paper.
    """

    def __init__(self, run: Run, summary: dict[str, Any], declared: Mapping[str, Stage], cite: Citations, title: str,
                 word: str = ""):  # fmt: skip
        self.run, self.declared, self.cite, self.title = run, declared, cite, title
        self.summary = summary | {"settings": settings_used(summary["settings"], declared)}
        self.macros = Macros(self.summary, f"run{word}")
        self.prefix = f"run_{word.lower()}_" * bool(word)
        self.figures = figures.paper_figures(run.folder, declared)
        self.tables: dict[str, tables.Table] = {}
        self.shown: dict[str, Any] = {}

    def say(self, sentence: Sentence, cite: Callable[[str], str] | None = None) -> Tex:
        """What a function of the summary says, with macros for its numbers and citations behind what it names."""
        plain = answer(sentence, self.summary)
        return Tex(
            self.macros.sentence(answer(sentence, self.macros.marked.values), plain, cite or self.cite)
        )

    def statement(self, name: str, cite: Callable[[str], str] | None = None) -> Tex:
        """A statement by its name; empty where the run's artifacts do not tell."""
        return self.say(STATEMENTS[name][0], cite)

    def methods(self, but: RunInPaper | None = None) -> list[tuple[str, list[Tex]]]:
        """Title and contents of each part of the methods; what ``but``, another run, says too is left out."""
        found = []
        for part in METHODS:
            said = [STATEMENTS[name][0] for name in part.statements]
            if but:
                said = [each for each in said if answer(each, self.summary) != answer(each, but.summary)]
            if contents := self._contents(part, said):
                found.append((part.title, contents))
        return found

    def results(self) -> list[tuple[str, list[Tex]]]:
        """Title and contents of each part of the results that the run has."""
        parts = parts_of(self.summary, self.declared)
        contents = [
            (part.title, self._contents(part, sentences(part, key, self.declared)))
            for key, part in parts.items()
        ]
        return [each for each in contents if each[1]]

    def _contents(self, part: Part, said: Iterable[Sentence]) -> list[Tex]:
        made = [(make, table) for make in part.tables if (table := make(self.summary))]
        drawn = [name for name in part.figures if name in self.figures]
        text = " ".join(filter(None, map(self.say, said)))
        places = [
            self._places("Table", [self.prefix + table.name for _, table in made], "tab"),
            self._places("Figure", [self.prefix + name for name in drawn], "fig"),
        ]
        if where := " and ".join(filter(None, places)):
            text = f"{text} {where}." if not text else f"{text} ({where}.)"
        floats = [self._table(make, table) for make, table in made]
        floats += [self.figure(name) for name in drawn]
        return [Tex(text.strip()), *floats] if text.strip() else floats

    @staticmethod
    def _places(kind: str, names: list[str], label: str) -> str:
        references = ", ".join(rf"\ref{{{label}:{name}}}" for name in names)
        return f"{kind}{'s' * (len(names) > 1)}~{references}" if names else ""

    def _table(self, make: Callable[[Summary], tables.Table | None], table: tables.Table) -> Tex:
        marked = make(self.macros.marked.values)
        assert marked
        note = self.macros.sentence(marked.note, table.note, self.cite)
        return self.table(table, self.macros.sentence(marked.caption, table.caption), note)

    def table(self, table: tables.Table, caption: str = "", note: str = "", of_all: bool = False) -> Tex:
        """A table of the text; its file is written with the paper. ``of_all``: it is of all runs, not of this."""
        name = table.name if of_all else self.prefix + table.name
        self.tables[name] = table
        title = escape(f"{table.caption.split('. ')[0].rstrip('.')}")
        head = rf"\caption[{{{title}}}]{{{caption or escape(table.caption)}}}\label{{tab:{name}}}"
        under = rf"\tablenote{{{note}}}" if note else ""
        if table.long:
            return Tex(f"\\def\\tablecaption{{{head}}}\n\\input{{tables/{name}}}\n{under}")
        lines = [
            r"\begin{table}[htbp]",
            r"\centering",
            head,
            rf"\input{{tables/{name}}}",
            under,
            r"\end{table}",
        ]
        return Tex("\n".join(filter(None, lines)))

    def figure(self, name: str, floating: bool = True) -> Tex:
        """A figure of the text; its file is copied into the paper."""
        figure, place = self.figures[name], self.prefix + name
        self.shown[f"{place}{figure.file.suffix}"] = figure.file
        return Tex(figures.as_tex(figure, place, f"fig:{place}", floating))

    def further_figures(self) -> list[Tex]:
        """All figures that the text has not shown."""
        shown = {name.rpartition(".")[0] for name in self.shown}
        return [self.figure(name, floating=False) for name in self.figures if self.prefix + name not in shown]
