"""The user's variables: names, kinds, shapes, sizes, short previews, what changed.

Computed on an answering thread with a time budget. Only types whose workings we know are
looked into (exact types, not subclasses): no `__repr__`, `__len__` or property of a user's
class is ever called. So a preview can neither run for ever nor change anything.
"""

import math
import sys
import time
from collections.abc import Iterator
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from tailrace_kernel.shell import ZMQInteractiveShell

BUDGET_S = 0.5
PREVIEW_CHARS = 120
ITEMS_SHOWN = 8
ITEMS_SIZED = 200  # of a container: enough for an estimate
DEPTH = 3
NAMES_MOST = 2000

_CONTAINERS = (list, tuple, set, frozenset)
_BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")")}
_SIZED = (*_CONTAINERS, dict, str, bytes, bytearray)
_CODE = (FunctionType, BuiltinFunctionType, MethodType, ModuleType)


class Variables:
    def __init__(self, shell: ZMQInteractiveShell) -> None:
        self._shell = shell
        self._before: dict[str, tuple[int, int]] = {}

    def remember(self) -> None:
        """Before a cell: what the names are now, so that changes can be told later."""
        self._before = {name: _mark(value) for name, value in self._names()}

    def table(self, header: dict[str, Any]) -> dict[str, Any]:
        """The rows, by name; `complete` is false when the time budget ended before."""
        until = time.monotonic() + BUDGET_S
        rows: list[dict[str, Any]] = []
        complete = True
        for name, value in sorted(self._names()):
            if time.monotonic() > until or len(rows) >= NAMES_MOST:
                complete = False
                break
            rows.append(self._row(name, value))
        return {"variables": rows, "complete": complete}

    def _names(self) -> Iterator[tuple[str, Any]]:
        hidden = self._shell.user_ns_hidden
        missing = object()
        for name, value in list(self._shell.user_ns.items()):
            if type(name) is not str or name.startswith("_"):
                continue
            if hidden.get(name, missing) is value:
                continue
            yield name, value

    def _row(self, name: str, value: Any) -> dict[str, Any]:
        kind = type(value)
        return {
            "name": name,
            "kind": _name(kind),
            "module": _module(kind),
            "shape": _shape(value),
            "size_bytes": _size(value),
            "preview": _short(_preview(value, DEPTH)),
            "changed": self._before.get(name) != _mark(value),
        }


def _mark(value: Any) -> tuple[int, int]:
    """Differs when a name is bound anew, and when a plain container grew or shrank."""
    return id(value), len(value) if type(value) in _SIZED else 0


def _text(value: Any) -> str:
    return value if type(value) is str else ""


# A metaclass may define these names anew; `type`'s own descriptors are asked directly.
_name_of, _qualified_of, _module_of = (
    type.__dict__[name].__get__ for name in ("__name__", "__qualname__", "__module__")
)


def _name(kind: type) -> str:
    return _text(_name_of(kind))


def _qualified(kind: type) -> str:
    return _text(_qualified_of(kind))


def _module(kind: type) -> str:
    return _text(_module_of(kind))


def _library(value: Any) -> str:
    """`numpy.ndarray` and the like for exact types of libraries that are imported, else ''."""
    kind = type(value)
    module = _module(kind).partition(".")[0]
    name = _name(kind)
    library = sys.modules.get(module)
    if library is None or module not in ("numpy", "pandas", "polars", "torch"):
        return ""
    return f"{module}.{name}" if vars(library).get(name) is kind else ""


def _shape(value: Any) -> list[int] | None:
    if type(value) in _SIZED:
        return [len(value)]
    match _library(value):
        case "numpy.ndarray" | "pandas.DataFrame" | "pandas.Series" | "polars.DataFrame":
            return [int(size) for size in value.shape]
        case "torch.Tensor":
            return [int(size) for size in value.shape]
        case "polars.Series":
            return [int(value.len())]
    return None


def _size(value: Any) -> int | None:
    """Bytes it holds, near enough: containers of many items are estimated from the first."""
    match _library(value):
        case "numpy.ndarray":
            return int(value.nbytes)
        case "pandas.DataFrame":
            return int(value.memory_usage(index=True, deep=False).sum())
        case "pandas.Series":
            return int(value.memory_usage(index=True, deep=False))
        case "polars.DataFrame" | "polars.Series":
            return int(value.estimated_size())
        case "torch.Tensor":
            return int(value.element_size() * value.nelement())
    return _plain_size(value, DEPTH)


