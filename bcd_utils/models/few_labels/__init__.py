"""Learning from few labels: with the labelled images alone, with unlabelled ones too, and what to label next."""
