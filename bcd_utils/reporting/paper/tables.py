"""A table as TeX with booktabs: fixed columns, in a size that fits the page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bcd_utils.reporting.paper.escape import escape

#: Characters that a line of the page holds at each size, and what the gap between two columns takes of them.
SIZES = {"normalsize": 96, "small": 106, "footnotesize": 118, "scriptsize": 134}
GAP = 2.4
#: Columns with longer cells break their lines.
LONGEST_CELL = 36
#: Tables with more rows go over several pages.
LONGEST_TABLE = 36
_NUMBER = re.compile(r"[-+−<]?[\d.,]+%?( to [-+−]?[\d.,]+%?)?( ?\[[^\]]*\]| \(no interval\))?|–|")


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Attributes
    ----------
    name : str
        Of its file, and of the label that text refers to.
    caption : str
        Its first sentence is its title.
    columns : tuple of str
        Headings.
    rows : sequence of tuple of str
        A name in the first column that the row above has too is written once.
    note : str
    over_pages : bool
        Whether it may break between pages however short it is.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]] = field(default_factory=list)
    note: str = ""
    over_pages: bool = False

    @property
    def long(self) -> bool:
        """Whether it goes over several pages."""
        return self.over_pages or len(self.rows) > LONGEST_TABLE


def table_of(
    name: str, caption: str, rows: Iterable[Any], columns: Mapping[str, Callable[..., str]], note: str = ""
) -> Table:
    """A table whose columns are functions of a row."""
    cells = [tuple(str(column(row)) for column in columns.values()) for row in rows]
    return Table(name, caption, tuple(columns), cells, note)


def as_tex(table: Table) -> str:
    """The rows and columns as TeX: a ``tabularx`` where cells break their lines, else a ``tabular``.

    A table of several pages is a ``longtable`` without its caption, which the macro ``\\tablecaption`` holds.

    Examples
    --------
    >>> print(as_tex(Table("sets", "Images.", ("Class", "Images"), [("benign_1", "12"), ("normal", "1,300")])))
    \\begingroup\\normalsize
    \\begin{adjustbox}{max width=\\linewidth}
    \\begin{tabular}{@{}lr@{}}
    \\toprule
    Class & Images \\\\
    \\midrule
    benign\\_1 & 12 \\\\
    normal & 1,300 \\\\
    \\bottomrule
    \\end{tabular}
    \\end{adjustbox}
    \\endgroup
    <BLANKLINE>
    """
    by_column = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    headings = [_heading(title, cells) for title, cells in zip(table.columns, by_column, strict=True)]
    texts = [max(map(len, cells), default=0) > LONGEST_CELL for cells in by_column]
    size = "footnotesize" if table.long else _size(headings, by_column, texts)
    head = " & ".join(
        _stacked(lines, "l" if text or not _numbers(cells) else "r")
        for lines, cells, text in zip(headings, by_column, texts, strict=True)
    )
    body = [rf"\toprule{chr(10)}{head} \\", r"\midrule", *_rows(table), r"\bottomrule"]
    if table.long:
        kinds = _shares(by_column)
        head = " & ".join(map(escape, table.columns))
        top = [r"\tablecaption \\", r"\toprule", rf"{head} \\", r"\midrule", r"\endfirsthead"]
        again = [r"\toprule", rf"{head} \\", r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot"]
        inner = [
            f"\\begin{{longtable}}{{@{{}}{kinds}@{{}}}}",
            *top,
            *again,
            *_rows(table),
            r"\end{longtable}",
        ]
    elif any(texts):
        kinds = "".join(
            r">{\raggedright\arraybackslash}X" if text else "r" if _numbers(cells) else "l"
            for text, cells in zip(texts, by_column, strict=True)
        )
        inner = [f"\\begin{{tabularx}}{{\\linewidth}}{{@{{}}{kinds}@{{}}}}", *body, r"\end{tabularx}"]
    else:
        kinds = "".join("r" if _numbers(cells) else "l" for cells in by_column)
        fit = r"\begin{adjustbox}{max width=\linewidth}", f"\\begin{{tabular}}{{@{{}}{kinds}@{{}}}}"
        inner = [*fit, *body, r"\end{tabular}", r"\end{adjustbox}"]
    return "\n".join([f"\\begingroup\\{size}", *inner, "\\endgroup"]) + "\n"


def _numbers(cells: Sequence[str]) -> bool:
    return all(_NUMBER.fullmatch(cell) for cell in cells)


def _heading(title: str, cells: Sequence[str]) -> list[str]:
    """A heading in lines not much wider than the cells below it."""
    return textwrap.wrap(title, max([10, *map(len, cells)])) or [""]


def _stacked(lines: Sequence[str], side: str) -> str:
    stacked = r"\\".join(map(escape, lines))
    return rf"\shortstack[{side}]{{{stacked}}}" if len(lines) > 1 else stacked


def _size(headings: Sequence[Sequence[str]], columns: Sequence[Sequence[str]], texts: Sequence[bool]) -> str:
    """The largest size in which a row takes one line, cells that break counted as `LONGEST_CELL`."""
    widths = [max(map(len, [*cells, *lines])) for lines, cells in zip(headings, columns, strict=True)]
    taken = [min(width, LONGEST_CELL) if text else width for width, text in zip(widths, texts, strict=True)]
    needed = sum(taken) + GAP * (len(widths) - 1)
    return next((size for size, room in SIZES.items() if needed <= room), "scriptsize")


def _shares(columns: Sequence[Sequence[str]]) -> str:
    """Columns of fixed shares of the page, by the root of how long their cells are."""
    lengths = [max(6.0, sum(map(len, cells)) / max(1, len(cells))) ** 0.5 for cells in columns]
    room = 1 - 0.026 * (len(lengths) - 1)
    return "".join(
        rf">{{\raggedright\arraybackslash}}p{{{room * length / sum(lengths):.3f}\linewidth}}"
        for length in lengths
    )


def _rows(table: Table) -> Iterable[str]:
    """Rows; a first cell that stands above too is left out, and where it changes after that there is some space."""
    rows = table.rows
    repeats = [below[0] == above[0] for above, below in zip(rows, rows[1:], strict=False)]
    for place, cells in enumerate(rows):
        repeated = place > 0 and repeats[place - 1]
        if place and not repeated and (table.over_pages or any(repeats)):
            yield r"\addlinespace"
        texts = ["" if repeated else cells[0], *cells[1:]]
        line = " & ".join(map(escape, texts))
        yield f"{'{}' * line.startswith(('[', '*'))}{line} \\\\"
