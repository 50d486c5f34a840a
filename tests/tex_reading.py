"""TeX read back, by other means than it is written with: texts, tables and macros."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

_NAMED = {
    "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<", "textgreater": ">",
    "textbar": "|", "textquotedbl": '"', "textasciigrave": "`", "ldots": "…", "ss": "ß", "ae": "æ", "o": "ø", "l": "ł",
    "i": "ı", "textdegree": "°", "textonehalf": "½", "allowbreak": "",
}  # fmt: skip
_MATHS = {"-": "−", r"\times": "×", r"\geq": "≥", r"\leq": "≤", r"\kappa": "κ", r"\pm": "±", r"\alpha": "α"}
_ACCENTS = {"`": "GRAVE", "'": "ACUTE", "^": "CIRCUMFLEX", "~": "TILDE", '"': "DIAERESIS", "c": "CEDILLA", "v": "CARON",
            "r": "RING ABOVE", ".": "DOT ABOVE", "=": "MACRON", "u": "BREVE", "H": "DOUBLE ACUTE", "k": "OGONEK",
            "d": "DOT BELOW", "b": "MACRON BELOW"}  # fmt: skip
_TOKEN = re.compile(
    r"\\beyond\{(?P<beyond>[0-9A-F ]+)\}|\\(?P<raised>textsuperscript|textsubscript)\{(?P<small>\w)\}"
    r"|\\(?P<named>[A-Za-z]+)\{\}|\\(?P<accent>[`'^~\"=.]|[cvruHkdb](?=\{))\{(?P<base>(?:[^{}]|\\[A-Za-z]+\{\}|\\.\{.\})+)\}"
    r"|\$(?P<maths>[^$]+)\$|\\(?P<sign>[{}$&#%_,-])|(?P<empty>\{\})|(?P<dashes>-+)|(?P<quotes>'+|`+)"
    r"|(?P<tie>~)|(?P<plain>[A-Za-z0-9 !()*+,./:;<=>?@\[\]])"
)


def untex(text: str) -> str:
    """The text that TeX shows; raises ValueError at what is no text, such as a sign with a meaning of its own."""
    shown, place = [], 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if not token:
            raise ValueError(f"{text[place:]!r} is no text")
        shown.append(_shown(token))
        place = token.end()
    return "".join(shown)


def _shown(token: re.Match[str]) -> str:
    found = {kind: value for kind, value in token.groupdict().items() if value is not None}
    if "beyond" in found:
        return "".join(chr(int(number, 16)) for number in found["beyond"].split())
    if "raised" in found:
        kind = "SUPERSCRIPT" if found["raised"] == "textsuperscript" else "SUBSCRIPT"
        names = ["ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"]
        return (
            unicodedata.lookup(f"{kind} {names[int(found['small'])]}")
            if found["small"].isdigit()
            else found["small"]
        )
    if "named" in found:
        return _NAMED[found["named"]]
    if "accent" in found:
        mark = unicodedata.lookup(
            f"COMBINING {_ACCENTS[found['accent']]}" + " ACCENT" * (found["accent"] in "`'^H")
        )
        return unicodedata.normalize("NFC", untex(found["base"]) + mark)
    if "maths" in found:
        return _MATHS[found["maths"]]
    if "sign" in found:
        return {",": "\u2009", "-": "\u00ad"}.get(found["sign"], found["sign"])
    if "dashes" in found:
        return {1: "-", 2: "–", 3: "—"}[len(found["dashes"])]
    if "quotes" in found:
        return {"'": "’", "''": "”", "`": "‘", "``": "“"}[found["quotes"]]
    return {"empty": "", "tie": "\u00a0"}.get(next(iter(found)), token[0])


def read_table(path: Path) -> list[list[str]]:
    """The rows below the heading of a table's file; an empty first cell is the one above."""
    text = path.read_text(encoding="utf-8")
    body = text.split(r"\endfoot" if r"\endfoot" in text else r"\midrule")[-1].split(r"\bottomrule")[0]
    rows = []
    for line in body.split(r"\end{longtable}")[0].splitlines():
        if line.endswith(r"\\"):
            cells = [untex(cell.strip()) for cell in re.split(r"(?<!\\)&", line.removesuffix(r"\\"))]
            rows.append([cells[0] or rows[-1][0], *cells[1:]])
    return rows


def read_macros(path: Path) -> list[tuple[str, str, str, str]]:
    """Name, text, key and value of each macro of ``numbers.tex``."""
    line = re.compile(r"\\newcommand\{\\([A-Za-z]+)\}\{(.*)\} % (.+) = (\S+)")
    return [match.groups() for match in map(line.fullmatch, path.read_text().splitlines()) if match]  # type: ignore[misc]
