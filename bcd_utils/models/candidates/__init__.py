"""The candidates of the comparison: every module here with a function ``candidates(study)`` adds some."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache

from bcd_utils.models.candidates.base import FAMILIES, Candidate
from bcd_utils.study.settings import Study
from bcd_utils.utils.errors import StudyError


@lru_cache(maxsize=4)
def all_candidates(study: Study) -> dict[str, Candidate]:
    """Every candidate by name, family after family.

    Raises
    ------
    StudyError
        If two have the same name.
    """
    known: dict[str, Candidate] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{name}")
        for candidate in module.candidates(study) if hasattr(module, "candidates") else ():
            if candidate.name in known:
                raise StudyError(
                    f"Two candidates are called {candidate.name}", "give one of them another name"
                )
            title = candidate.title
            if title in (other.title for other in known.values()):
                title = f"{title} ({candidate.name})"
            known[candidate.name] = replace(candidate, title=title, source=module.__file__)
    place = {family: number for number, family in enumerate(FAMILIES)}
    return dict(sorted(known.items(), key=lambda item: place.get(item[1].family, len(place))))


def chosen_candidates(study: Study) -> dict[str, Candidate]:
    """The candidates that the study names, by family, by name or by pattern such as ``resnet50*``.

    Raises
    ------
    StudyError
        If any name in the study's ``comparison`` fits none, with the nearest that do.
    """
    known, settings = all_candidates(study), study.comparison
    for name in (*settings.members, *settings.curve_candidates, *settings.imbalance_candidates):
        if name not in known:
            raise _unknown(name, list(known))
    wanted = set().union(*(_fitting(name, known) for name in settings.candidates))
    return {name: candidate for name, candidate in known.items() if name in wanted}


def _fitting(pattern: str, known: dict[str, Candidate]) -> set[str]:
    families = {name: candidate.family for name, candidate in known.items()}
    names = {name for name, family in families.items() if pattern == family or fnmatchcase(name, pattern)}
    if not names and pattern != "ensemble":  # an ensemble is made of others
        raise _unknown(pattern, [*known, *sorted(set(families.values())), "ensemble"])
    return names


def _unknown(name: str, known: list[str]) -> StudyError:
    near = difflib.get_close_matches(name, list(dict.fromkeys(known)), n=3) or known
    return StudyError(f"No candidate is called {name!r}", f"name one of {', '.join(near)}")
