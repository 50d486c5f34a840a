"""What every other room may use and that knows nothing of a study: files, errors, parallel jobs, the backend."""
