"""Where a network looked, and the controls without which a heat map says nothing."""
