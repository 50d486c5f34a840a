"""Texts without places of this machine."""

from __future__ import annotations

import json
import sys
import tempfile
from html import escape
from pathlib import Path

import pytest

from bcd_utils.utils.local_paths import places_of_everyone, without_places
from bcd_utils.utils.paths import ROOT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/eve", "HOME"),
        ("see /home/eve/run/a.csv.", "see ./a.csv."),
        ("file:///home/eve/x, '/home/eve/run'", "HOME/x, '.'"),
        ("/home/evelyn and /home/eve.old stay", "/home/evelyn and /home/eve.old stay"),
        ("https://x.org/home/eve and a/home/eve stay", "https://x.org/home/eve and a/home/eve stay"),
        ("(/home/eve/run).", "(.)."),
    ],
)
def test_whole_places_are_replaced_longest_first(text, expected):
    assert without_places(text, {"/home/eve": "HOME", "/home/eve/run": "."}) == expected


@pytest.mark.parametrize(
    "spell", [str, escape, json.dumps, lambda text: json.dumps(text, ensure_ascii=False)]
)
def test_places_are_found_as_pages_and_notebooks_spell_them(spell):
    place = "/home/ève & 'co'/\"run\""
    assert without_places(f"<{spell(place)}>", {place: "X"}).strip('<>"') == "X"


def test_everyones_places_are_replaced_and_the_root_of_all_is_none():
    named = f"{ROOT}/a {Path.home()}/b {sys.prefix}/c {tempfile.gettempdir()}/d"
    left = without_places(named, places_of_everyone())
    assert not any(
        place in left for place in (str(ROOT), str(Path.home()), sys.prefix, tempfile.gettempdir())
    )
    assert without_places("/a", {"/": "ALL", "": "NONE"}) == "/a"
