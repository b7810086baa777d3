"""One value of a frame as JSON that says all a reader needs (TAB-3).

null, a boolean, a number, a text, or `{"as", "text"}` (and `"of"`, how long it is) for what
JSON cannot say: `number` (beyond 2^53, infinite, decimal), `missing` (NaN, NaT, NA: which
of them is the text), `text` that was cut, `bytes`, `nested` and `other`.
"""

import datetime
import decimal
import json
import math
from typing import Any

from tailrace_kernel.wire import visible

SAFE_INTEGER = 2**53  # beyond it a browser's numbers are not exact
CELL_CHARS = 256
NESTED_DEPTH = 4
NESTED_ITEMS = 20

Cell = None | bool | int | float | str | dict[str, Any]

_TEMPORAL = (datetime.date, datetime.time)
_NOT_A_TIME = ("NaTType", "NAType")
_CONTAINERS = (list, tuple, set, frozenset)


def cell(value: Any, most: int = CELL_CHARS) -> Cell:
    """`value` for the page; text longer than `most` characters is cut."""
    kind = type(value)
    if value is None or kind is bool:
        return value  # type: ignore[no-any-return]
    if kind is int:
        if -SAFE_INTEGER <= value <= SAFE_INTEGER:
            return value  # type: ignore[no-any-return]
        return _cut("number", _digits(value), most)
    if kind is float:
        if math.isfinite(value):
            return value  # type: ignore[no-any-return]
        return {"as": "missing", "text": "NaN"} if value != value else _cut("number", str(value))
    if kind is str:
        return visible(value) if len(value) <= most else _cut("text", value, most)
    if is_missing(value):
        return {"as": "missing", "text": "NaT" if kind.__name__ == "NaTType" else "<NA>"}
    if isinstance(value, (*_TEMPORAL, datetime.timedelta)):
        return plain_text(value)
    if isinstance(value, decimal.Decimal):
        return _cut("number", str(value), most)
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value[: most // 2])
        shown: dict[str, Any] = {"as": "bytes", "text": data.hex()}
        return shown if len(data) == len(value) else {**shown, "of": len(value)}
    scalar = _scalar(value)
    if scalar is not value:
        return cell(scalar, most)
    if isinstance(value, (dict, *_CONTAINERS)) or hasattr(value, "tolist"):
        return _cut("nested", nested_text(value), most)
    return _cut("other", described(value), most)


def is_missing(value: Any) -> bool:
    """None, NaN, NaT and NA; never a container."""
    if value is None:
        return True
    kind = type(value)
    if kind is float:
        return bool(value != value)
    return kind.__name__ in _NOT_A_TIME and kind.__module__.startswith("pandas.")


def plain_text(value: Any) -> str:
    """The text of `value` that is searched, filtered, counted and copied; '' when missing."""
    if is_missing(value):
        return ""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return _digits(value)
    if kind is float:
        return repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, _TEMPORAL):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    scalar = _scalar(value)
    if scalar is not value:
        return plain_text(scalar)
    if isinstance(value, (dict, *_CONTAINERS)) or hasattr(value, "tolist"):
        return nested_text(value)
    return described(value)


def described(value: Any) -> str:
    """`str(value)`, whatever its class does."""
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__}: str() raised {type(error).__name__}>"


def nested_text(value: Any) -> str:
    """A list, a dict, an array as JSON text, with its far parts left out."""
    return json.dumps(_nested(value, NESTED_DEPTH), ensure_ascii=False, default=described)


def text_of(shown: Cell) -> str:
    """The text of a cell made by `cell`."""
    if isinstance(shown, dict):
        return str(shown["text"])
    return plain_text(shown)


def _nested(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        if depth == 0:
            return "{…}"
        items = list(value.items())[:NESTED_ITEMS]
        part = {described(name): _nested(item, depth - 1) for name, item in items}
        return part if len(value) <= NESTED_ITEMS else {**part, "…": len(value) - NESTED_ITEMS}
    if isinstance(value, _CONTAINERS) or (hasattr(value, "tolist") and hasattr(value, "__len__")):
        if depth == 0:
            return "[…]"
        some = [item for _, item in zip(range(NESTED_ITEMS), value, strict=False)]
        part_ = [_nested(item, depth - 1) for item in some]
        return part_ if len(value) <= NESTED_ITEMS else [*part_, f"… {len(value)}"]
    if value is None or isinstance(value, (bool, str)):
        return value
    scalar = _scalar(value)
    if isinstance(scalar, int) or (isinstance(scalar, float) and math.isfinite(scalar)):
        return scalar
    return plain_text(value) or described(value)


def _scalar(value: Any) -> Any:
    """numpy's scalars as Python's."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        plain = value.item()
        return described(value) if type(plain) is type(value) else plain
    return value


def _digits(value: int) -> str:
    # Digits of a huge number take quadratic time, and Python refuses very many.
    return str(value) if value.bit_length() < 4_000 else f"{value.bit_length()}-bit integer"


def _cut(kind: str, text: str, most: int = CELL_CHARS) -> dict[str, Any]:
    if len(text) <= most:
        return {"as": kind, "text": visible(text)}
    return {"as": kind, "text": visible(text[:most]), "of": len(text)}
