"""A DuckDB relation's first rows. A relation is a query, not rows: it is run once, when it is
shown, as far as a page could want; whoever wants all of them fetches them."""

import importlib.util
from typing import Any

from tailrace_kernel.tables.arrow_frame import ArrowFrame
from tailrace_kernel.tables.frame import Frame
from tailrace_kernel.tables.pandas_frame import PandasFrame
from tailrace_kernel.tables.polars_frame import PolarsFrame

ROWS_MOST = 100_000


def frame_of_relation(relation: Any) -> tuple[Frame, bool] | None:
    """The rows, and whether there are more. None where no library is there to hold them."""
    some = relation.limit(ROWS_MOST + 1)
    frame: Any
    if importlib.util.find_spec("pyarrow"):
        table = some.to_arrow_table()
        frame = ArrowFrame(table.slice(0, ROWS_MOST))
        count = table.num_rows
    elif importlib.util.find_spec("polars"):
        rows = some.pl()
        frame = PolarsFrame(rows.head(ROWS_MOST))
        count = rows.height
    elif importlib.util.find_spec("pandas"):
        rows = some.df()
        frame = PandasFrame(rows.iloc[:ROWS_MOST])
        count = len(rows)
    else:
        return None
    frame.library = "duckdb"
    return frame, count > ROWS_MOST
