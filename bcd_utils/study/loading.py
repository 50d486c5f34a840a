"""Reading a study's settings strictly, from YAML or from plain values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from bcd_utils.study.networks import NETWORKS
from bcd_utils.study.overrides import overridden
from bcd_utils.study.renamed import with_new_names
from bcd_utils.study.settings import INPUTS, Study
from bcd_utils.study.source import Source
from bcd_utils.utils.errors import UNKNOWN_KEY, StudyError, allowed_instead, first_mistake
from bcd_utils.utils.path_text import printable
from bcd_utils.utils.paths import AUTHOR_FILE, STUDIES, readable, refuse_unstorable
from bcd_utils.utils.plain_yaml import parse_yaml

_PATTERN_HELP = {
    "backbone": f"one of {', '.join(NETWORKS)}, or the path of a .keras file",
    "input": f"one of {', '.join(INPUTS)}, or overlay-0.7 for another opacity than 0.4",
    "weights": "'imagenet', 'random' or the path of a .h5 or .keras weights file",
    "extractors": "paths of .keras or .h5 files",
    "name": "letters, digits and . _ = , - after a letter or digit",
}
_HELP = {
    "stratify": "a valid boolean, or test",
    "classes": "a list such as [benign, malignant], or their names elsewhere, such as {malignant: [M, malign]}",
    "look_alikes": "a number above 0 and at most 1, or none",
    "sets": "lists such as {train: train.txt, test: test.txt}",
    "table": "a section such as {file: labels.csv}",
    "record": "a section such as {columns: {age: {kind: known, values: number}}}",
}
_TYPE_HELP = {
    "too_short": "at least one value",
    "string_too_short": "at least one character",
    "tuple_type": "a list such as [256, 128]",
    "dataclass_type": "a section such as {key: value}",
}


#: Settings that name a file or folder.
PATHS = {
    "data_dir", "histopathology_dir", "backbone", "weights", "reviewed_pairs", "extractors", "results", "arms"
}  # fmt: skip
BESIDE = {"reviewed_pairs", "results", "arms"}  # files that may lie beside the study's


def _sections_of(owner: type[Any]) -> dict[str, type[Any]]:
    """The dataclass of each setting that is a section, or a dict of sections."""
    return {
        name: kind
        for name, hint in get_type_hints(owner).items()
        for kind in get_args(hint) or [hint]  # FineTuning | None has two
        if isinstance(kind, type) and is_dataclass(kind)
    }


_SECTIONS = _sections_of(Study)


def _allowed_keys(location: Sequence[str], sections: Mapping[str, type]) -> list[str]:
    owner: type[Any] = Study
    parts = iter(location[:-1])
    for part in parts:
        owner = {**sections, **_sections_of(owner)}.get(part, owner)
        if part in ("sources", "columns"):
            next(parts, None)  # a source's name is free, and a column's
    # What the section adds comes first, then what it shares with other sources.
    names = list(dict.fromkeys([*owner.__annotations__, *(field.name for field in fields(owner))]))
    further = [name for name in sections if name not in _SECTIONS] if owner is Study else []
    return [name for name in names if name != "sections"] + further


def _one_line(
    error: ValidationError, source: str, sections: Mapping[str, type], within: str = ""
) -> StudyError:
    first = first_mistake(error)
    places = [str(part) for part in ([within] if within else []) + [*first["loc"]]]
    # A union such as FineTuning | None puts its member's name into the location.
    kinds = {kind.__name__ for kind in (*sections.values(), *_sections_of(Source).values())} | {
        "float",
        "bool",
    }
    location = [
        part for part in places if part not in kinds and not re.search(r"^function|[\[(-]", part)
    ] or places
    key = ".".join(location)
    if first["type"] in UNKNOWN_KEY:
        allowed = _allowed_keys(location, sections)
        fix = allowed_instead(location[-1], allowed)
        return StudyError(f"{source}: unknown setting {key!r} = {first['input']!r}", fix)
    if first["type"] == "missing":
        return StudyError(f"{source}: setting '{key}' is missing", f"add '{key}: ...'")
    wanted = _TYPE_HELP.get(first["type"], first["msg"].removeprefix("Input should be "))
    wanted = wanted.removeprefix("Value error, ")
    if first["type"] in ("too_long", "string_too_long"):
        units = "values" if first["type"] == "too_long" else "characters"
        wanted = f"at most {first['ctx']['max_length']} {units}"
    if first["type"] == "string_pattern_mismatch":
        wanted = next((_PATTERN_HELP[part] for part in location if part in _PATTERN_HELP), wanted)
    wanted = next((_HELP[part] for part in location[-1:] if part in _HELP), wanted)
    if wanted.startswith(("greater", "less")):
        wanted = f"a value {wanted}"
    return StudyError(f"{source}: {key} = {first['input']!r} is not allowed", f"use {wanted}")


def make_study(
    settings: Mapping[str, Any], source: str = "settings", sections: Mapping[str, type] | None = None
) -> Study:
    """Build a `Study` from plain values.

    Parameters
    ----------
    settings : mapping
    source : str
        What messages call them.
    sections : mapping of str to type, optional
        Sections that stages declare. Those that are no attribute of `Study` are checked, completed with their
        defaults and kept in ``Study.sections``. None: what is there was checked before.

    Raises
    ------
    StudyError
        One line naming the setting, its value and what is allowed.

    Examples
    --------
    >>> make_study({"name": "mine", "epochs": 3}).epochs
    3
    >>> make_study({"name": "mine", "epoch": 3})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    bcd_utils.utils.errors.StudyError: settings: unknown setting 'epoch' = 3. To fix: did you mean 'epochs'? ...
    """
    settings = with_new_names(settings)
    try:
        plain = json.dumps(settings, default=str)
    except (TypeError, ValueError) as error:
        problem = f"{source} holds more than plain values ({error})"
        raise StudyError(problem, "write text keys and plain values") from None
    known, within = _SECTIONS | dict(sections or {}), ""
    try:
        if sections is not None:
            values, further = json.loads(plain), {}
            for within in known.keys() - _SECTIONS.keys():
                section = TypeAdapter[Any](known[within])
                made = section.validate_json(json.dumps(values.pop(within, None) or {}))
                further[within] = section.dump_python(made, mode="json")
            within, plain = "", json.dumps(values | {"sections": further})
        study = TypeAdapter(Study).validate_json(plain)
    except ValidationError as error:
        raise _one_line(error, source, known, within) from None
    if study.training == "recipe" and study.fine_tuning:
        problem = (
            f"{source}: training = 'recipe' tunes the whole network, so fine_tuning has nothing left to train"
        )
        raise StudyError(problem, "leave one of them out, or write fine_tuning: null")
    return study if study.title else replace(study, title=study.name)


def with_absolute_paths(settings: Mapping[str, Any], folder: Path = STUDIES) -> dict[str, Any]:
    """Settings whose files and folders do not depend on the current folder or on ``~``.

    Parameters
    ----------
    settings : mapping
    folder : Path
        Where files are sought that are not in the current folder, before `STUDIES`; see `beside_studies`.
    """
    changed = dict(settings)
    for key, value in settings.items():
        if isinstance(value, Mapping):
            changed[key] = with_absolute_paths(value, folder)
        elif key in PATHS and isinstance(value, list | tuple):
            changed[key] = [_absolute(key, each) for each in value]
        elif key in BESIDE and isinstance(value, str):
            changed[key] = _absolute(key, str(beside_studies(value, folder)))
        elif key in PATHS:
            changed[key] = _absolute(key, value)
    return changed


def beside_studies(name: str, folder: Path = STUDIES) -> Path:
    """A file in the current folder, beside the study's file or among the project's studies; else as it is named."""
    places = (Path(name), folder / name, STUDIES / name)
    return next((place for place in places if place.is_file()), Path(name))


def _absolute(key: str, value: Any) -> Any:
    if not isinstance(value, str) or value in {*NETWORKS, "imagenet", "random"}:
        return value
    path = Path(value).expanduser().absolute()
    if key != "data_dir":
        refuse_unstorable(path, key)
    return printable(str(path))


def study_path(given: Path | str) -> Path:
    """The file of a study that is named by its path, or by the name of one that comes with the project."""
    path = Path(given)
    plain = path == Path(path.name) and not path.suffix and not path.exists()
    return STUDIES / f"{path}.yaml" if plain else path


def study_files(folder: Path) -> list[Path]:
    """The YAML files of a folder that can be studies."""
    return sorted(path for path in folder.glob("*.yaml") if path.name != AUTHOR_FILE)


def load_study(
    path: Path | str,
    overrides: Sequence[str] = (),
    sections: Mapping[str, type] | None = None,
    **settings: Any,
) -> Study:
    """Read a study from YAML.

    Parameters
    ----------
    path : path
        The study's YAML file, or the name of one that comes with the project: ``phantom``.
    overrides : sequence of str
        ``key=value`` texts; a dotted key reaches into a section. Paths count from the current folder.
    sections : mapping of str to type, optional
        As for `make_study`.
    **settings
        Values that replace the file's; of a section, those that are given.

    Raises
    ------
    StudyError
        If the file is missing, is a notebook, is no YAML mapping, or holds a setting that is not allowed.
    """
    path = study_path(path)
    if path.suffix == ".ipynb":
        fix = f"name {path.stem} under 'notebooks' in a study's file and run that, or look at a run with 'bcd lab'"
        raise StudyError(f"{readable(path)} is a notebook, and what is run is a study", fix)
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        beside = [readable(p) for p in study_files(path.parent) if path.parent != STUDIES]
        known = beside or [p.stem for p in study_files(STUDIES) if not p.stem.endswith("_reported")]
        fix = f"name one of: {', '.join(sorted(known))}"
        raise StudyError(f"There is no study file {readable(path)}", fix) from None
    except OSError as error:
        problem = f"{readable(path)} cannot be read ({error.strerror})"
        raise StudyError(problem, f"make it readable: chmod u+r {readable(path)}") from None
    except ValueError as error:
        raise StudyError(f"{readable(path)} is not valid YAML: {error}", "mend it") from None
    if not isinstance(values, dict):
        raise StudyError(f"{readable(path)} holds no settings", "write 'key: value' lines")
    values = overridden(with_new_names(values, readable(path)), overrides)
    for key, value in with_new_names(settings).items():
        both = isinstance(value, dict) and isinstance(values.get(key), dict)
        values[key] = {**values[key], **value} if both else value
    return make_study(with_absolute_paths(values, path.parent), readable(path), sections or {})


def source_of(values: Mapping[str, Any], overrides: Sequence[str] = ()) -> Source:
    """A source from plain values and ``source.key=value`` texts.

    Raises
    ------
    StudyError
        As `make_study`.
    """
    settings = overridden({"name": "inspected", "source": dict(values)}, overrides)
    return make_study(with_absolute_paths(settings), "settings").source
