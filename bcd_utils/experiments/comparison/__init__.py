"""Candidates held against each other on the same folds: trainings, costs, scores, and what follows from them."""
