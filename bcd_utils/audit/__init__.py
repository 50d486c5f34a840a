"""What is wrong with a data set: copies, leaks between sets, odd masks, and annotations burnt into the pixels."""
