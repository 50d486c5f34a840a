"""Tested helpers of a reproducible deep-learning study in breast imaging. Not for clinical use."""

import sys

from bcd_utils.utils.environment import without_switches

__version__ = "0.1.0"

# If jsonschema, which nbformat imports, finds this package, it builds a grammar of international URIs: two seconds of
# every command, for a check that no notebook asks for.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type] # what Python keeps for "not there"

without_switches()
