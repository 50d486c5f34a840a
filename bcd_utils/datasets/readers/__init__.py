"""One file a data set: what it is, where it lies, and how its files are read."""
