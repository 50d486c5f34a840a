"""One case at a time: an image with all that a finished run says of it, for a person to look at."""
