"""What a column is like: exact where that is cheap for all rows, else from a sample that
says so (TAB-7)."""

import datetime
import math
from collections import Counter
from typing import Any

from tailrace_kernel.tables.frame import NUMERIC, TEMPORAL, Frame
from tailrace_kernel.tables.values import cell, plain_text

SAMPLE = 100_000  # rows: a tenth of a second for texts
BINS = 24
TOP = 12
TOP_CHARS = 120


def column_statistics(frame: Frame, column: int) -> dict[str, Any]:
    """`histogram` for numbers and times, `top` values for all else."""
    kind = frame.columns[column].kind
    summary = frame.summary(column)
    values = frame.sample(column, SAMPLE)
    is_sampled = frame.row_count > SAMPLE
    texts = Counter(plain_text(value) for value in values)
    result: dict[str, Any] = {
        "rows": frame.row_count,
        "missing": summary.missing,
        "low": summary.low,
        "high": summary.high,
        "mean": summary.mean,
        "unique": len(texts),
        "sampled": len(values) if is_sampled else None,
        "histogram": None,
        "top": [],
    }
    if kind in NUMERIC or kind in TEMPORAL:
        result["histogram"] = _histogram(values, is_whole=kind == "integer")
    if result["histogram"] is None or len(texts) <= TOP:
        result["top"] = [
            {"value": cell(text, TOP_CHARS), "count": count}
            for text, count in texts.most_common(TOP)
        ]
    return result


def _histogram(values: list[Any], *, is_whole: bool) -> dict[str, Any] | None:
    """Counts in equal steps between the lowest and the highest; of whole numbers, each step
    holds equally many of them."""
    pairs = [(number, value) for value in values if math.isfinite(number := _number(value))]
    if not pairs:
        return None
    (low, first), (high, last) = min(pairs, key=_place), max(pairs, key=_place)
    if low == high or not math.isfinite(high - low):
        return None
    step = (high - low) / BINS
    if is_whole:
        step = float(math.ceil((high - low + 1) / BINS))
    counts = [0] * min(BINS, math.floor((high - low) / step) + 1)
    for number, _ in pairs:
        counts[min(len(counts) - 1, int((number - low) / step))] += 1
    return {"counts": counts, "low": cell(first), "high": cell(last)}


def _place(pair: tuple[float, Any]) -> float:
    return pair[0]


def _number(value: Any) -> float:
    if isinstance(value, datetime.datetime):
        return (value - datetime.datetime(1970, 1, 1, tzinfo=value.tzinfo)).total_seconds()
    if isinstance(value, datetime.date):
        return float(value.toordinal())
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
