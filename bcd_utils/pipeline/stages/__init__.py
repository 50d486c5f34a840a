"""The stages: one file a notebook, each with a ``STAGE``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from bcd_utils.study.stage import Stage, section_name


@lru_cache(maxsize=1)
def all_stages() -> dict[str, Stage]:
    """Every declared stage by its notebook's name, in the order of the notebooks."""
    modules = (importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__))
    return {stage.notebook: stage for stage in sorted((each.STAGE for each in modules), key=_number)}


def sections() -> dict[str, type]:
    """The sections of a study's file that stages declare, by name."""
    return {section_name(each.section): each.section for each in all_stages().values() if each.section}


def _number(stage: Stage) -> str:
    return stage.notebook
