"""What a library's frame must be able to do to be shown as a grid.

Columns are named by their position: names may be repeated, and need not be texts. A frame
is a snapshot that nobody else changes, or says that it is not one (`is_snapshot`).

Rows of a view are held in the library's own form (`Rows`, an array of positions); None
stands for all rows in their own order.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tailrace_kernel.tables.values import Cell

Kind = Literal[
    "integer", "number", "decimal", "boolean", "text", "category", "datetime", "date", "time",
    "duration", "bytes", "nested", "other",
]  # fmt: skip

NUMERIC: frozenset[Kind] = frozenset({"integer", "number", "decimal"})
TEMPORAL: frozenset[Kind] = frozenset({"datetime", "date", "duration"})

Rows = Any
Stop = Callable[[], bool]


class Stopped(Exception):
    """Nobody wants the answer any more."""


class Unanswerable(Exception):
    """The question cannot be answered; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Column:
    """`type` is the library's own word; `is_index`: it is of the frame's index."""

    name: str
    type: str
    kind: Kind
    is_index: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    column: int
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """`between`: `low` and `high` inclusive, null for open; of a number, else ISO text.
    `contains`: `text` in the value's text, in whatever case. `one-of`: the value's text is
    among `values`. `missing`, `present`: whether there is a value (NaN is none)."""

    column: int
    test: Literal["between", "contains", "one-of", "missing", "present"]
    low: float | str | None = None
    high: float | str | None = None
    text: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """Which rows, in which order. Missing values sort last; equal ones keep their order."""

    sort: tuple[Sort, ...] = ()
    filters: tuple[Filter, ...] = ()
    search: str = ""

    @property
    def is_whole(self) -> bool:
        return not (self.sort or self.filters or self.search)


@dataclass(frozen=True, slots=True)
class Summary:
    """Exact facts about a column, where they are cheap for all rows; None where not."""

    missing: int
    low: Cell = None
    high: Cell = None
    mean: Cell = None


class Frame(Protocol):
    library: str
    is_snapshot: bool

    @property
    def row_count(self) -> int: ...

    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def size_bytes(self) -> int:
        """Near enough, without walking texts."""
        ...

    def cells(
        self, rows: Rows, start: int, stop: int, columns: Sequence[int], most: int
    ) -> list[list[Cell]]:
        """Rows `start` to `stop` of a view, as lists of cells; texts cut at `most`."""
        ...

    def rows_of(self, view: View, stop: Stop) -> Rows:
        """The positions of the view's rows. Raises `Stopped`, `Unanswerable`."""
        ...

    def count_of(self, rows: Rows) -> tuple[int, int]:
        """How many rows these are, and how many bytes they take to keep."""
        ...

    def summary(self, column: int) -> Summary: ...

    def sample(self, column: int, most: int) -> list[Any]:
        """At most `most` values that are there, from rows evenly apart, as Python's."""
        ...

    def csv(self, rows: Rows, start: int, stop: int) -> str:
        """Lines of CSV, with the header when `start` is 0."""
        ...

    def write_parquet(self, rows: Rows, path: str) -> None:
        """Raises `Unanswerable` when a package for it is missing."""
        ...


def pieces(count: int, size: int, stop: Stop) -> Iterator[tuple[int, int]]:
    """`count` rows by pieces of `size`; ends with `Stopped` once `stop` says so."""
    for start in range(0, count, size):
        if stop():
            raise Stopped
        yield start, min(count, start + size)


def stride_of(count: int, most: int) -> int:
    """The step that takes at most `most` of `count` rows."""
    return max(1, -(-count // most))
