"""Jupyter Server's API (docs/spec/jupyter.md): its routes and its kernel sockets."""
