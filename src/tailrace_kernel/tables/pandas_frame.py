"""A pandas DataFrame as a grid. The levels of its index are its first columns.

What is kept is a copy: of a small frame a real one, of a large one a shallow one, which
with copy-on-write (pandas 3, or the option) stays what it was, and without it does not.
"""

import importlib.util
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
    Summary,
    Unanswerable,
    View,
    pieces,
    stride_of,
)
from tailrace_kernel.tables.values import Cell, cell, described, is_missing, plain_text

COPIED_BYTES = 4 << 20  # a millisecond
PIECE = 100_000
LOOKED_AT = 100  # values of an object column by which its kind is told

_OF_DTYPE: dict[str, Kind] = {
    "i": "integer",
    "u": "integer",
    "f": "number",
    "c": "other",
    "b": "boolean",
    "M": "datetime",
    "m": "duration",
}
_INFERRED: dict[str, Kind] = {
    "string": "text",
    "empty": "text",
    "bytes": "bytes",
    "floating": "number",
    "integer": "integer",
    "mixed-integer-float": "number",
    "decimal": "decimal",
    "boolean": "boolean",
    "categorical": "category",
    "datetime64": "datetime",
    "datetime": "datetime",
    "date": "date",
    "timedelta": "duration",
    "timedelta64": "duration",
    "time": "time",
}


