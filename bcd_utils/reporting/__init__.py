"""Pages and figures: everything that a reader sees of a run."""
