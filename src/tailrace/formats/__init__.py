"""Floor 1, pure: bytes to the notebook value and back."""
