"""Tested helpers of a reproducible deep-learning study in breast imaging. Not for clinical use."""

import sys

__version__ = "0.1.0"

# Where this package is found, jsonschema (which nbformat imports) builds a grammar of internationalised URIs: two
# seconds of every command, for a check that no notebook asks for.
sys.modules.setdefault("rfc3987_syntax", None)
