"""DataFrames shown as grids: their MIME value, and answers about them later (TAB rules).

A formatter for each library's frame is registered by the name of its module, so nothing is
imported before a cell does. It adds one MIME value beside the library's own; in that is a
handle, by which pages, statistics and files can be asked for while the kernel lives.
"""

import importlib.util
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from IPython.core.formatters import BaseFormatter
from traitlets import ObjectName, Unicode

from tailrace_kernel.tables.asked import Asked, asked
from tailrace_kernel.tables.downloads import Downloads
from tailrace_kernel.tables.frame import Frame, Rows, Stop, Unanswerable
from tailrace_kernel.tables.jobs import Jobs
from tailrace_kernel.tables.kept import Kept
from tailrace_kernel.tables.statistics import column_statistics
from tailrace_kernel.tables.values import described
from tailrace_kernel.wire import visible

MIME = "application/vnd.tailrace.table+json"

FIRST_ROWS = 50
FIRST_CELLS = 3_000
COLUMNS_MOST = 2_000  # that a page is told of
ANSWER_CHARS = 4_000_000
WAIT_S = 1.0  # for a sort or a filter; then the page is told that it goes on
STATISTICS_MOST = 32  # columns of one question

log = logging.getLogger("tailrace_kernel")

Describe = Callable[[Any], dict[str, Any] | None]

_FRAMES = [  # modules' and classes' names, with those of older versions
    ("pandas", "DataFrame", "pandas"),
    ("pandas.core.frame", "DataFrame", "pandas"),
    ("polars.dataframe.frame", "DataFrame", "polars"),
    ("pyarrow.lib", "Table", "pyarrow"),
    ("pyarrow.lib", "RecordBatch", "pyarrow"),
    ("duckdb._relation", "DuckDBPyRelation", "duckdb"),
    ("_duckdb", "DuckDBPyRelation", "duckdb"),
    ("duckdb.duckdb", "DuckDBPyRelation", "duckdb"),
]


class TableFormatter(BaseFormatter):
    format_type = Unicode(MIME)
    print_method = ObjectName("_repr_tailrace_table_")
    _return_type = dict


