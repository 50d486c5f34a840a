"""The study's model on a data set that it has never seen."""
