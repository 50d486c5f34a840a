"""What predictions are worth: metrics, intervals, paired tests, calibration and thresholds."""
