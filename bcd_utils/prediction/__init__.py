"""A finished run applied to further images: what it says of them, and how far they are from what it has seen."""