class Tables:
    """`folder` is the kernel's own, for files that are being downloaded."""

    def __init__(self, folder: str) -> None:
        self._jobs = Jobs()
        self._kept = Kept(lambda handle: self._jobs.forget(lambda key: key[0] == handle))
        self._downloads = Downloads(folder, self._jobs)

    def install(self, shell: Any) -> None:
        """Have `shell` show frames as tables."""
        formatter = TableFormatter(parent=shell.display_formatter)
        for module, name, library in _FRAMES:
            formatter.for_type_by_name(module, name, self._describe_as(library))
        shell.display_formatter.formatters[MIME] = formatter

    def settle(self) -> None:
        """After a cell: let go of what nobody needs."""
        self._kept.settle()
        self._downloads.settle()

    # ── showing ──────────────────────────────────────────────────────────────

    def _describe_as(self, library: str) -> Describe:
        def describe(value: Any) -> dict[str, Any] | None:
            try:
                return self.described(value, library)
            except Exception:
                # The library's own form is there too, and is shown instead.
                log.info("a frame of %s could not be made into a table", library, exc_info=True)
                return None

        return describe

    def described(self, value: Any, library: str) -> dict[str, Any] | None:
        """The MIME value; the frame is kept. None: show the library's own form."""
        found = _frame_of(value, library)
        if found is None or not found[0].columns:
            return None
        frame, has_more = found
        shown = min(len(frame.columns), COLUMNS_MOST)
        rows = max(1, min(FIRST_ROWS, FIRST_CELLS // shown))
        first = frame.cells(None, 0, min(rows, frame.row_count), range(shown), 256)
        is_own = getattr(frame, "is_copy", False) or library == "duckdb"
        return {
            "handle": self._kept.add(frame, None if is_own else value),
            "kind": library,
            "rows": frame.row_count,
            "has_more": has_more,
            "is_snapshot": frame.is_snapshot,
            "column_count": len(frame.columns),
            "columns": [
                {
                    "name": visible(column.name[:512]),
                    "type": column.type[:512],
                    "kind": column.kind,
                    **({"index": True} if column.is_index else {}),
                }
                for column in frame.columns[:shown]
            ],
            "first": _within(first),
            "formats": _formats(library),
        }

    # ── answering ────────────────────────────────────────────────────────────

    def answer(self, header: dict[str, Any]) -> dict[str, Any]:
        """`page`, `stats` or `export` of a handle. `gone`: the frame is not kept any more;
        `working`: ask again; `problem`: why it cannot be answered."""
        handle = str(header["handle"])
        frame = self._kept.get(handle)
        if frame is None:
            return {"gone": True}
        try:
            return self._answer(asked(header, frame), frame)
        except Unanswerable as reason:
            return {"problem": str(reason)}
        except (KeyError, OSError):  # not a question, or no room for a file
            raise
        except Exception as error:
            # The library cannot do this with these values, and says why.
            log.info("a table could not be asked this", exc_info=True)
            return {"problem": f"{type(error).__name__}: {described(error)[:500]}"}

    def _answer(self, question: Asked, frame: Frame) -> dict[str, Any]:
        if question.action == "stats":
            return self._statistics(question, frame)
        found = self._rows(question, frame)
        if found is None:
            return {"working": True}
        (rows,) = found
        if question.action == "export":
            return self._downloads.piece(frame, rows, question, WAIT_S)
        if question.action != "page":
            raise Unanswerable(f"a table knows no action {question.action!r}")
        count, _ = frame.count_of(rows)
        start = min(question.offset, count)
        stop = min(count, start + question.limit)
        cells = frame.cells(rows, start, stop, question.columns, question.text_limit)
        return {"rows": count, "offset": start, "cells": _within(cells)}

    def _rows(self, question: Asked, frame: Frame) -> tuple[Rows] | None:
        view = question.view
        if view.is_whole:
            return (None,)

        def compute(stop: Stop) -> tuple[Rows, int]:
            rows = frame.rows_of(view, stop)
            return rows, frame.count_of(rows)[1]

        return self._jobs.result((question.handle, view), compute, WAIT_S)

    def _statistics(self, question: Asked, frame: Frame) -> dict[str, Any]:
        """Of each column by itself: those that are ready come, the others are `working`."""
        ready: dict[str, Any] = {}
        working = False
        wait_s = WAIT_S
        for column in question.columns[:STATISTICS_MOST]:

            def compute(_: Stop, column: int = column) -> tuple[dict[str, Any], int]:
                return column_statistics(frame, column), 4_096

            found = self._jobs.result((question.handle, "stats", column), compute, wait_s)
            if found is None:
                working, wait_s = True, 0.0
            else:
                ready[str(column)] = found[0]
        return {"columns": ready, "working": working}


def _frame_of(value: Any, library: str) -> tuple[Frame, bool] | None:
    """The frame, and whether it holds only the first of more rows. The modules are loaded
    when there is something for them to do."""
    match library:
        case "pandas":
            from tailrace_kernel.tables.pandas_frame import PandasFrame

            if not sys.modules["pandas"].get_option("display.notebook_repr_html"):
                return None  # whoever wants plain text gets it
            return PandasFrame(value), False
        case "polars":
            from tailrace_kernel.tables.polars_frame import PolarsFrame

            return PolarsFrame(value), False
        case "pyarrow":
            from tailrace_kernel.tables.arrow_frame import ArrowFrame

            return ArrowFrame(value), False
        case _:
            from tailrace_kernel.tables.duckdb_rows import frame_of_relation

            return frame_of_relation(value)


def _formats(library: str) -> list[str]:
    has_parquet = library == "polars" or importlib.util.find_spec("pyarrow") is not None
    return ["csv", "parquet"] if has_parquet else ["csv"]


def _within(cells: list[list[Any]]) -> list[list[Any]]:
    """As many rows as an answer may hold, at least one."""
    size = 0
    for number, row in enumerate(cells):
        size += sum(len(value) if type(value) is str else 24 for value in row)
        size += sum(len(json.dumps(value)) for value in row if type(value) is dict)
        if size > ANSWER_CHARS and number > 0:
            return cells[:number]
    return cells
