"""Networks and other classifiers: backbones, heads, how they are trained, and what they cost."""
