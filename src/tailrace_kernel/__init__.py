"""The guest: runs in the user's environment, on the standard library and IPython alone."""
