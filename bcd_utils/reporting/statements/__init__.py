"""What a program can know of a run: sentences that follow from its settings and artifacts alone.

Checklists and the model card name these statements. Each is a function, marked with `base.statement`, of what
``summary.json`` holds. A statement whose artifact is missing is unknown, and so left to the author; nothing is
ever guessed.
"""

from __future__ import annotations

from bcd_utils.reporting.statements import (  # noqa: F401 - they register their statements
    data,
    fewer_labels,
    image_and_record,
    model,
    project,
    recipe,
    results,
)
from bcd_utils.reporting.statements.base import STATEMENTS, Statement, state

__all__ = ["STATEMENTS", "Statement", "state"]
