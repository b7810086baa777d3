"""Floor 2: running interpreters, behind one protocol."""
