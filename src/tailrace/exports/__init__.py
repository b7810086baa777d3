"""A notebook in other forms: a script, Markdown, one HTML file.

Pure functions from the notebook value to text. They run nothing, open nothing, fetch nothing.
"""
