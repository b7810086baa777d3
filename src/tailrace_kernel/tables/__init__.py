"""DataFrames as grids: what is shown with a cell, and what is answered about it later.

`tables.py` ties the rest together: `frame.py` is what a library's frame must be able to do,
`pandas_frame.py`, `polars_frame.py` and `arrow_frame.py` can do it, `kept.py` remembers the
frames that were shown, `jobs.py` sorts and counts beside the running cell, `values.py` and
`statistics.py` turn values into JSON. No library is imported here that a cell has not
imported itself.
"""
