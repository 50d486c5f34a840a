"""Tables as people read them: numbers and headings written in one way, as HTML, LaTeX and Markdown.

`show_tables` has IPython show every data frame so. A notebook then carries its tables in all three, and nbconvert's
formats find the one that they take.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from html import escape
from math import isfinite, isnan
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from bcd_utils.evaluation.format import DIGITS, number, p_value
from bcd_utils.evaluation.metric_registry import METRICS
from bcd_utils.study.set_titles import SET_TITLES

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

MOST_ROWS = 60  # of a longer table, the first and the last are shown
LINE = 105  # characters that a line of a LaTeX page takes in small print
MANY_COLUMNS, VERY_MANY_COLUMNS = 6, 7
NUMBER = re.compile(r"\s*([-+−]?\d[\d.,]*(e[-+]?\d+)?\s?%?|nan|inf|none|[-–]|)\s*", re.IGNORECASE)
#: The space between the two ends of an interval, where a table must not break its lines.
ENDS = re.compile(r"(?<=\d,) (?=[−+\d.,]+\])")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
TITLES = {metric.name: metric.title for metric in METRICS if not metric.per_class} | SET_TITLES
OF_CLASS = {metric.name: metric.title for metric in METRICS if metric.per_class}
WORDS = {
    "auc": "AUC",
    "ece": "ECE",
    "f1": "F1",
    "iou": "IoU",
    "mcnemar": "McNemar",
    "delong": "DeLong",
    "roc": "ROC",
}
WORDS |= {f"in_{name}": f"in {title}" for name, title in SET_TITLES.items()}
TEX = {character: f"\\{character}" for character in "#$%&_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "−": r"\ensuremath{-}", "≥": r"\ensuremath{\ge}",
    "≤": r"\ensuremath{\le}", "×": r"\texttimes{}", "\N{NO-BREAK SPACE}": "~", "[": "{[}", "]": "{]}",
}  # fmt: skip


class Grid(NamedTuple):
    """A table as it is written: one row of headings, and rows of texts of which the first ``names`` are headings."""

    caption: str
    headings: list[str]
    rows: list[list[str]]
    names: int
    numeric: list[bool]

    @property
    def spans(self) -> list[list[int]]:
        """How many rows each heading of a row stands for; 0 where one above stands for it."""
        spans = [[0] * self.names for _ in self.rows]
        for level in range(self.names):
            begin = 0
            for row in range(1, len(self.rows) + 1):
                last = row == len(self.rows) or level == self.names - 1
                if last or self.rows[row][: level + 1] != self.rows[begin][: level + 1]:
                    spans[begin][level], begin = row - begin, row
        return spans


def show_tables(shell: InteractiveShell) -> None:
    """Have a notebook's kernel show data frames as this module writes them."""
    for kind, write in {"html": as_html, "latex": as_latex, "markdown": as_markdown}.items():
        shell.display_formatter.formatters[f"text/{kind}"].for_type(pd.DataFrame, write)  # type: ignore[union-attr]


def heading(name: Hashable) -> str:
    """What a column, or a row, is called where people read of it.

    Examples
    --------
    >>> [heading(name) for name in ("f1_macro", "sensitivity_benign", "test_images", "iou_threshold", "in_train")]
    ['macro F1', 'sensitivity, benign', 'test images', 'IoU threshold', 'in training']
    >>> heading(("mean_grey", "mean")), heading("Grad-CAM"), heading(0.5), heading("benign (72)")
    ('mean grey, mean', 'Grad-CAM', '0.5', 'benign (72)')
    """
    if isinstance(name, tuple):
        return ", ".join(filter(None, map(heading, name)))
    text = "" if name is None else f"{name:g}" if isinstance(name, float) else str(name)
    if text in TITLES or not NAME.fullmatch(text):
        return TITLES.get(text, text)
    for metric, title in OF_CLASS.items():
        if text.startswith(f"{metric}_") and text.removeprefix(f"{metric}_") not in ("low", "high"):
            return f"{title}, {text.removeprefix(f'{metric}_').replace('_', ' ')}"
    return WORDS.get(text) or " ".join(WORDS.get(word, word) for word in text.split("_"))


