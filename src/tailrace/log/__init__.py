"""Floor 2: the durable, ordered records of one notebook, behind one protocol."""
