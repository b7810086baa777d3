"""Parts for tests, ours and others'."""
