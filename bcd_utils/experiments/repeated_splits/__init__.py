"""The same training on many random splits."""
