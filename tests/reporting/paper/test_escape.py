"""Text as TeX: what is written can be read back, by a reader that knows nothing of how it was written."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tex_reading import untex

from bcd_utils.reporting.paper.escape import beyond_in_words, escape

SETTABLE = "abzAZ019 \\{}$&#%_~^<>|\"`'–—-,.;:!?()[]*+=@/äéñçžŻłøßæı×≥κα²½…−"


def as_read(text: str) -> str:
    """What is the same on paper: white space is a blank, a straight quote one in its place."""
    blanks = re.sub(r"[ \t\r\n\f\v\x85\u2028\u2029]+", " ", text)
    return unicodedata.normalize("NFC", blanks).replace("'", "’").replace("‐", "-").replace("‑", "-")


@settings(max_examples=100, deadline=None, database=None)
@given(st.text(SETTABLE, max_size=60))
def test_text_is_shown_as_it_is(text):
    assert untex(escape(text)) == as_read(text)


@settings(max_examples=100, deadline=None, database=None)
@given(st.text(max_size=60))
def test_whatever_it_is_what_is_written_is_ascii_without_a_meaning_of_its_own(text):
    written = escape(text)
    assert written.isascii() and written.isprintable()
    depth = 0
    for sign in re.findall(r"\\.|[{}]", written):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    bare = re.sub(r"\\[A-Za-z]+|\\.|\$[^$]+\$", "", written)
    assert not re.search(r"[#$%&_^\\]", bare), written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fibro_adenoma & 5% #1 $x$", r"fibro\_adenoma \& 5\% \#1 \$x\$"),
        ("C:\\{a}~^", r"C:\textbackslash{}\{a\}\textasciitilde{}\textasciicircum{}"),
        ("Übergang, Żołek, Łódź", r"\"{U}bergang, \.{Z}o\l{}ek, \L{}\'{o}d\'{z}"),
        ("line\n\tbreak", "line break"),
        ("a--b ,,c''", "a-{}-b ,{},c'{}'"),
        ("良性, я", r"\beyond{826F 6027}, \beyond{044F}"),
        ("κ ≥ −0.5", r"$\kappa$ $\geq$ $-$0.5"),
        (0.5, "0.5"),
    ],
)
def test_signs(text, expected):
    assert escape(text) == expected


def test_long_words_may_break_behind_signs_and_are_the_same_when_read():
    word = "artifacts/very_long_name_of_a_table.csv"
    written = escape(word)
    assert written.count(r"\allowbreak{}") > 2 and untex(written) == word
    assert max(map(len, escape("ab" * 32).split(r"\allowbreak{}"))) <= 12


def test_characters_that_cannot_be_set_are_said_in_words():
    assert beyond_in_words(escape("良 я 良 é")) == [
        "U+826F CJK UNIFIED IDEOGRAPH-826F",
        "U+044F CYRILLIC SMALL LETTER YA",
    ]
    assert beyond_in_words(escape("\ue123"))[0] == "U+E123 without a name"
