"""Floor 7: commands a person types."""
