"""From the paper's protocol to a network tuned end to end, one change at a time on the same grouped folds."""
