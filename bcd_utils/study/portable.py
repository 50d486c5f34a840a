"""Settings as another machine can read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bcd_utils.study.loading import PATHS

#: A table of labels may be named by a whole path.
NAMED = PATHS | {"file"}


def places_in(settings: Mapping[str, Any]) -> Iterator[str]:
    """The absolute paths among settings.

    Examples
    --------
    >>> list(places_in({"source": {"data_dir": "/data/busi", "images": "/benign/"}, "extractors": ["/w/a.keras"]}))
    ['/data/busi', '/w/a.keras']
    """
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from places_in(value)
        elif key in NAMED:
            given = value if isinstance(value, list | tuple) else [value]
            yield from (each for each in given if isinstance(each, str) and Path(each).is_absolute())


def portable(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that name files and folders alone, not where they lie.

    Examples
    --------
    >>> portable({"backbone": "/w/a.keras", "source": {"data_dir": "/data/busi/"}, "epochs": 3})
    {'backbone': 'a.keras', 'source': {'data_dir': 'busi'}, 'epochs': 3}
    """
    names = {place: Path(place).name for place in places_in(settings)}

    def named(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [named(each) for each in value]
        return names.get(value, value) if isinstance(value, str) else value

    return {
        key: portable(value) if isinstance(value, Mapping) else named(value) if key in NAMED else value
        for key, value in settings.items()
    }
