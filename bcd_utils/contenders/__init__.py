"""The contenders of the comparison: every module here with a function ``contenders(study)`` adds some."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import lru_cache

from bcd_utils.contenders.base import FAMILIES, Contender
from bcd_utils.errors import StudyError
from bcd_utils.study import Study


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
            found[contender.name] = replace(contender, source=module.__file__)
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
        If a name fits none, with the nearest that do.
    """
    known = all_contenders(study)
    wanted: set[str] = set()
    for pattern in study.comparison.contenders:
        fitting = {
            name for name, each in known.items() if pattern == each.family or fnmatchcase(name, pattern)
        }
        if not fitting and pattern != "ensemble":
            words = [*known, *{each.family for each in known.values()}, "ensemble"]
            near = difflib.get_close_matches(pattern, words, n=3) or sorted(
                {each.family for each in known.values()}
            )
            raise StudyError(
                f"No contender fits {pattern!r}", f"name one of {', '.join(near)}, or use a pattern"
            )
        wanted |= fitting
    return {name: contender for name, contender in known.items() if name in wanted}
