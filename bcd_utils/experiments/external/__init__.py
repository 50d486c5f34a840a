"""The study's model on images from another source."""
