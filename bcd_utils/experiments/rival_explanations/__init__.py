"""What else than plain images could be behind a printed row: declared first, then run, then held against it."""
