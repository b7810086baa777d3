"""Floor 3: one actor per open notebook."""
