"""What can be typed after ``bcd``: a file for the commands of one subject."""
