"""Tested helpers of a reproducible deep-learning study in breast imaging. Not for clinical use."""

__version__ = "0.1.0"
