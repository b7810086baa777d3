"""A polars DataFrame as a grid. Its columns are never changed in place by others: a clone
shares their memory and stays what it was."""

import datetime
import sys
from collections.abc import Sequence
from typing import Any

from tailrace_kernel.tables.frame import (
    NUMERIC,
    TEMPORAL,
    Column,
    Filter,
    Kind,
    Rows,
    Stop,
    Stopped,
    Summary,
    Unanswerable,
    View,
    pieces,
    stride_of,
)
from tailrace_kernel.tables.pandas_frame import may_hold
from tailrace_kernel.tables.values import Cell, cell, described, is_missing, plain_text

PIECE = 200_000
NUMBER = "__tailrace_row__"

_KINDS: dict[str, Kind] = {
    "Boolean": "boolean",
    "String": "text",
    "Utf8": "text",
    "Categorical": "category",
    "Enum": "category",
    "Datetime": "datetime",
    "Date": "date",
    "Time": "time",
    "Duration": "duration",
    "Binary": "bytes",
    "Decimal": "decimal",
    "List": "nested",
    "Array": "nested",
    "Struct": "nested",
    "Null": "other",
}


class PolarsFrame:
    library = "polars"
    is_snapshot = True
    is_copy = False

    def __init__(self, frame: Any) -> None:
        self._pl: Any = sys.modules["polars"]
        self._frame = frame.clone()
        self.columns: Sequence[Column] = [
            Column(name, str(dtype), _kind(dtype)) for name, dtype in frame.schema.items()
        ]

    @property
    def row_count(self) -> int:
        return int(self._frame.height)

    @property
    def size_bytes(self) -> int:
        return int(self._frame.estimated_size())

    def cells(
        self, rows: Rows, start: int, stop: int, columns: Sequence[int], most: int
    ) -> list[list[Cell]]:
        shown = []
        count = max(0, min(stop, self.count_of(rows)[0]) - start)
        for number in columns:
            values = self._values(self._part(self._frame.to_series(number), rows, start, stop))
            shown.append([cell(value, most) for value in values])
        return [list(row) for row in zip(*shown, strict=True)] or [[] for _ in range(count)]

    def _part(self, series: Any, rows: Rows, start: int, stop: int) -> Any:
        if rows is None:
            return series.slice(start, stop - start)
        return series.gather(rows.slice(start, stop - start))

    def _values(self, series: Any) -> list[Any]:
        dtype = series.dtype
        pl = self._pl
        if dtype == pl.Float32:  # 0.1, not 0.10000000149011612
            return [None if t is None else float(t) for t in series.cast(pl.String).to_list()]
        if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns":  # Python's end at µs
            return series.dt.to_string("%Y-%m-%d %H:%M:%S%.f").to_list()  # type: ignore[no-any-return]
        values: list[Any] = series.to_list()
        return values

    # ── views ────────────────────────────────────────────────────────────────

    def rows_of(self, view: View, stop: Stop) -> Rows:
        if view.is_whole:
            return None
        pl = self._pl
        keep = None
        for condition in view.filters:
            meets = self._meets(condition, stop)
            keep = meets if keep is None else keep & meets
        if view.search:
            found = self._found(view.search, keep, stop)
            keep = found if keep is None else keep & found
        rows = pl.int_range(0, self.row_count, dtype=pl.UInt32, eager=True)
        if keep is not None:
            rows = rows.filter(keep)
        if not view.sort:
            return rows
        if stop():
            raise Stopped
        keys = []
        for place, sort in enumerate(view.sort):
            key = self._key(sort.column)
            keys.append((key if keep is None else key.filter(keep)).alias(str(place)))
        table = pl.DataFrame([rows.alias(NUMBER), *keys])
        return table.sort(
            [key.name for key in keys],
            descending=[sort.descending for sort in view.sort],
            nulls_last=True,
            maintain_order=True,
        ).to_series(0)

    def count_of(self, rows: Rows) -> tuple[int, int]:
        if rows is None:
            return self.row_count, 0
        return len(rows), 4 * len(rows)

    def _key(self, column: int) -> Any:
        """The column by which rows are ordered: NaN is missing, as everywhere."""
        series = self._frame.to_series(column)
        kind = self.columns[column].kind
        if series.dtype.is_float():
            return series.fill_nan(None)
        if kind in ("nested", "other") and series.dtype != self._pl.Null:
            texts = [None if v is None else plain_text(v) for v in series.to_list()]
            return self._pl.Series(series.name, texts, dtype=self._pl.String)
        return series

    def _meets(self, condition: Filter, stop: Stop) -> Any:
        series = self._frame.to_series(condition.column)
        match condition.test:
            case "missing" | "present":
                there = series.is_not_null()
                if series.dtype.is_float():
                    there = there & series.is_not_nan().fill_null(False)
                return there if condition.test == "present" else ~there
            case "between":
                return self._between(condition, series)
            case "contains":
                needle = condition.text.casefold()
                return self._where(series, lambda text: needle in text.casefold(), stop)
            case "one-of":
                wanted = frozenset(condition.values)
                return self._where(series, lambda text: text in wanted, stop)

    def _between(self, condition: Filter, series: Any) -> Any:
        kind = self.columns[condition.column].kind
        if kind not in NUMERIC and kind not in TEMPORAL:
            raise Unanswerable("only numbers and times have a range")
        keep = series.is_not_null()
        if series.dtype.is_float():
            keep = keep & series.is_not_nan()
        for bound, is_low in ((condition.low, True), (condition.high, False)):
            if bound is not None:
                end = self._bound(bound, kind, series.dtype)
                keep = keep & ((series >= end) if is_low else (series <= end))
        return keep.fill_null(False)

    def _bound(self, bound: float | str, kind: Kind, dtype: Any) -> Any:
        pl = self._pl
        try:
            if kind == "date":
                return datetime.date.fromisoformat(str(bound))
            if kind == "datetime":
                stamp = datetime.datetime.fromisoformat(str(bound))
                if dtype.time_zone is None:
                    return stamp.replace(tzinfo=None)
                if stamp.tzinfo is None:
                    return pl.Series([stamp]).dt.replace_time_zone(dtype.time_zone)[0]
                return stamp
            if kind == "duration":
                return datetime.timedelta(seconds=seconds_of(str(bound)))
            return float(bound)
        except ValueError as error:
            raise Unanswerable(f"{bound!r} is not a value of this column") from error

    def _found(self, search: str, among: Any, stop: Stop) -> Any:
        pl = self._pl
        needle = search.casefold()
        found = pl.repeat(False, self.row_count, eager=True)
        for number, column in enumerate(self.columns):
            if may_hold(needle, column.kind):
                series = self._frame.to_series(number)
                found = found | self._where(series, lambda text: needle in text.casefold(), stop)
        return found

    def _where(self, series: Any, holds: Any, stop: Stop) -> Any:
        """Whether `holds` is true of the text of each value; never of a missing one."""
        pl = self._pl
        kept = []
        if isinstance(series.dtype, (pl.Categorical, pl.Enum)):
            different = series.unique().to_list()
            wanted = [text for text in different if text is not None and holds(text)]
            return series.cast(pl.String).is_in(wanted).fill_null(False)
        for start, end in pieces(len(series), PIECE, stop):
            values = self._values(series.slice(start, end - start))
            truth = [not is_missing(value) and holds(plain_text(value)) for value in values]
            kept.append(pl.Series(truth, dtype=pl.Boolean))
        return pl.concat(kept) if kept else pl.Series([], dtype=pl.Boolean)

    # ── facts ────────────────────────────────────────────────────────────────

    def summary(self, column: int) -> Summary:
        series = self._frame.to_series(column)
        kind = self.columns[column].kind
        if series.dtype.is_float():
            series = series.fill_nan(None)
        missing = int(series.null_count())
        if missing == len(series) or not (kind in NUMERIC or kind in TEMPORAL):
            return Summary(missing)
        ends = self._values(self._pl.Series([series.min(), series.max()], dtype=series.dtype))
        return Summary(missing, cell(ends[0]), cell(ends[1]), cell(series.mean()))

    def sample(self, column: int, most: int) -> list[Any]:
        series = self._frame.to_series(column).gather_every(stride_of(self.row_count, most))
        if series.dtype.is_float():
            series = series.fill_nan(None)
        values: list[Any] = series.drop_nulls().to_list()
        return values

    # ── files ────────────────────────────────────────────────────────────────

    def _view(self, rows: Rows, start: int, stop: int) -> Any:
        if rows is None:
            return self._frame.slice(start, stop - start)
        return self._frame[rows.slice(start, stop - start)]

    def csv(self, rows: Rows, start: int, stop: int) -> str:
        part = self._view(rows, start, stop)
        flat = [
            self._pl.Series(
                column.name,
                [None if v is None else plain_text(v) for v in part.to_series(number).to_list()],
                dtype=self._pl.String,
            )
            for number, column in enumerate(self.columns)
            if column.kind in ("nested", "bytes", "other")
        ]
        text: str = part.with_columns(flat).write_csv(include_header=start == 0)
        return text

    def write_parquet(self, rows: Rows, path: str) -> None:
        try:
            self._view(rows, 0, self.row_count).write_parquet(path)
        except self._pl.exceptions.PolarsError as error:
            raise Unanswerable(f"these columns do not fit Parquet: {described(error)}") from error


def seconds_of(text: str) -> float:
    """`90`, `1:30`, `0:01:30`, `2 days, 1:00:00` as seconds. Raises ValueError."""
    days, _, rest = text.rpartition("day")
    clock = rest.lstrip("s, ").strip() if days else text.strip()
    total = 0.0
    for part in (clock or "0").split(":"):
        total = total * 60 + float(part)
    return total + (float(days) * 86_400 if days else 0.0)


def _kind(dtype: Any) -> Kind:
    if dtype.is_integer():
        return "integer"
    if dtype.is_float():
        return "number"
    return _KINDS.get(str(dtype.base_type()), "other")
