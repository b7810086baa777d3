"""A pyarrow Table or RecordBatch as a grid, by pyarrow's own functions. It cannot change."""

import importlib
import io
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
from tailrace_kernel.tables.pandas_frame import may_hold, unique_names
from tailrace_kernel.tables.values import Cell, cell, described, is_missing, plain_text

PIECE = 200_000


class ArrowFrame:
    is_snapshot = True
    is_copy = False

    def __init__(self, table: Any, library: str = "pyarrow") -> None:
        self.library = library
        self._pa: Any = sys.modules["pyarrow"]
        self._pc: Any = importlib.import_module("pyarrow.compute")
        if isinstance(table, self._pa.RecordBatch):
            table = self._pa.Table.from_batches([table])
        self._table = table.slice(0)  # an object of our own, on the same memory
        self.columns: Sequence[Column] = [
            Column(field.name, str(field.type), self._kind(field.type)) for field in table.schema
        ]

    @property
    def row_count(self) -> int:
        return int(self._table.num_rows)

    @property
    def size_bytes(self) -> int:
        return int(self._table.nbytes)

    def cells(
        self, rows: Rows, start: int, stop: int, columns: Sequence[int], most: int
    ) -> list[list[Cell]]:
        shown = []
        count = max(0, min(stop, self.count_of(rows)[0]) - start)
        for number in columns:
            array = self._table.column(number)
            part = (
                array.slice(start, stop - start)
                if rows is None
                else array.take(rows.slice(start, stop - start))
            )
            shown.append([cell(value, most) for value in self._values(part)])
        return [list(row) for row in zip(*shown, strict=True)] or [[] for _ in range(count)]

    def _values(self, array: Any) -> list[Any]:
        types = self._pa.types
        if types.is_floating(array.type) and array.type.bit_width < 64:
            texts = self._pc.cast(array, self._pa.string()).to_pylist()
            return [None if text is None else float(text) for text in texts]
        is_long = getattr(array.type, "unit", "") == "ns"  # Python's times end at µs
        if is_long and not types.is_duration(array.type):
            return self._pc.cast(array, self._pa.string()).to_pylist()  # type: ignore[no-any-return]
        if is_long:
            array = self._pc.cast(array, self._pa.duration("us"), safe=False)
        values: list[Any] = array.to_pylist()
        return values

    # ── views ────────────────────────────────────────────────────────────────

    def rows_of(self, view: View, stop: Stop) -> Rows:
        if view.is_whole:
            return None
        pa, pc = self._pa, self._pc
        keep = None
        for condition in view.filters:
            meets = self._meets(condition, stop)
            keep = meets if keep is None else pc.and_(keep, meets)
        if view.search:
            found = self._found(view.search, stop)
            keep = found if keep is None else pc.and_(keep, found)
        rows = None if keep is None else pc.indices_nonzero(keep)
        if not view.sort:
            return rows
        if stop():
            raise Stopped
        keys = [self._key(sort.column) for sort in view.sort]
        if rows is not None:
            keys = [key.take(rows) for key in keys]
        names = [str(place) for place in range(len(keys))]
        order = [
            (name, "descending" if sort.descending else "ascending")
            for name, sort in zip(names, view.sort, strict=True)
        ]
        table = pa.Table.from_arrays(keys, names=names)
        places = pc.sort_indices(table, sort_keys=order)  # missing ones at the end
        return places if rows is None else rows.take(places)

    def count_of(self, rows: Rows) -> tuple[int, int]:
        return (self.row_count, 0) if rows is None else (len(rows), int(rows.nbytes))

    def _key(self, column: int) -> Any:
        """What rows are ordered by: NaN is missing; what has no order goes by its text."""
        array = self._table.column(column)
        if self._pa.types.is_floating(array.type):
            return self._pc.if_else(self._pc.is_nan(array), None, array)
        if self._pa.types.is_dictionary(array.type):
            return array.cast(array.type.value_type)
        if self.columns[column].kind in ("nested", "other"):
            texts = [None if value is None else plain_text(value) for value in array.to_pylist()]
            return self._pa.chunked_array([texts], type=self._pa.string())
        return array

    def _meets(self, condition: Filter, stop: Stop) -> Any:
        array = self._table.column(condition.column)
        match condition.test:
            case "missing":
                return self._pc.is_null(array, nan_is_null=True)
            case "present":
                return self._pc.invert(self._pc.is_null(array, nan_is_null=True))
            case "between":
                return self._between(condition, array)
            case "contains":
                needle = condition.text.casefold()
                return self._where(array, lambda text: needle in text.casefold(), stop)
            case "one-of":
                wanted = frozenset(condition.values)
                return self._where(array, lambda text: text in wanted, stop)

    def _between(self, condition: Filter, array: Any) -> Any:
        pa, pc = self._pa, self._pc
        kind = self.columns[condition.column].kind
        if kind not in NUMERIC and kind not in TEMPORAL:
            raise Unanswerable("only numbers and times have a range")
        keep = pc.invert(pc.is_null(array, nan_is_null=True))
        try:
            for bound, compare in (
                (condition.low, pc.greater_equal),
                (condition.high, pc.less_equal),
            ):
                if bound is None:
                    continue
                if kind == "duration":
                    end = pa.scalar(int(float(bound) * 1e9), pa.duration("ns"))
                elif kind in TEMPORAL:
                    end = self._moment(str(bound), array.type)
                else:
                    end = pa.scalar(float(bound))
                keep = pc.and_(keep, pc.fill_null(compare(array, end), False))
        except (ValueError, pa.ArrowInvalid) as error:
            raise Unanswerable(f"{bound!r} is not a value of this column") from error
        return keep

    def _moment(self, text: str, kind: Any) -> Any:
        """ISO text as a scalar of the column's type; in the column's zone where it has one."""
        pa, pc = self._pa, self._pc
        zone = getattr(kind, "tz", None)
        if zone is None:
            return pc.cast(pa.scalar(text), kind)
        naive = pc.cast(pa.scalar(text), pa.timestamp(kind.unit))
        return pc.assume_timezone(naive, zone)

    def _found(self, search: str, stop: Stop) -> Any:
        pa, pc = self._pa, self._pc
        needle = search.casefold()
        found = pa.chunked_array([pa.repeat(False, self.row_count)])
        for number, column in enumerate(self.columns):
            if may_hold(needle, column.kind):
                array = self._table.column(number)
                hits = self._where(array, lambda text: needle in text.casefold(), stop)
                found = pc.or_(found, hits)
        return found

    def _where(self, array: Any, holds: Any, stop: Stop) -> Any:
        """Whether `holds` is true of the text of each value; never of a missing one."""
        kept = [
            self._pa.array(
                [
                    not is_missing(value) and holds(plain_text(value))
                    for value in self._values(array.slice(start, end - start))
                ],
                type=self._pa.bool_(),
            )
            for start, end in pieces(len(array), PIECE, stop)
        ]
        return self._pa.chunked_array(kept, type=self._pa.bool_())

    # ── facts ────────────────────────────────────────────────────────────────

    def summary(self, column: int) -> Summary:
        array = self._table.column(column)
        pc = self._pc
        missing = int(pc.sum(pc.is_null(array, nan_is_null=True)).as_py() or 0)
        kind = self.columns[column].kind
        if missing == len(array) or not (kind in NUMERIC or kind in TEMPORAL):
            return Summary(missing)
        if self._pa.types.is_floating(array.type):
            array = self._key(column)
        ends = pc.min_max(array)
        low, high = (
            cell(self._values(self._pa.array([ends[name]], type=array.type))[0])
            for name in ("min", "max")
        )
        mean = cell(pc.mean(array).as_py()) if kind in NUMERIC else None
        return Summary(missing, low, high, mean)

    def sample(self, column: int, most: int) -> list[Any]:
        array = self._table.column(column)
        step = stride_of(self.row_count, most)
        if step > 1:
            array = array.take(self._pa.array(range(0, self.row_count, step)))
        if getattr(array.type, "unit", "") == "ns":
            array = self._pc.cast(array, self._shorter(array.type), safe=False)
        return [value for value in array.to_pylist() if not is_missing(value)]

    def _shorter(self, kind: Any) -> Any:
        """The type with microseconds, which is as far as Python's times go."""
        pa = self._pa
        if pa.types.is_duration(kind):
            return pa.duration("us")
        return pa.time64("us") if pa.types.is_time(kind) else pa.timestamp("us", kind.tz)

    # ── files ────────────────────────────────────────────────────────────────

    def _view(self, rows: Rows, start: int, stop: int) -> Any:
        if rows is None:
            return self._table.slice(start, stop - start)
        return self._table.take(rows.slice(start, stop - start))

    def csv(self, rows: Rows, start: int, stop: int) -> str:
        written: Any = importlib.import_module("pyarrow.csv")
        part = self._view(rows, start, stop)
        arrays = []
        for number, column in enumerate(self.columns):
            array = part.column(number)
            if column.kind in ("nested", "bytes", "other", "category", "decimal"):
                texts = [None if v is None else plain_text(v) for v in array.to_pylist()]
                array = self._pa.chunked_array([texts], type=self._pa.string())
            arrays.append(array)
        flat = self._pa.Table.from_arrays(arrays, names=[column.name for column in self.columns])
        target = io.BytesIO()
        options = written.WriteOptions(include_header=start == 0)
        written.write_csv(flat, target, options)
        return target.getvalue().decode()

    def write_parquet(self, rows: Rows, path: str) -> None:
        parquet: Any = importlib.import_module("pyarrow.parquet")
        part = self._view(rows, 0, self.row_count)
        part = part.rename_columns(unique_names(part.column_names))
        try:
            parquet.write_table(part, path)
        except self._pa.ArrowException as error:
            raise Unanswerable(f"these columns do not fit Parquet: {described(error)}") from error

    def _kind(self, kind: Any) -> Kind:
        types = self._pa.types
        tests: list[tuple[Any, Kind]] = [
            (types.is_boolean, "boolean"),
            (types.is_integer, "integer"),
            (types.is_floating, "number"),
            (types.is_decimal, "decimal"),
            (types.is_dictionary, "category"),
            (types.is_timestamp, "datetime"),
            (types.is_date, "date"),
            (types.is_time, "time"),
            (types.is_duration, "duration"),
            (types.is_nested, "nested"),
        ]
        for test, name in tests:
            if test(kind):
                return name
        word = str(kind)
        if "string" in word:
            return "text"
        return "bytes" if "binary" in word else "other"
