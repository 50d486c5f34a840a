"""Any text as TeX that pdflatex sets: ASCII alone, so that it depends on no encoding and no font."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import groupby

#: A run of characters that pdflatex cannot set is written as this command with their Unicode numbers.
BEYOND = re.compile(r"\\beyond\{([0-9A-F ]+)\}")

_SPECIAL = {char: f"\\{char}" for char in "{}$&#%_"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "`": r"\textasciigrave{}",
    "\u00a0": "~", "\u202f": r"\,", "\u2009": r"\,", "\u00ad": r"\-",
    "½": r"\textonehalf{}", "¼": r"\textonequarter{}", "¾": r"\textthreequarters{}",
    "‐": "-", "‑": "-", "–": "--", "—": "---", "‘": "`", "’": "'",
    "“": "``", "”": "''", "„": r"\quotedblbase{}", "…": r"\ldots{}",
    "•": r"\textbullet{}", "°": r"\textdegree{}", "§": r"\S{}", "¶": r"\P{}", "©": r"\textcopyright{}",
    "®": r"\textregistered{}", "™": r"\texttrademark{}", "€": r"\texteuro{}", "£": r"\pounds{}", "¢": r"\textcent{}",
    "¥": r"\textyen{}", "¡": r"\textexclamdown{}", "¿": r"\textquestiondown{}", "«": r"\guillemotleft{}",
    "»": r"\guillemotright{}", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}",
    "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "đ": r"\dj{}", "Đ": r"\DJ{}", "ð": r"\dh{}", "Ð": r"\DH{}", "þ": r"\th{}",
    "Þ": r"\TH{}", "ı": r"\i{}", "ª": r"\textordfeminine{}", "º": r"\textordmasculine{}",
}  # fmt: skip
_MATHS = {
    "×": r"\times", "÷": r"\div", "±": r"\pm", "−": "-", "·": r"\cdot", "≤": r"\leq", "≥": r"\geq", "≈": r"\approx",
    "≠": r"\neq", "≡": r"\equiv", "∞": r"\infty", "→": r"\rightarrow", "←": r"\leftarrow", "↔": r"\leftrightarrow",
    "∈": r"\in", "∑": r"\sum", "√": r"\surd", "µ": r"\mu", "¬": r"\neg", "∅": r"\emptyset", "∆": r"\Delta",
}  # fmt: skip
#: Greek letters that TeX's mathematics has under their own names.
_GREEK = {"ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON", "ZETA", "ETA", "THETA", "IOTA", "KAPPA", "MU", "NU", "XI", "PI",
          "RHO", "SIGMA", "TAU", "UPSILON", "PHI", "CHI", "PSI", "OMEGA"}  # fmt: skip
_GREEK_CAPITALS = {"GAMMA", "DELTA", "THETA", "XI", "PI", "SIGMA", "UPSILON", "PHI", "PSI", "OMEGA"}
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0328": "k",
    "\u0331": "b",
}  # fmt: skip
_RAISED = {"<super": "super", "<sub": "sub"}
#: Longest run without a blank that a line is trusted to hold.
LONGEST_WORD = 24
#: Where it may break: behind signs, and within many letters.
_PIECE = re.compile(r"[^/_.:=-]{1,10}[/_.:=-]*|[/_.:=-]+")


def escape(text: object) -> str:
    """Text as TeX that shows it, character for character.

    White space becomes a blank, and words of more than `LONGEST_WORD` characters may break. What pdflatex cannot set
    with the fonts that every TeX has is written by its Unicode numbers, as the argument of ``\\beyond``.

    Examples
    --------
    >>> print(escape("fibro_adenoma & 5% {x} C:\\\\dir"))
    fibro\\_adenoma \\& 5\\% \\{x\\} C:\\textbackslash{}dir
    >>> print(escape("Übergang, Żołek, κ ≥ −0.5, 良性"))
    \\"{U}bergang, \\.{Z}o\\l{}ek, $\\kappa$ $\\geq$ $-$0.5, \\beyond{826F 6027}
    """
    composed = unicodedata.normalize("NFC", re.sub(r"[ \t\r\n\f\v\x85\u2028\u2029]+", " ", str(text)))
    return "".join(map(_word, re.split("( )", composed)))


@lru_cache(maxsize=10_000)
def _word(word: str) -> str:
    parts = _PIECE.findall(word) if len(word) > LONGEST_WORD else [word]
    return r"\allowbreak{}".join(map(_characters, parts))


def _characters(text: str) -> str:
    written, before = [], ""
    for known, run in groupby(text, key=lambda char: character(char) is not None):
        if not known:
            written.append(rf"\beyond{{{' '.join(f'{ord(char):04X}' for char in run)}}}")
            before = ""
            continue
        for char in run:
            written += ["{}" * _join(before, char), str(character(char))]
            before = char
    return "".join(written)


def _join(one: str, other: str) -> bool:
    """Whether T1 fonts make another sign of two."""
    return any(one and one in signs and other in signs for signs in ("-‐‑–—", "'‘’“”", ",", "!‘", "?‘"))


def character(char: str) -> str | None:
    """One character as TeX; None where pdflatex cannot set it.

    Examples
    --------
    >>> print(character("é"), character("²"), character("ά"), character("я"))
    \\'{e} \\textsuperscript{2} None None
    """
    if char in _SPECIAL:
        return _SPECIAL[char]
    if " " <= char <= "\x7e":
        return char
    if char in _MATHS:
        return f"${_MATHS[char]}$"
    kind, _, parts = unicodedata.decomposition(char).rpartition(">")
    pieces = [chr(int(part, 16)) for part in parts.split()]
    if kind in _RAISED and pieces[0].isalnum() and pieces[0].isascii():
        return rf"\text{_RAISED[kind]}script{{{pieces[0]}}}"
    if kind in ("<compat", "<wide", "<narrow", "<font") and "".join(pieces).isalnum():
        inner = [character(piece) for piece in pieces]
        return None if None in inner else "".join(map(str, inner))
    if not kind and len(pieces) == 2 and pieces[1] in _ACCENTS:
        base = character(pieces[0])
        return None if base is None or "$" in base else rf"\{_ACCENTS[pieces[1]]}{{{base}}}"
    return _greek(char)


def _greek(char: str) -> str | None:
    words = unicodedata.name(char, "").split()
    if words[:1] != ["GREEK"] or words[2:3] != ["LETTER"] or len(words) != 4:
        return None
    name = {"LAMDA": "LAMBDA"}.get(words[3], words[3])
    if words[1] == "SMALL" and name in {*_GREEK, "LAMBDA"}:
        return f"$\\{name.lower()}$"
    return (
        f"$\\{name.capitalize()}$" if words[1] == "CAPITAL" and name in {*_GREEK_CAPITALS, "LAMBDA"} else None
    )


def beyond_in_words(texts: str) -> list[str]:
    """What the characters are called that pdflatex cannot set, each once: U+826F and its Unicode name.

    Examples
    --------
    >>> beyond_in_words(escape("я и я"))
    ['U+044F CYRILLIC SMALL LETTER YA', 'U+0438 CYRILLIC SMALL LETTER I']
    """
    numbers = dict.fromkeys(number for run in BEYOND.findall(texts) for number in run.split())
    return [f"U+{number} {unicodedata.name(chr(int(number, 16)), 'without a name')}" for number in numbers]