def cells(values: Sequence[Any], name: Hashable = "") -> list[str]:
    """A column's values as texts, its numbers with the same decimals; what is missing is left out.

    Where texts stand between them, the numbers are of different things and each has its own.

    Examples
    --------
    >>> cells([0.135, 1.0, 0.9722]), cells([12.0, 3.0, float("nan")]), cells([86.275, 9.5]), cells([1234567, 2])
    (['0.135', '1.000', '0.972'], ['12', '3', ''], ['86.3', '9.5'], ['1,234,567', '2'])
    >>> cells([True, None, "x"]), cells(["Adam", 12.5, 0.9722, 0.0001]), cells([1e-9, 0.25], "mcnemar_p")
    (['yes', '', 'x'], ['Adam', '12.5', '0.972', '0.0001'], ['<0.0001', '0.2500'])
    """
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    floats = [value for value in values if isinstance(value, float) and isfinite(value)]
    mixed = any(isinstance(value, str) and not NUMBER.fullmatch(value) for value in values)
    return [_cell(value, [value] if mixed else floats, str(name)) for value in values]


def _cell(value: Any, alike: Sequence[float], name: str) -> str:
    if any(value is missing for missing in (None, pd.NA, pd.NaT)) or (
        isinstance(value, float) and isnan(value)
    ):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return number(value, 0)
    if not isinstance(value, float) or not isfinite(value):
        return ENDS.sub("\N{NO-BREAK SPACE}", str(value))
    if name.split("_")[-1] == "p":
        return p_value(value)
    largest = max(map(abs, alike), default=0.0)
    if 0 < largest < 10**-DIGITS:
        return f"{value:.1g}"
    whole = largest > 1 and all(each == round(each) for each in alike)
    return number(
        value, 0 if whole else DIGITS if any(abs(each) < 1 for each in alike) or largest < 10 else 1
    )


def grid(table: pd.DataFrame) -> Grid:
    """A data frame as it is written; an index that only counts the rows is left out."""
    table = table.reset_index(drop=True) if _counts(table.index) else table
    names = 0 if _counts(table.index) else table.index.nlevels
    levels = [list(table.index.get_level_values(level)) for level in range(names)]
    columns = [[heading(label) for label in level] for level in levels]
    columns += [cells(table.iloc[:, place].tolist(), name) for place, name in enumerate(table.columns)]
    rows = [list(row) for row in zip(*columns, strict=True)]
    if len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS // 2], ["…"] * len(columns), *rows[-MOST_ROWS // 2 :]]
    numeric = [
        number_of >= names and any(column) and all(map(NUMBER.fullmatch, column))
        for number_of, column in enumerate(columns)
    ]
    headings = [heading(name) for name in [*table.index.names][:names] + [*table.columns]]
    return Grid(table.attrs.get("caption", ""), headings, rows, names, numeric)


def _counts(index: pd.Index) -> bool:
    return index.nlevels == 1 and index.name is None and pd.api.types.is_integer_dtype(index.dtype)


