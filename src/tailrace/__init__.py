"""Tailrace: a Python notebook whose output streams, lasts, and is there when you come back."""

__version__ = "0.1.0"
