"""Several data sets side by side: what they hold, what their images are like, and what one model says of another's."""
