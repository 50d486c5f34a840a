"""Settings that were called otherwise, or stood elsewhere; files with the old names are still read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from bcd_utils.utils.errors import StudyError

#: Old name -> new name; a dot leads into a section, as in ``--set``.
RENAMED = {
    "lottery": "repeated_splits",
    "comparison.contenders": "comparison.candidates",
    "comparison.curve_contenders": "comparison.curve_candidates",
    "comparison.imbalance_contenders": "comparison.imbalance_candidates",
    "audit.correlation": "source.look_alikes",
} | {
    name: f"source.{name}"
    for name in ("dataset", "data_dir", "allow_partial", "stain", "breakhis", "cbis_ddsm", "phantoms")
}
_logger = logging.getLogger(__name__)


def new_name(key: str) -> str:
    """The name that a setting has now.

    Examples
    --------
    >>> new_name("lottery.splits"), new_name("phantoms.seed"), new_name("epochs")
    ('repeated_splits.splits', 'source.phantoms.seed', 'epochs')
    """
    for old, new in RENAMED.items():
        if key == old or key.startswith(f"{old}."):
            return new + key.removeprefix(old)
    return key


def with_new_names(settings: Mapping[str, Any], source: str = "") -> dict[str, Any]:
    """Settings under the names that they have now.

    Parameters
    ----------
    settings : mapping
    source : str
        What to call them where one has an old name, for one line in the log each; "" says nothing.

    Raises
    ------
    StudyError
        If a setting stands there under both names.

    Examples
    --------
    >>> with_new_names({"lottery": {"splits": 3}, "comparison": {"contenders": ["svm"]}})
    {'comparison': {'candidates': ['svm']}, 'repeated_splits': {'splits': 3}}
    """
    changed = {key: dict(value) if isinstance(value, Mapping) else value for key, value in settings.items()}
    for old, new in RENAMED.items():
        section, _, name = old.rpartition(".")
        owner = changed.get(section) if section else changed
        if not isinstance(owner, dict) or name not in owner:
            continue
        value = owner.pop(name)
        section, _, name = new.rpartition(".")
        owner = changed.setdefault(section, {}) if section else changed
        if not isinstance(owner, dict) or name in owner:
            problem = f"{source or 'settings'}: '{old}' and '{new}' are the same setting"
            raise StudyError(problem, f"keep '{new}'")
        owner[name] = value
        if source:
            _logger.warning("%s: '%s' is now called '%s'", source, old, new)
    return changed
