"""Settings as another machine can read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bcd_utils.study.differences import flat
from bcd_utils.study.loading import BESIDE, PATHS, beside_studies

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
    >>> portable({"backbone": "/w/a.keras", "source": {"data_dir": "/data/busi/"}, "results": "published/busi.yaml"})
    {'backbone': 'a.keras', 'source': {'data_dir': 'busi'}, 'results': 'busi.yaml'}
    """

    def named(key: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return portable(value)
        if isinstance(value, list | tuple):
            return [named(key, each) for each in value]
        # a table's file may be a path within the data folder
        here = isinstance(value, str) and (key in PATHS or (key in NAMED and Path(value).is_absolute()))
        return Path(value).name if here else value

    return {key: named(key, value) for key, value in settings.items()}


def files_beside(settings: Mapping[str, Any]) -> Iterator[Path]:
    """The files among settings that may lie beside a study's own, such as verdicts on pairs; those that are there."""
    for key, value in flat(settings).items():
        if key.rpartition(".")[2] in BESIDE and value and (file := beside_studies(value)).is_file():
            yield file
