"""What the notebooks of a study do, one module or folder an experiment."""
