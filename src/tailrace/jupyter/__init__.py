"""Jupyter's words for what we have: messages, their form on the wire, records as messages."""
