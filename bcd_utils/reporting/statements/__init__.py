"""What a program can know of a run: sentences that follow from its settings and artifacts alone.

Checklists and the model card name these facts. Each is a function, marked with `base.fact`, of what
``summary.json`` holds. A fact whose artifact is missing is unknown, and so left to the author; nothing is
ever guessed.
"""

from __future__ import annotations

from bcd_utils.reporting.statements import data, model, project, results  # noqa: F401 - they register their facts
from bcd_utils.reporting.statements.base import FACTS, Fact, tell

__all__ = ["FACTS", "Fact", "tell"]
