"""What a stage of a study declares: its notebook, the files that it reads and writes, and what the pages say of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bcd_utils.study.settings import Study
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.words import first_sentence


@dataclass(frozen=True)
class Figure:
    """A figure that a notebook may draw, and what is said of it.

    Attributes
    ----------
    name : str
        Stem of its files under ``figures/``; a star stands for what the data add to it.
    caption : str
        What it shows, in sentences, for pages and papers; the first is its title.
    alt : str
        What a reader who does not see it is told of the kind of figure, in sentences. What is seen in a run, the
        function adds that draws it.
    on_index : bool
        Whether the index page shows it among the results.

    Raises
    ------
    StudyError
        If the caption or the alternative text is no sentence.
    """

    name: str
    caption: str
    alt: str
    on_index: bool = False

    def __post_init__(self) -> None:
        for what, text in (("caption", self.caption), ("alternative text", self.alt)):
            if " " not in text or not text.endswith("."):
                raise StudyError(
                    f"The figure {self.name} has no {what}", "say in a sentence what is to be seen"
                )

    @property
    def title(self) -> str:
        """The first sentence of the caption, without its full stop."""
        return first_sentence(self.caption)


@dataclass(frozen=True)
class PaperFigure:
    """The counterpart of a figure of the paper: label (it gives the number 7 to two), title, our file's stem.

    ``only`` is the kind of images that can have one, a part of their modality; "" for all.
    """

    label: str
    title: str
    stem: str
    only: str = ""


@dataclass(frozen=True)
class Stage:
    """A notebook and all that the rest of the program must know of it.

    Its settings need no list: they are those that its code reads, see `pipeline.staleness`.

    Attributes
    ----------
    notebook : str
        Name of a file in ``notebooks/``, without suffix.
    question : str
        What it asks, for the index page.
    reads, writes : tuple of str
        Files under ``artifacts/``.
    also_reads : tuple of str
        Files that it reads where an earlier notebook of the study writes them, and does without elsewhere.
    record : str
        The JSON file among ``writes`` whose content stands in ``summary.json`` under the file's stem; "" for none.
    section : type or None
        Class of the section of the study's file that belongs to this stage alone; see `section_name`.
    outside : callable or None
        ``outside(study)`` gives a JSON value that names the files from outside the run that the notebook reads. It is
        called before any stage runs, so it also says that one is missing.
    statement : callable or None
        ``statement(summary)`` gives the sentence that answers ``question``; see `statements`.
    figures : tuple of Figure
        All that it may draw.
    tables : mapping of str to str
        Caption of each table that it shows, by the stem of its file under ``tables/``.
    paper_figures : tuple of PaperFigure
    protocol : bool
        Whether it is part of the paper's protocol, which a study follows that names no notebooks.
    """

    notebook: str
    question: str
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    also_reads: tuple[str, ...] = ()
    record: str = ""
    section: type | None = None
    outside: Callable[[Study], Any] | None = None
    statement: Callable[[Mapping[str, Any]], str] | None = None
    figures: tuple[Figure, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    paper_figures: tuple[PaperFigure, ...] = ()
    protocol: bool = False

    @property
    def record_key(self) -> str:
        """The record's key in ``summary.json``.

        Examples
        --------
        >>> Stage("12_hello", "Who is there?", writes=("hello.json",), record="hello.json").record_key
        'hello'
        """
        return self.record.removesuffix(".json")

    @property
    def page(self) -> str:
        """The notebook's page in a run folder."""
        return f"{self.notebook}.html"


def section_name(section: type) -> str:
    """What a section is called in a study's file: its class's name in small letters.

    Examples
    --------
    >>> class ModelZoo: ...
    >>> section_name(ModelZoo)
    'model_zoo'
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", section.__name__).lower()


def writers(stages: Iterable[Stage]) -> dict[str, str]:
    """The notebook that writes each artifact."""
    return {name: stage.notebook for stage in stages for name in stage.writes}


def contract_of(stages: Iterable[Stage]) -> dict[str, dict[str, Any]]:
    """What each notebook may read, write and draw, as a run folder keeps it for the notebooks.

    Examples
    --------
    >>> contract_of([Stage("12_hello", "Who?", reads=("splits.csv",), writes=("hello.json",))])
    {'12_hello': {'reads': ['splits.csv'], 'writes': ['hello.json'], 'figures': {}, 'tables': {}}}
    """
    return {
        stage.notebook: {
            "reads": [*stage.reads, *stage.also_reads],
            "writes": list(stage.writes),
            "figures": {each.name: {"caption": each.caption, "alt": each.alt} for each in stage.figures},
            "tables": dict(stage.tables),
        }
        for stage in stages
    }


def stages_of(notebooks: Sequence[str], declared: Mapping[str, Stage]) -> list[Stage]:
    """The stages of a study, in its order; the paper's protocol where it names none.

    Parameters
    ----------
    notebooks : sequence of str
        As in `Study`.
    declared : mapping of notebook to Stage

    Raises
    ------
    StudyError
        If one is not declared, or reads what no earlier one writes: the message names the notebook to add.
    """
    for name in notebooks:
        if name not in declared:
            raise StudyError(f"There is no notebook {name}", f"name some of {', '.join(declared)}")
    chosen = [declared[name] for name in notebooks] or [
        stage for stage in declared.values() if stage.protocol
    ]
    written: set[str] = set()
    for stage in chosen:
        for name in stage.reads:
            if name not in written:
                maker = writers(declared.values())[name]
                fix = f"add {maker} before it under 'notebooks' in the study's file"
                raise StudyError(f"{stage.notebook} reads {name}, which no notebook before it writes", fix)
        written.update(stage.writes)
    return chosen
