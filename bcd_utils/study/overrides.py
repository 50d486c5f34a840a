"""Settings changed by ``key=value`` texts, as ``--set`` takes them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from bcd_utils.study.renamed import new_name
from bcd_utils.utils.errors import StudyError
from bcd_utils.utils.plain_yaml import parse_yaml

_logger = logging.getLogger(__name__)


def parse_override(text: str) -> tuple[str, Any]:
    """Split ``key=value``; the value is read as YAML.

    Examples
    --------
    >>> parse_override("dropout=0.3")
    ('dropout', 0.3)
    >>> parse_override("fine_tuning.learning_rate=1e-5")
    ('fine_tuning.learning_rate', 1e-05)
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise StudyError(f"--set {text!r} is not of the form key=value", "write for example --set epochs=10")
    try:
        return key.strip(), parse_yaml(value)
    except ValueError as error:
        problem = f"--set {text!r}: the value is not valid YAML ({error})"
        raise StudyError(problem, f"quote it: --set '{key}=\"...\"'") from None


def overridden(values: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """Plain values in which ``key=value`` texts have replaced some; a dotted key reaches into a section."""
    for text in overrides:
        key, value = parse_override(text)
        current = new_name(key)
        if current != key:
            _logger.warning("--set %s: it is now called '%s'", key, current)
        *outer, last = current.split(".")
        inner = values
        for section in outer:
            inner[section] = dict(inner[section]) if isinstance(inner.get(section), dict) else {}
            inner = inner[section]
        inner[last] = value
    return values
