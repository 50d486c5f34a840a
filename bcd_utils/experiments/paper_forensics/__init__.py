"""Which confusion matrices fit the numbers that a paper reports."""
