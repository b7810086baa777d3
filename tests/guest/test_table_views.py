"""Views of a table are what pandas itself would answer, whichever library holds it."""

import datetime
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace_kernel.tables.arrow_frame import ArrowFrame
from tailrace_kernel.tables.frame import Filter, Frame, Sort, View
from tailrace_kernel.tables.pandas_frame import PandasFrame
from tailrace_kernel.tables.polars_frame import PolarsFrame
from tailrace_kernel.tables.values import plain_text, text_of

DAY = datetime.datetime(2024, 1, 1)
NAMES = ("whole", "part", "text", "day", "truth")


def columns(size: int) -> st.SearchStrategy[dict[str, list[Any]]]:
    def values(one: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
        return st.lists(st.none() | one, min_size=size, max_size=size)

    return st.fixed_dictionaries(
        {
            "whole": values(st.integers(-5, 5)),
            "part": values(st.sampled_from([-1.5, 0.0, 0.25, 3.0, 1e300])),
            "text": values(st.sampled_from(["", "a", "A", "ab", "ß", "SS", "b\tc", "<b>"])),
            "day": values(st.integers(0, 4).map(lambda n: DAY + datetime.timedelta(hours=n))),
            "truth": values(st.booleans()),
        }
    )


frames = st.integers(0, 12).flatmap(columns)
sorts = st.lists(
    st.builds(Sort, st.integers(0, 4), st.booleans()), max_size=3, unique_by=lambda s: s.column
).map(tuple)
filters = st.one_of(
    st.builds(Filter, st.integers(0, 4), st.sampled_from(["missing", "present"])),
    st.builds(
        Filter,
        st.just(0),
        st.just("between"),
        low=st.none() | st.integers(-5, 5),
        high=st.none() | st.integers(-5, 5),
    ),
    st.builds(
        Filter,
        st.just(3),
        st.just("between"),
        low=st.none() | st.just("2024-01-01 02:00"),
        high=st.none() | st.just("2024-01-01 03:00:00"),
    ),
    st.builds(
        Filter, st.integers(0, 4), st.just("contains"), text=st.sampled_from(["a", "1", "S"])
    ),
    st.builds(
        Filter,
        st.sampled_from([2, 4]),
        st.just("one-of"),
        values=st.lists(st.sampled_from(["", "a", "<b>", "true"])).map(tuple),
    ),
)
views = st.builds(
    View,
    sorts,
    st.lists(filters, max_size=2).map(tuple),
    st.sampled_from(["", "", "a", "3", "tru"]),
)


def answer_of_pandas(data: dict[str, list[Any]], view: View) -> list[int]:
    """The row numbers, by a frame of objects, row by row."""
    frame = pd.DataFrame({name: pd.Series(data[name], dtype=object) for name in NAMES})
    keep = pd.Series(True, index=frame.index)
    for condition in view.filters:
        keep &= frame[NAMES[condition.column]].map(lambda value, c=condition: meets(value, c))
    if view.search:
        needle = view.search.casefold()
        keep &= frame.map(lambda value: needle in plain_text(value).casefold()).any(axis=1)
    part = frame[keep.astype(bool)].infer_objects()
    for name in NAMES:  # pandas cannot order objects among which some are None
        part[name] = part[name].astype(
            {
                "whole": "Int64",
                "part": "float64",
                "text": "object",
                "day": "datetime64[us]",
                "truth": "boolean",
            }[name]
        )
    if view.sort:
        part = part.sort_values(
            [NAMES[sort.column] for sort in view.sort],
            ascending=[not sort.descending for sort in view.sort],
            kind="stable",
            na_position="last",
        )
    return [int(row) for row in part.index]


def meets(value: Any, condition: Filter) -> bool:
    is_missing = value is None
    match condition.test:
        case "missing":
            return is_missing
        case "present":
            return not is_missing
        case "contains":
            text = plain_text(value).casefold()
            return not is_missing and condition.text.casefold() in text
        case "one-of":
            return not is_missing and plain_text(value) in condition.values
        case "between":
            if is_missing:
                return False
            low, high = condition.low, condition.high
            if isinstance(value, datetime.datetime):
                low = None if low is None else datetime.datetime.fromisoformat(str(low))
                high = None if high is None else datetime.datetime.fromisoformat(str(high))
            return (low is None or value >= low) and (high is None or value <= high)


def of_each_library(data: dict[str, list[Any]]) -> list[tuple[Frame, int]]:
    """The frames, and how many columns of an index come before the data."""
    kinds = {"whole": "Int64", "part": "float64", "day": "datetime64[us]", "truth": "boolean"}
    of_pandas = pd.DataFrame(
        {name: pd.Series(data[name], dtype=kinds.get(name, "str")) for name in NAMES}
    )
    schema = {
        "whole": pl.Int64,
        "part": pl.Float64,
        "text": pl.String,
        "day": pl.Datetime("us"),
        "truth": pl.Boolean,
    }
    of_arrow = pa.table(
        data,
        schema=pa.schema(
            [
                ("whole", pa.int64()),
                ("part", pa.float64()),
                ("text", pa.string()),
                ("day", pa.timestamp("us")),
                ("truth", pa.bool_()),
            ]
        ),
    )
    return [
        (PandasFrame(of_pandas), 1),
        (PolarsFrame(pl.DataFrame(data, schema=schema)), 0),
        (ArrowFrame(of_arrow), 0),
    ]


def shifted(view: View, by: int) -> View:
    """The same view of a frame whose first `by` columns are of its index."""

    def moved(condition: Filter) -> Filter:
        return Filter(
            condition.column + by,
            condition.test,
            condition.low,
            condition.high,
            condition.text,
            condition.values,
        )

    sort = tuple(Sort(each.column + by, each.descending) for each in view.sort)
    return View(sort, tuple(map(moved, view.filters)), view.search)


def never() -> bool:
    return False


@settings(max_examples=100, deadline=None)
@given(frames, views, st.integers(0, 5), st.integers(1, 5))
def test_a_page_of_a_view_is_what_pandas_would_answer(  # TAB-5
    data: dict[str, list[Any]], view: View, start: int, size: int
) -> None:
    for frame, levels in of_each_library(data):
        mine = shifted(view, levels)
        if levels and view.search:
            # An index is searched too: a search for digits finds row numbers as well.
            mine = View(mine.sort, mine.filters, "")
        wanted = answer_of_pandas(
            data, View(view.sort, view.filters, "" if levels else view.search)
        )
        rows = frame.rows_of(mine, never)

        assert frame.count_of(rows)[0] == len(wanted)
        stop = min(start + size, len(wanted))
        cells = frame.cells(rows, min(start, stop), stop, range(levels, levels + 5), 256)
        texts = [text_of(value) for row in cells for value in row]
        expected = [plain_text(data[name][row]) for row in wanted[start:stop] for name in NAMES]
        assert [told(text) for text in texts] == [told(text) for text in expected]


def told(text: str) -> str:
    """NaN and nothing are both missing; 3.0 and 3 are one number."""
    if text in ("NaN", "NaT", "<NA>"):
        return ""
    try:
        return repr(float(text))
    except ValueError:
        return text
