"""``author.yaml``: what no program can know of a study, in its authors' words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from bcd_utils.reporting.checklist import FILLED, fill_checklists, load_checklists
from bcd_utils.study.run import Run
from bcd_utils.utils.errors import UNKNOWN_KEY, StudyError, allowed_instead, first_mistake
from bcd_utils.utils.files import read_json, write_text
from bcd_utils.utils.paths import AUTHOR_FILE, CARRIED, ROOT, STUDIES, readable
from bcd_utils.utils.plain_yaml import parse_yaml

STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=STRICT)
class Author:
    """One author."""

    name: str
    affiliations: tuple[str, ...] = ()
    email: str = ""
    orcid: str = ""


@dataclass(frozen=True, config=STRICT)
class Authored:
    """What the authors say. All of it is plain text; empty is what they have not said yet.

    Attributes
    ----------
    title : str
        Of the paper; by default the study's.
    checklists : dict of checklist to dict of item to str
        Answers to what the checklists leave to the author.
    """

    title: str = ""
    authors: tuple[Author, ...] = ()
    keywords: tuple[str, ...] = ()
    background: str = ""
    conclusion: str = ""
    introduction: str = ""
    discussion: str = ""
    limits: str = ""
    data_availability: str = ""
    code_availability: str = ""
    ethics: str = ""
    funding: str = ""
    competing_interests: str = ""
    contributions: str = ""
    acknowledgements: str = ""
    checklists: dict[str, dict[str, str]] = Field(default_factory=dict)


#: What each text is for, as the template says it.
PURPOSES = {
    "background": "abstract: why the study was done",
    "conclusion": "abstract: what follows from the results, and what does not",
    "introduction": "section Introduction",
    "discussion": "section Discussion",
    "limits": "further limits than those that the run shows",
    "data_availability": "where the data are, beside what the run says",
    "code_availability": "where the code is: an address, a DOI",
    "ethics": "approval and consent, or why none was needed",
    "funding": "who paid, and what part they had",
    "competing_interests": "of each author, or none",
    "contributions": "who did what",
    "acknowledgements": "whom to thank",
}
_HEAD = """\
# What no program can know of this study, for `bcd paper`. Plain text, no TeX; what stays empty is marked in the paper
# as left to the author. This file is never written over. A long text is written so:
#   introduction: >-
#     Several lines, which become
#     one paragraph.
"""
_AUTHORS = """\
authors: []
# authors:
#   - name: Ada Example
#     affiliations: [Department of Examples, University of Somewhere]
#     email: ada@example.org
#     orcid: 0000-0000-0000-0000
keywords: []
"""


def author_file(run: Run) -> Path:
    """Where the authors' words lie: beside the study's file, or in the run's folder where that file is not known."""
    origin = read_json(run.folder / "origin.json")
    recorded = origin.get("study_file") if isinstance(origin, dict) else None
    for path in (top / recorded for top in (ROOT, STUDIES.parent) if recorded):
        if path.is_file() and not path.is_relative_to(CARRIED):  # an installed package is no place for them
            return path.with_name(AUTHOR_FILE)
    return run.folder / AUTHOR_FILE


def template(summary: Mapping[str, Any]) -> str:
    """An ``author.yaml`` that says nothing yet: every key, and what each open item of the checklists asks."""
    lines = [_HEAD, f'title: ""  # of the paper; empty: {_comment(summary["title"])}', _AUTHORS.rstrip("\n")]
    lines += [f'{name}: ""  # {purpose}' for name, purpose in PURPOSES.items()]
    lines += ["", "# What the checklists ask, and the program cannot answer or answers in part."]
    open_items = [
        (checklist["name"], [item for item in checklist["items"] if item["status"] != FILLED])
        for checklist in fill_checklists(summary)
    ]
    lines.append("checklists:" if any(items for _, items in open_items) else "checklists: {}")
    for name, items in open_items:
        lines += [f"  {name}:"] * bool(items)
        lines += [f'    "{item["item"]}": ""  # {_comment(item["left"] or item["asked"])}' for item in items]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    return " ".join(text.split())


def write_template(path: Path, summary: Mapping[str, Any]) -> bool:
    """Write a template where there is no such file; whether it was written."""
    if path.exists():
        return False
    write_text(path, template(summary))
    return True


def items_of_checklists() -> dict[str, list[str]]:
    """The items that authors may answer, by checklist."""
    return {each["name"]: [str(item["item"]) for item in each["items"]] for each in load_checklists()}


def read_author_file(path: Path, items: Mapping[str, list[str]]) -> Authored:
    """Read what the authors say, strictly.

    Parameters
    ----------
    path : Path
    items : mapping of checklist to list of str
        The items that there are.

    Raises
    ------
    StudyError
        One line that names the key, and what is allowed.
    """
    source = readable(path)
    try:
        values = parse_yaml(path.read_text(encoding="utf-8"), texts_only=True)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8"
        raise StudyError(
            f"{source} cannot be read ({reason})", "mend it, or move it away: a new one is written"
        ) from None
    except ValueError as error:
        raise StudyError(
            f"{source} is not valid YAML: {error}", "mend it; put texts with ': ' or '#' into quotes"
        ) from None
    if not isinstance(values, dict):
        raise StudyError(
            f"{source} says nothing", "write 'key: value' lines, or move it away: a new one is written"
        )
    try:
        authored: Authored = TypeAdapter(Authored).validate_python(_without_empty(values))
    except ValidationError as error:
        raise _one_line(error, source) from None
    for name, answers in authored.checklists.items():
        if name not in items:
            raise StudyError(f"{source}: unknown checklist {name!r}", allowed_instead(name, list(items)))
        for item in answers:
            if item not in items[name]:
                fix = allowed_instead(item, items[name])
                raise StudyError(f"{source}: checklist {name!r} has no item {item!r}", fix)
    return authored


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without keys behind which nothing is written: ``authors:`` says as little as ``authors: []``."""
    return {key: value for key, value in values.items() if value != ""}


def _one_line(error: ValidationError, source: str) -> StudyError:
    first = first_mistake(error)
    key = ".".join(str(part + 1 if isinstance(part, int) else part) for part in first["loc"])
    if first["type"] in UNKNOWN_KEY:
        owner = Author if "authors" in first["loc"] else Authored
        known = [field.name for field in fields(owner)]
        return StudyError(f"{source}: unknown key {key!r}", allowed_instead(str(first["loc"][-1]), known))
    if first["type"] == "missing":
        return StudyError(f"{source}: key '{key}' is missing", f"add '{str(first['loc'][-1])}: ...'")
    kinds = {
        "string_type": "text",
        "tuple_type": "a list such as [one, two]",
        "dict_type": "'key: value' lines",
    }
    kinds["dataclass_type"] = "'name: ...' and further keys, as the head of the file shows"
    wanted = kinds.get(first["type"], first["msg"].removeprefix("Input should be "))
    return StudyError(f"{source}: {key} = {first['input']!r} is not allowed", f"use {wanted}")
