"""What can be said about a notebook's Python without running it."""
