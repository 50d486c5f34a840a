"""What a patient's record adds to an image: each alone, and both, on the same folds."""
