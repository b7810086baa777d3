"""Floor 2: large values by hash."""
