"""Floor 2: the user's files: safe paths, checkpoints, changes by others."""
