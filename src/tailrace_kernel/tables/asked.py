"""What the server asks about a table, read from JSON (KER-8, `table`)."""

from dataclasses import dataclass
from typing import Any

from tailrace_kernel.tables.frame import Filter, Frame, Sort, Unanswerable, View
from tailrace_kernel.tables.values import CELL_CHARS

ROWS_MOST = 1_000
CELLS_MOST = 50_000  # of one answer
TEXT_MOST = 100_000
TESTS = ("between", "contains", "one-of", "missing", "present")


@dataclass(frozen=True, slots=True)
class Asked:
    handle: str
    action: str
    view: View
    offset: int
    limit: int
    columns: tuple[int, ...]
    text_limit: int
    format: str
    download: str


def asked(header: dict[str, Any], frame: Frame) -> Asked:
    """Raises `Unanswerable` for a column that is not there, and for words nobody knows."""
    count = len(frame.columns)
    chosen = header.get("columns")
    columns = tuple(range(count)) if chosen is None else tuple(int(number) for number in chosen)
    sort = tuple(
        Sort(int(each["column"]), bool(each.get("descending"))) for each in header.get("sort") or ()
    )
    filters = tuple(map(_filter, header.get("filters") or ()))
    used = (*columns, *(each.column for each in sort), *(each.column for each in filters))
    if any(not 0 <= number < count for number in used):
        raise Unanswerable("the table has no such column")
    limit = min(int(header.get("limit") or 0), ROWS_MOST, CELLS_MOST // max(1, len(columns)))
    return Asked(
        handle=str(header["handle"]),
        action=str(header.get("action") or "page"),
        view=View(_once(sort), filters, str(header.get("search") or "")),
        offset=max(0, int(header.get("offset") or 0)),
        limit=max(1, limit),
        columns=columns,
        text_limit=max(1, min(int(header.get("text_limit") or CELL_CHARS), TEXT_MOST)),
        format=str(header.get("format") or "csv"),
        download=str(header.get("download") or ""),
    )


def _once(sort: tuple[Sort, ...]) -> tuple[Sort, ...]:
    """A column orders once: its first mention counts."""
    first: dict[int, Sort] = {}
    for each in sort:
        first.setdefault(each.column, each)
    return tuple(first.values())


def _filter(given: dict[str, Any]) -> Filter:
    test = given["test"]
    if test not in TESTS:
        raise Unanswerable(f"no filter is called {test!r}")
    return Filter(
        column=int(given["column"]),
        test=test,
        low=given.get("low"),
        high=given.get("high"),
        text=str(given.get("text") or ""),
        values=tuple(map(str, given.get("values") or ())),
    )
