"""How many images of their own a person may send, and how large."""

MOST_FILES = 8  # at once, and that are kept; of more, the first are forgotten
MOST_MEGABYTES = 50  # together
MOST_MEGAPIXELS = 60  # each
LIMITS = f"{MOST_FILES} files, {MOST_MEGABYTES} MB together, {MOST_MEGAPIXELS} megapixels each"
