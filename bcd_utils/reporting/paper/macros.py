"""A TeX macro for every number that a run reports, named after its key in ``summary.json``."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from bcd_utils.evaluation.format import HAIR, number, p_value
from bcd_utils.reporting.paper.escape import escape
from bcd_utils.reporting.paper.marked import MarkedSummary, Path, Shown, leaves, unmarked

_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def spelt(word: str) -> str:
    """A word in the only characters that a macro's name may hold: Latin letters.

    Examples
    --------
    >>> spelt("f1_macro"), spelt("specificity 0.90"), spelt("Übergang"), spelt("良")
    ('FOneMacro', 'SpecificityZeroNineZero', 'Ubergang', 'UEightTwoSixF')
    """
    plain = "".join(
        char if char.isascii() else f" U{ord(char):X} "
        for char in unicodedata.normalize("NFKD", word)
        if not unicodedata.combining(char)
    )
    parts = re.findall(r"[A-Za-z]+|[0-9]", plain)
    return "".join(_DIGITS[int(part)] if part.isdigit() else part[0].upper() + part[1:] for part in parts)


def macro_name(path: Path, prefix: str = "run") -> str:
    """The name of a number's macro, without the backslash; places in lists count from one.

    Examples
    --------
    >>> macro_name(("metrics", "test", "f1_macro")), macro_name(("audit", "leak", 0, "share"), "runTwo")
    ('runMetricsTestFOneMacro', 'runTwoAuditLeakOneShare')
    """
    return prefix + "".join(spelt(str(key + 1) if isinstance(key, int) else key) for key in path)


def written(path: Path, value: float) -> str:
    """A number as its macro has it: counts whole, p-values with four decimals, all else with three, tiny ones exact.

    Examples
    --------
    >>> written(("split", "test"), 1170), written(("paired", "svm", "mcnemar_p"), 0.03), written(("loss",), -0.5)
    ('1,170', '0.0300', '−0.500')
    >>> written(("settings", "learning_rate"), 0.0001), written(("mean",), 3.0)
    ('0.0001', '3.000')
    """
    if isinstance(value, int):
        return number(value, 0)
    if any(str(key) == "p" or str(key).endswith("_p") for key in path):
        return p_value(value)
    if HAIR < abs(value) < 0.001:
        return re.sub(r"e-0?", "e−", f"{value:.3g}").replace("-", "−")
    return number(value)


class Macros:
    """The macros of one run.

    Parameters
    ----------
    summary : mapping
        What ``summary.json`` holds.
    prefix : str
        What every name begins with.

    Attributes
    ----------
    names : dict of path to str
        The macro of each number, in the summary's order; no name stands twice.
    """

    def __init__(self, summary: Mapping[str, Any], prefix: str = "run"):
        self.values = leaves(summary)
        self._taken: set[str] = set()
        self.names = {path: self._free(macro_name(path, prefix)) for path in self.values}
        self.marked = MarkedSummary(summary)
        self._others: dict[tuple[Path, str], str] = {}

    def _free(self, name: str) -> str:
        """A name, with a letter more where it is taken."""
        while name in self._taken:
            name += "B"
        self._taken.add(name)
        return name

    def macro(self, shown: Shown) -> str:
        """The macro, as TeX, that gives a number as a text shows it: its own, or one for that way to write it."""
        name, text = self.names[shown.path], shown.text
        if text != written(shown.path, self.values[shown.path]):
            if (shown.path, text) not in self._others:
                self._others[shown.path, text] = self._free(name + _manner(text))
            name = self._others[shown.path, text]
        return f"\\{name}{{}}"

    def sentence(self, marked: str, plain: str, cite: Any = escape) -> str:
        """A sentence as TeX, with macros for its numbers.

        Parameters
        ----------
        marked, plain : str
            The same sentence of the marked summary, and of the summary.
        cite : callable
            Makes TeX of the text between numbers.
        """
        if unmarked(marked) != plain:  # two numbers that are written alike were told apart by their marks
            return str(cite(plain))
        parts = self.marked.parts(marked)
        return "".join(self.macro(part) if isinstance(part, Shown) else str(cite(part)) for part in parts)

    def lines(self) -> list[str]:
        """The definitions, each with its key and its value in ``summary.json``."""
        definitions = [
            (self.names[path], written(path, value), path) for path, value in self.values.items()
        ] + [(name, text, path) for (path, text), name in self._others.items()]
        return [
            f"\\newcommand{{\\{name}}}{{{escape(text)}}} % {key_of(path)} = {json.dumps(self.values[path])}"
            for name, text, path in definitions
        ]


def _manner(text: str) -> str:
    """How a number is written that is not written as usual."""
    sign = "Signed" if text.startswith("+") else ""
    if text.endswith("%"):
        return f"{sign}Percent"
    decimals = len(text.partition(".")[2])
    return f"{sign}{_DIGITS[decimals]}Decimals" if 0 < decimals < len(_DIGITS) else f"{sign}Plain"


def key_of(path: Path) -> str:
    """A key as a comment names it, in one line of ASCII; places in lists as programs count them.

    Examples
    --------
    >>> key_of(("audit", "leak", 0, "share")), key_of(("dataset", "classes", "Übergang"))
    ('audit.leak[0].share', 'dataset.classes["\\\\u00dcbergang"]')
    """
    written = ""
    for key in path:
        if isinstance(key, int):
            written += f"[{key}]"
        else:
            plain = re.fullmatch(r"\w+", key, re.ASCII)
            written += f"{'.' * bool(written)}{key}" if plain else f"[{json.dumps(key)}]"
    return written