def _plain_size(value: Any, depth: int) -> int | None:
    kind = type(value)
    if kind not in _SIZED and kind not in (int, float, complex, bool, type(None), range):
        # `__sizeof__` of a user's class is user code; the base object's is not.
        return None
    own = sys.getsizeof(value)
    if depth == 0 or (kind not in _CONTAINERS and kind is not dict) or not value:
        return own
    sample = _sample(value, ITEMS_SIZED)
    sizes = [_plain_size(item, depth - 1) or 56 for item in sample]  # 56: a plain instance
    count = len(value) * (2 if kind is dict else 1)
    return own + round(sum(sizes) / len(sizes) * count)


def _sample(value: Any, most: int) -> list[Any]:
    """The first items; a container that another thread changes right now gives none."""
    try:
        if type(value) is dict:
            return [part for pair in islice(value.items(), most) for part in pair] or [None]
        return list(islice(value, most)) or [None]
    except RuntimeError:
        return [None]


def _preview(value: Any, depth: int) -> str:
    kind = type(value)
    if kind in (bool, type(None), complex):
        return repr(value)
    if kind is int:
        # Digits of a huge number take quadratic time, and Python refuses very many.
        return repr(value) if value.bit_length() < 1000 else f"{value.bit_length()}-bit int"
    if kind is float:
        return repr(value) if math.isfinite(value) else str(value)
    if kind in (str, bytes, bytearray):
        return repr(value[:PREVIEW_CHARS]) + ("…" if len(value) > PREVIEW_CHARS else "")
    if kind is range:
        return repr(value)
    if kind in _CONTAINERS:
        return _container_preview(value, depth)
    if kind is dict:
        return _dict_preview(value, depth)
    if kind in _CODE or issubclass(kind, type):
        return _code_preview(value)
    return _library_preview(value)


def _container_preview(value: Any, depth: int) -> str:
    opening, closing = _BRACKETS.get(type(value), ("{", "}"))
    if not value:
        return repr(value)
    if depth == 0:
        return f"{opening}…{closing}"
    items = [_preview(item, depth - 1) for item in _sample(value, ITEMS_SHOWN)]
    if len(value) > ITEMS_SHOWN:
        items.append("…")
    comma = "," if type(value) is tuple and len(value) == 1 else ""
    return f"{opening}{', '.join(items)}{comma}{closing}"


def _dict_preview(value: dict[Any, Any], depth: int) -> str:
    if not value:
        return "{}"
    if depth == 0:
        return "{…}"
    parts = [_preview(part, depth - 1) for part in _sample(value, ITEMS_SHOWN)]
    pairs = [f"{key}: {item}" for key, item in zip(parts[::2], parts[1::2], strict=False)]
    if len(value) > ITEMS_SHOWN:
        pairs.append("…")
    return "{" + ", ".join(pairs) + "}"


def _code_preview(value: Any) -> str:
    kind = type(value)
    if kind is ModuleType:
        return f"module {_text(vars(value).get('__name__'))}"
    if kind is FunctionType:
        code = value.__code__
        names = ", ".join(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
        return f"{_text(value.__name__)}({names})"
    if kind is BuiltinFunctionType:
        return f"{_text(value.__name__)}(…)"
    if kind is MethodType:
        return "bound method"
    return f"class {_module(value)}.{_qualified(value)}"


def _library_preview(value: Any) -> str:
    match _library(value):
        case "numpy.ndarray":
            return _array_preview(value)
        case "pandas.DataFrame":
            names = [_preview(name, 1) for name in value.columns[:ITEMS_SHOWN]]
            return f"{len(value)} rows: {', '.join(names)}" + _more(value.shape[1])
        case "polars.DataFrame":
            names = [repr(name) for name in value.columns[:ITEMS_SHOWN]]
            return f"{value.height} rows: {', '.join(names)}" + _more(value.width)
        case "pandas.Series" | "polars.Series":
            return f"{value.shape[0]} × {value.dtype}"
        case "torch.Tensor":
            return f"{value.dtype} on {value.device}"
    kind = type(value)
    module = _module(kind)
    return f"<{module}.{_qualified(kind)}>"


def _array_preview(value: Any) -> str:
    if value.dtype.kind not in "biufc" or value.size == 0:
        return f"{value.dtype}"
    first = [str(item) for item in value.flat[:ITEMS_SHOWN].tolist()]
    more = ", …" if value.size > ITEMS_SHOWN else ""
    return f"{value.dtype}: {', '.join(first)}{more}"


def _more(count: int) -> str:
    return ", …" if count > ITEMS_SHOWN else ""


def _short(text: str) -> str:
    return text if len(text) <= PREVIEW_CHARS else text[: PREVIEW_CHARS - 1] + "…"