class PandasFrame:
    library = "pandas"

    def __init__(self, frame: Any) -> None:
        self._pd: Any = sys.modules["pandas"]
        self._np: Any = sys.modules["numpy"]
        self.size_bytes = int(frame.memory_usage(index=False, deep=False).sum())
        self.is_copy = self.size_bytes <= COPIED_BYTES
        self._frame = frame.copy(deep=self.is_copy)
        self.is_snapshot = self.is_copy or self._has_copy_on_write()
        self._levels = self._frame.index.nlevels
        self.columns: Sequence[Column] = (*self._index_columns(), *self._data_columns())

    @property
    def row_count(self) -> int:
        return len(self._frame)

    def cells(
        self, rows: Rows, start: int, stop: int, columns: Sequence[int], most: int
    ) -> list[list[Cell]]:
        positions = slice(start, stop) if rows is None else rows[start:stop]
        index = self._frame.index[positions]
        wanted = [number - self._levels for number in columns if number >= self._levels]
        part = self._frame.iloc[positions, wanted]
        shown: list[list[Cell]] = []
        at = 0
        for number in columns:
            if number < self._levels:
                values = _values(index.get_level_values(number))
            else:
                values = _values(part.iloc[:, at])
                at += 1
            shown.append([cell(value, most) for value in values])
        return [list(row) for row in zip(*shown, strict=True)] or [[] for _ in range(len(index))]

    # ── views ────────────────────────────────────────────────────────────────

    def rows_of(self, view: View, stop: Stop) -> Rows:
        rows = None
        if view.filters or view.search:
            keep = self._np.ones(self.row_count, dtype=bool)
            for condition in view.filters:
                keep &= self._meets(condition, stop)
            if view.search:
                keep &= self._found(view.search, keep, stop)
            rows = self._np.flatnonzero(keep)
        if view.sort:
            rows = self._sorted(view, rows)
        return rows if rows is None else rows.astype(self._np.uint32, copy=False)

    def count_of(self, rows: Rows) -> tuple[int, int]:
        return (self.row_count, 0) if rows is None else (len(rows), int(rows.nbytes))

    def _sorted(self, view: View, rows: Rows) -> Rows:
        keys = {}
        for place, sort in enumerate(view.sort):
            series = self._series(sort.column)
            keys[place] = (series if rows is None else series.iloc[rows]).reset_index(drop=True)
        ascending = [not sort.descending for sort in view.sort]
        by = list(keys)
        try:
            table = self._pd.DataFrame(keys)
            order = table.sort_values(by, ascending=ascending, kind="stable").index
        except TypeError:  # values of several types, or without an order: by their text
            for place, sort in enumerate(view.sort):
                if self.columns[sort.column].kind in ("other", "nested"):
                    keys[place] = keys[place].map(_text_or_none)
            table = self._pd.DataFrame({
                place: key.map(_text_or_none) if key.dtype == object else key
                for place, key in keys.items()
            })  # fmt: skip
            order = table.sort_values(by, ascending=ascending, kind="stable").index
        order = order.to_numpy()
        return order if rows is None else rows[order]

    def _meets(self, condition: Filter, stop: Stop) -> Any:
        series = self._series(condition.column)
        match condition.test:
            case "missing":
                return series.isna().to_numpy(dtype=bool)
            case "present":
                return series.notna().to_numpy(dtype=bool)
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
        keep = series.notna()
        for bound, is_low in ((condition.low, True), (condition.high, False)):
            if bound is None:
                continue
            end = self._bound(bound, kind, series)
            keep &= (series >= end) if is_low else (series <= end)
        return keep.fillna(False).to_numpy(dtype=bool)

    def _bound(self, bound: float | str, kind: Kind, series: Any) -> Any:
        try:
            if kind == "duration":
                return self._pd.Timedelta(bound)
            if kind in TEMPORAL:
                stamp = self._pd.Timestamp(bound)
                zone = getattr(series.dtype, "tz", None)
                if zone is not None and stamp.tzinfo is None:
                    stamp = stamp.tz_localize(zone)
                return stamp.date() if kind == "date" and series.dtype == object else stamp
            return float(bound)
        except ValueError as error:
            raise Unanswerable(f"{bound!r} is not a value of this column") from error

    def _found(self, search: str, among: Any, stop: Stop) -> Any:
        """Rows `among` those given with the text in any column."""
        needle = search.casefold()
        found = self._np.zeros(self.row_count, dtype=bool)
        for number in range(len(self.columns)):
            if not may_hold(needle, self.columns[number].kind):
                continue
            rest = self._np.flatnonzero(among & ~found)
            series = self._series(number).iloc[rest]
            hits = self._where(series, lambda text: needle in text.casefold(), stop)
            found[rest[hits]] = True
        return found

    def _where(self, series: Any, holds: Any, stop: Stop) -> Any:
        """Whether `holds` is true of the text of each value; never of a missing one."""
        np = self._np
        if isinstance(series.dtype, self._pd.CategoricalDtype):  # each category once
            truth = [holds(plain_text(value)) for value in _values(series.cat.categories)]
            return np.array([*truth, False], dtype=bool)[series.cat.codes.to_numpy()]
        keep = np.zeros(len(series), dtype=bool)
        for start, end in pieces(len(series), PIECE, stop):
            values = _values(series.iloc[start:end])
            keep[start:end] = [not is_missing(v) and holds(plain_text(v)) for v in values]
        return keep

    # ── facts ────────────────────────────────────────────────────────────────

    def summary(self, column: int) -> Summary:
        series = self._series(column)
        missing = int(series.isna().sum())
        kind = self.columns[column].kind
        if missing == len(series) or not (kind in NUMERIC or kind in TEMPORAL):
            return Summary(missing)
        low, high = _values(series.agg(["min", "max"]))
        mean = None if kind == "date" else _values(self._pd.Series([series.mean()]))[0]
        return Summary(missing, cell(low), cell(high), cell(mean))

    def sample(self, column: int, most: int) -> list[Any]:
        series = self._series(column).iloc[:: stride_of(self.row_count, most)]
        return _values(series.dropna())

    # ── files ────────────────────────────────────────────────────────────────

    def csv(self, rows: Rows, start: int, stop: int) -> str:
        part = self._frame.iloc[slice(start, stop) if rows is None else rows[start:stop]]
        text: str = part.to_csv(header=start == 0, index=not self._has_plain_index())
        return text

    def write_parquet(self, rows: Rows, path: str) -> None:
        if not importlib.util.find_spec("pyarrow"):
            raise Unanswerable("Parquet needs the package pyarrow in this kernel's environment")
        part = self._frame if rows is None else self._frame.iloc[rows]
        if not all(type(name) is str for name in part.columns) or part.columns.has_duplicates:
            part = part.set_axis(unique_names(part.columns), axis=1)
        try:
            part.to_parquet(path, engine="pyarrow", index=not self._has_plain_index())
        except (ValueError, TypeError, NotImplementedError) as error:
            raise Unanswerable(f"these columns do not fit Parquet: {described(error)}") from error

    # ── columns ──────────────────────────────────────────────────────────────

    def _series(self, column: int) -> Any:
        """The column with a plain index."""
        if column >= self._levels:
            return self._frame.iloc[:, column - self._levels].reset_index(drop=True)
        return self._pd.Series(self._frame.index.get_level_values(column).array)

    def _index_columns(self) -> list[Column]:
        index = self._frame.index
        columns = []
        for level, name in enumerate(index.names):
            dtype = index.dtype if self._levels == 1 else index.levels[level].dtype
            some = index[:LOOKED_AT].get_level_values(level)
            title = "" if name is None else _name(name)
            columns.append(Column(title, str(dtype), self._kind(some, dtype), is_index=True))
        return columns

    def _data_columns(self) -> list[Column]:
        head = self._frame.iloc[:LOOKED_AT]
        columns = []
        for number, name in enumerate(self._frame.columns):
            dtype = self._frame.dtypes.iloc[number]
            kind = self._kind(head.iloc[:, number], dtype)
            columns.append(Column(_name(name), str(dtype), kind))
        return columns

    def _kind(self, some: Any, dtype: Any) -> Kind:
        if isinstance(dtype, self._pd.CategoricalDtype):
            return "category"
        word = str(dtype)
        if word.startswith(("period", "interval")):
            return "other"
        if word.startswith(("list", "struct", "map")):
            return "nested"
        kind = _OF_DTYPE.get(getattr(dtype, "kind", "O"))
        if kind is not None:
            return kind
        there = [value for value in _values(some) if not is_missing(value)]
        if there and all(isinstance(value, (list, dict, tuple, set)) for value in there):
            return "nested"
        return _INFERRED.get(self._pd.api.types.infer_dtype(there, skipna=True), "other")

    def _has_plain_index(self) -> bool:
        index = self._frame.index
        is_range = isinstance(index, self._pd.RangeIndex) and index.name is None
        return is_range and index.start == 0 and index.step == 1

    def _has_copy_on_write(self) -> bool:
        if int(self._pd.__version__.split(".")[0]) >= 3:
            return True
        return self._pd.get_option("mode.copy_on_write") is True