def as_html(table: pd.DataFrame) -> str:
    """A table with a caption, and headings that say what they head."""
    made = grid(table)
    numeric = [' class="number"' * each for each in made.numeric]
    head = "".join(
        f'<th scope="col"{looks}>{escape(text)}</th>' if text else "<td></td>"
        for text, looks in zip(made.headings, numeric, strict=True)
    )
    body, rows_of = [], ("", ' rowspan="{}"')
    for row, spans in zip(made.rows, made.spans, strict=True):
        of_row = [
            f'<th scope="row"{rows_of[span > 1].format(span)}>{escape(text)}</th>'
            for text, span in zip(row[: made.names], spans, strict=True)
            if span
        ]
        texts = row[made.names :]
        alone = len(texts) > 1 and texts[0] and not any(texts[1:]) and not NUMBER.fullmatch(texts[0])
        if alone:  # such as why there is nothing to tell
            of_row.append(f'<td colspan="{len(texts)}">{escape(texts[0])}</td>')
        else:
            values = zip(texts, numeric[made.names :], strict=True)
            of_row += [f"<td{looks}>{escape(text)}</td>" for text, looks in values]
        body.append(f"<tr>{''.join(of_row)}</tr>")
    fit = {"many": MANY_COLUMNS, "wide": VERY_MANY_COLUMNS}
    looks = " ".join(["data", *(name for name, most in fit.items() if len(made.headings) > most)])
    caption = f"<caption>{escape(made.caption)}</caption>" * bool(made.caption)
    lines = [
        f'<div class="scroll" tabindex="0"><table class="{looks}">{caption}',
        f"<thead><tr>{head}</tr></thead>",
    ]
    return "\n".join([*lines, "<tbody>", *body, "</tbody></table></div>"])


def as_markdown(table: pd.DataFrame) -> str:
    """A table of pipes, below its caption."""
    made = grid(table)
    rule = ["---:" if each else "---" for each in made.numeric]
    lines = [[text.replace("|", r"\|") for text in line] for line in (made.headings, *_thinned(made))]
    of_lines = [f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:])]
    return "\n".join([*([f"*{made.caption}*", ""] if made.caption else []), *of_lines])


def as_latex(table: pd.DataFrame) -> str:
    """A ``longtable`` with the rules of booktabs, which breaks over pages; columns of text break their lines.

    It needs the packages longtable, booktabs and array, which nbconvert's own template loads.
    """
    made = grid(table)
    columns = list(zip(made.headings, *made.rows, strict=True))
    least = [max((len(word) for text in column for word in text.split(" ")), default=1) for column in columns]
    most = [max(1, *map(len, column)) for column in columns]
    line = LINE - 2 * len(columns)  # less the space between columns
    fits = sum(most) <= line
    asked = [each if fits or numeric else 0 for each, numeric in zip(most, made.numeric, strict=True)]
    room = max(line - sum(asked), 1)
    wanted = [
        max(least[place], min(most[place], LINE // 3)) for place in range(len(columns)) if not asked[place]
    ]
    share = room / max(sum(wanted), 1) / LINE
    widths = iter(f"p{{{min(each * share, 0.9):.3f}\\linewidth}}" for each in wanted)
    kinds = [
        ("r" if made.numeric[place] else "l") if asked[place] else next(widths)
        for place in range(len(columns))
    ]
    lines = [" & ".join(map(tex, line)) + r" \\" for line in (made.headings, *_thinned(made))]
    caption = [rf"\caption{{{tex(made.caption)}}}\\"] if made.caption else []
    head = [
        rf"\begin{{longtable}}{{@{{}}{''.join(kinds)}@{{}}}}",
        *caption,
        r"\toprule",
        lines[0],
        r"\midrule",
    ]
    return "\n".join([*head, r"\endhead", r"\bottomrule", r"\endlastfoot", *lines[1:], r"\end{longtable}"])


def _thinned(made: Grid) -> list[list[str]]:
    """The rows, where a heading that stands for several is written once."""
    return [
        [text if span else "" for text, span in zip(row, spans, strict=False)] + row[made.names :]
        for row, spans in zip(made.rows, made.spans, strict=True)
    ]


def tex(text: str) -> str:
    r"""A text as LaTeX writes it.

    Examples
    --------
    >>> print(tex("50 % of a_b: −0.1 [0, 1]"))
    50 \% of a\_b: \ensuremath{-}0.1 {[}0, 1{]}
    """
    return "".join(TEX.get(character, character) for character in text)
