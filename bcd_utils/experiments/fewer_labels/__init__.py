"""How many labels the result needs, whether unlabelled images replace any, and what to label next."""
