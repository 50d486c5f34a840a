"""The stages: one file a notebook, each with a ``STAGE``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from bcd_utils.study.stage import Stage, section_name


@lru_cache(maxsize=1)
def all_stages() -> dict[str, Stage]:
    """Every declared stage by its notebook's name, in the order of the notebooks."""
    names = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    stages: list[Stage] = [importlib.import_module(name).STAGE for name in names]
    return {stage.notebook: stage for stage in sorted(stages, key=lambda stage: stage.notebook)}


def sections() -> dict[str, type]:
    """The sections of a study's file that stages declare, by name."""
    return {section_name(stage.section): stage.section for stage in all_stages().values() if stage.section}
