"""Synthetic ultrasound images: the generator, the scanner, planted copies, and the data set made of them."""
