"""In which settings studies differ, and the words that make the one of the other."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bcd_utils.study.loading import load_study
from bcd_utils.study.overrides import parse_override
from bcd_utils.study.settings import Study
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.files import read_json
from bcd_utils.utils.path_text import in_shell, path_of
from bcd_utils.utils.paths import ROOT, STUDIES


def flat(settings: Mapping[str, Any], within: str = "") -> dict[str, Any]:
    """Settings by dotted key.

    Examples
    --------
    >>> flat({"epochs": 3, "source": {"dataset": "busi", "classes": None}, "external": {}})
    {'epochs': 3, 'source.dataset': 'busi', 'source.classes': None, 'external': {}}
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        nested = isinstance(value, Mapping) and value
        found |= flat(value, f"{within}{key}.") if nested else {f"{within}{key}": value}
    return found


def differing(*studies: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Dotted keys of which not all studies have the same value, with the value of each; None where one has none.

    Examples
    --------
    >>> differing({"epochs": 3, "source": {"seed": 1}}, {"epochs": 4, "source": {"seed": 1}})
    {'epochs': [3, 4]}
    """
    each = [flat(study) for study in studies]
    keys = dict.fromkeys(key for settings in each for key in settings)
    values = {key: [settings.get(key) for settings in each] for key in keys}
    return {key: found for key, found in values.items() if any(value != found[0] for value in found)}


def as_override(key: str, value: Any) -> str:
    """The text after ``--set`` that gives a setting its value.

    Examples
    --------
    >>> as_override("pooling", "average"), as_override("hidden_units", (64, 32)), as_override("title", "3: x")
    ('pooling=average', 'hidden_units=[64, 32]', 'title="3: x"')
    """
    plain = f"{key}={value}"
    try:
        kept = isinstance(value, str) and parse_override(plain)[1] == value
    except StudyError:
        kept = False
    return plain if kept else f"{key}={json.dumps(value, ensure_ascii=False)}"


def command_of(folder: Path, study: Study) -> str:
    """The command that makes a run, or goes on with it, from any folder: its study's file, and what it changes of it.

    Parameters
    ----------
    folder : Path
        The run's.
    study : Study
    """
    recorded = read_json(folder / "origin.json")
    file = recorded.get("study_file") if isinstance(recorded, dict) else None
    known = STUDIES / f"{study.name}.yaml"
    given = [top / file for top in (ROOT, STUDIES.parent)] if file else [known]
    path = next((each for each in given if each.is_file()), given[0])
    place = ["--run-dir", in_shell(folder)]
    if not path.is_file():
        return " ".join(["bcd run STUDY.yaml", *place])
    named = known.stem if path == known else in_shell(path)
    return " ".join(["bcd run", named, *place, *_changes(path, study)])


def _changes(path: Path, study: Study) -> Iterator[str]:
    """Options that make a study of what its file says."""
    now = study.as_dict()
    try:
        before = load_study(path).as_dict()
    except StudyError:  # it was edited since, or has sections that only its stages know
        return
    if not before["notebooks"]:
        now["notebooks"] = before["notebooks"]
    changed = differing(before, now)
    for key, values in changed.items():
        if key == "source.data_dir" and values[1]:
            yield f"--data-dir {in_shell(path_of(values[1]))}"
        else:
            yield f"--set {shlex.quote(as_override(key, values[1]))}"
