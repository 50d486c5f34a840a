"""The contenders of the comparison: every module here with a function ``contenders(study)`` adds some."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache

from bcd_utils.models.candidates.base import FAMILIES, Contender
from bcd_utils.study.settings import Study
from bcd_utils.utils.errors import StudyError


@lru_cache(maxsize=4)
def all_contenders(study: Study) -> dict[str, Contender]:
    """Every contender by name, family after family.

    Raises
    ------
    StudyError
        If two have the same name.
    """
    found: dict[str, Contender] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        module = importlib.import_module(f"{__name__}.{name}")
        for contender in module.contenders(study) if hasattr(module, "contenders") else ():
            if contender.name in found:
                raise StudyError(
                    f"Two contenders are called {contender.name}", "give one of them another name"
                )
            title = contender.title
            if title in (other.title for other in found.values()):
                title = f"{title} ({contender.name})"
            found[contender.name] = replace(contender, title=title, source=module.__file__)
    order = list(FAMILIES)
    return dict(
        sorted(
            found.items(),
            key=lambda item: order.index(item[1].family) if item[1].family in order else len(order),
        )
    )


def chosen_contenders(study: Study) -> dict[str, Contender]:
    """The contenders that the study names, by family, by name or by pattern such as ``resnet50*``.

    Raises
    ------
    StudyError
        If any name in the study's ``comparison`` fits none, with the nearest that do.
    """
    known, settings = all_contenders(study), study.comparison
    for name in (*settings.members, *settings.curve_contenders, *settings.imbalance_contenders):
        if name not in known:
            raise _unknown(name, list(known))
    wanted = set().union(*(_fitting(name, known) for name in settings.contenders))
    return {name: contender for name, contender in known.items() if name in wanted}


def _fitting(pattern: str, known: dict[str, Contender]) -> set[str]:
    found = {name for name, each in known.items() if pattern == each.family or fnmatchcase(name, pattern)}
    if not found and pattern != "ensemble":  # an ensemble is made of others
        raise _unknown(pattern, [*known, *sorted({each.family for each in known.values()}), "ensemble"])
    return found


def _unknown(name: str, known: list[str]) -> StudyError:
    near = difflib.get_close_matches(name, list(dict.fromkeys(known)), n=3) or known
    return StudyError(f"No contender is called {name!r}", f"name one of {', '.join(near)}")
