"""A run's network carried away: one file from pixels to calibrated probabilities, held against the run."""
