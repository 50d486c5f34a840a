"""Figures of the study: each function takes plain data and returns a matplotlib Figure, never shown."""
