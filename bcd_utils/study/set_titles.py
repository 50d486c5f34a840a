"""What the sets are called where people read of them: CLAIM 2024's words, since "validation" means two things."""

from __future__ import annotations

#: Files, columns, keys and settings keep the names on the left.
SET_TITLES = {"train": "training", "validation": "tuning", "test": "internal test"}
