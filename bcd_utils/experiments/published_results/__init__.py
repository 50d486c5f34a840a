"""What the field printed on one data set, held against what is possible and against what was measured."""