def unique_names(names: Any) -> list[str]:
    """Texts for column names, told apart where they are the same."""
    used: set[str] = set()
    result = []
    for name in map(_name, names):
        unique, number = name, 1
        while unique in used:
            unique, number = f"{name}.{number}", number + 1
        used.add(unique)
        result.append(unique)
    return result


def may_hold(needle: str, kind: Kind) -> bool:
    """Whether the text of a value of this kind can hold `needle` at all."""
    if kind in NUMERIC:
        return all(letter in "0123456789.+-einfa" for letter in needle)
    if kind in ("datetime", "date", "time"):
        return all(letter in "0123456789.+-: " for letter in needle)
    if kind == "boolean":
        return needle in "true" or needle in "false"
    return True


def _values(series: Any) -> list[Any]:
    """A series', index' or array's values as Python's; short floats stay short."""
    dtype = series.dtype
    if getattr(dtype, "kind", "") == "f" and getattr(dtype, "itemsize", 8) < 8:
        return [value if is_missing(value) else float(str(value)) for value in series.array]
    values: list[Any] = series.tolist()
    return values


def _text_or_none(value: Any) -> str | None:
    return None if is_missing(value) else plain_text(value)


def _name(name: Any) -> str:
    """A name as text; the levels of a name in several levels joined."""
    if isinstance(name, tuple):
        return " · ".join(described(part) for part in name if part != "")
    return described(name)
