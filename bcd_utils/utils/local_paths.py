"""What a text says of places on this machine, replaced by words that say as much elsewhere."""

from __future__ import annotations

import html
import json
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from bcd_utils.utils.paths import ROOT, cache_folder


def places_of_everyone() -> dict[str, str]:
    """Places that any run may name: the project, its cache and environment, the home and the scratch folder."""
    return {
        str(cache_folder()): "CACHE",
        str(ROOT): "PROJECT",
        sys.prefix: "ENVIRONMENT",
        str(Path.home()): "HOME",
        tempfile.gettempdir(): "SCRATCH",
    }


def without_places(text: str, places: Mapping[str, str]) -> str:
    """A text in which words stand for places, longer places first.

    Parameters
    ----------
    text : str
        Plain, JSON or HTML.
    places : mapping of str to str
        Absolute path -> the word for it.

    Examples
    --------
    >>> without_places('"/h/eve/run/a.csv", /h/eve', {"/h/eve": "HOME", "/h/eve/run": "."})
    '"./a.csv", HOME'
    >>> without_places("https://example.org/data, /data/a, /database", {"/data": "data"})
    'https://example.org/data, data/a, /database'
    """
    words = {
        spelt: word for place, word in places.items() if place not in ("", "/") for spelt in _spellings(place)
    }
    if not words:
        return text
    longest_first = "|".join(re.escape(place) for place in sorted(words, key=len, reverse=True))
    # Neither a part of a longer path or an address, nor the beginning of a longer name.
    whole = re.compile(rf"(?<![\w:/.+-])(?:file://)?({longest_first})(?![\w.-]*\w)")
    return whole.sub(lambda match: words[match[1]], text)


def _spellings(place: str) -> set[str]:
    """A path as plain text, JSON and HTML spell it."""
    return {place, html.escape(place), json.dumps(place)[1:-1], json.dumps(place, ensure_ascii=False)[1:-1]}
